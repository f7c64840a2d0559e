"""vqe: a query engine for video.

    import vqe

    with vqe.connect() as db:
        db.sql("CREATE VIDEO cam1 FROM 'gate.mp4'")
        db.sql("SELECT timestamp FROM cam1 WHERE contains('bus')").show()

The road of a query is the list of folders:

    parser      text → syntax tree              (grammar/vqe.lark is the whole language)
    logical     syntax tree → plan              names become videos, models and classes
    optimizer   plan → cheaper plan             one rule a file
    physical    plan → operators → Arrow        one operator a file
    relational  the rest of the SELECT → DuckDB over Arrow

beside it video (frames and times), models (reference models, and small ones), labels (what the former said, kept),
learning (small models and thresholds for a predicate), accuracy (intervals of error rates), bench and cli.
`engine.py` plans and runs a statement: read that first. Importing vqe loads nothing; the names below load what they
need, and torch only with a model.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vqe.connection import Connection, connect
    from vqe.errors import NotSupportedError, QueryError, QuerySyntaxError, RunError, VqeError, VqeWarning
    from vqe.relation import Relation

__version__ = "0.1.0"

__all__ = [
    "Connection",
    "NotSupportedError",
    "QueryError",
    "QuerySyntaxError",
    "Relation",
    "RunError",
    "VqeError",
    "VqeWarning",
    "connect",
]

_HOMES = {"Connection": "connection", "connect": "connection", "Relation": "relation"}


def __getattr__(name: str) -> object:
    """The public names, imported when they are first used (PEP 562): a command line should answer Ctrl-C at once."""
    if name not in __all__:
        raise AttributeError(f"module 'vqe' has no attribute '{name}'")
    return getattr(import_module(f"vqe.{_HOMES.get(name, 'errors')}"), name)
