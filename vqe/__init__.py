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

beside it video (frames and times), models (the reference models), labels (what they said, kept) and cli.
`engine.py` has one line a stage: read that first. Importing vqe loads no torch.
"""

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
