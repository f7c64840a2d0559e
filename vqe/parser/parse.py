"""From the text of a query to its syntax tree. The package's only importer of lark."""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from vqe.cache import cache_home
from vqe.errors import QuerySyntaxError
from vqe.parser.ast import Other, Statement
from vqe.parser.build import Builder
from vqe.parser.faults import fault, open_brackets, word_at
from vqe.parser.scan import Piece, scan, words

if TYPE_CHECKING:
    from lark import Lark

# How a statement begins that our grammar is asked about at all; anything else is DuckDB's whole.
_OURS = re.compile(
    r"""\(|(?:SELECT|FROM|WITH|VALUES|TABLE|INSERT|COPY|SET|RESET|EXPLAIN)\b
    |   CREATE\s+(?:OR\s+REPLACE\s+)?(?:VIDEO|REGION|TABLE|(?:(?:LOCAL|GLOBAL)\s+)?TEMP(?:ORARY)?\s+TABLE)\b
    |   DROP\s+(?:VIDEO|REGION)\b
    |   (?:DESC(?:RIBE)?|SUMMARIZE)\b(?=\s*\S)
    |   SHOW\s+(?!(?:ALL\s+)?(?:TABLES|DATABASES|SCHEMAS|VARIABLES|ALL)\b)\S""",
    re.IGNORECASE | re.VERBOSE,
)
_SCOPED_SETTING = re.compile(r"(?:SET|RESET)\s+(?:SESSION|GLOBAL|LOCAL|VARIABLE)\s+[^\s=]", re.IGNORECASE)
# A statement of these, or with such a clause, can only be ours, so its error is raised at once.
_ONLY_OURS = re.compile(
    r"""^(?:(?:CREATE\s+(?:OR\s+REPLACE\s+)?|DROP\s+)(?:VIDEO|REGION)\b|SHOW\s+(?:VIDEOS|REGIONS|SETTINGS|MODELS|RUNS)\b)
    |   \b(?:(?:FNR|FPR|FDR|ERROR)\s+WITHIN|(?:RECALL|PRECISION)\s+TARGET|AT\s+CONFIDENCE|ORACLE\s+LIMIT)\b
    |   \bUSING\s+MODEL\s*'|\b(?:GAP|MINIMUM|STABLE)\s*'""",
    re.IGNORECASE | re.VERBOSE,
)
# Statements that we leave to DuckDB even where one of ours turns into them: WITH … UPDATE, FROM t PIVOT …
_DUCKDB_ONLY = {"UPDATE", "DELETE", "MERGE", "INSERT", "PIVOT", "UNPIVOT"}


def parse(text: str) -> tuple[Statement, ...]:
    """All statements of a script. Every span in them is a place in `text`."""
    blanked, pieces = scan(text)
    return tuple(_statement(text, blanked, piece) for piece in pieces)


def split(text: str) -> tuple[Other, ...]:
    """The statements of a script that no grammar of ours needs to read."""
    blanked, pieces = scan(text)
    return tuple(Other(piece.span, None, *words(text, blanked, piece.span)) for piece in pieces)


def is_complete(text: str) -> bool:
    """False if more text is needed to make a statement of it; a faulty text is complete, for more would not help."""
    try:
        statements = parse(text)
    except QuerySyntaxError as error:
        return not error.incomplete
    if scan(text)[0].rstrip().endswith(","):  # DuckDB allows it; who types a line means to go on
        return False
    last = statements[-1] if statements else None
    return not (isinstance(last, Other) and getattr(last.fault, "incomplete", False))


def _statement(text: str, blanked: str, piece: Piece) -> Statement:
    statement = piece.span.of(blanked)
    error: QuerySyntaxError | None = None
    if _OURS.match(statement) and not _SCOPED_SETTING.match(statement):
        try:
            return _read(text, statement, piece)
        except QuerySyntaxError as caught:
            error = caught
        except RecursionError:
            error = QuerySyntaxError("the statement is nested too deeply", piece.span)
        if _ONLY_OURS.search(statement):
            raise error
        at = error.span.start if error.span else piece.span.start
        if word_at(blanked, at).upper() in _DUCKDB_ONLY:
            error = None
    elif not piece.closed and open_brackets(statement) > 0:
        error = fault(statement, None, ["RPAR"], piece.span.start, closed=False)
    return Other(piece.span, error, *words(text, blanked, piece.span))


def _read(text: str, statement: str, piece: Piece) -> Statement:
    from lark import UnexpectedInput

    offset = piece.span.start
    try:
        tree = _parser().parse(statement)
    except UnexpectedInput as error:
        at = None if getattr(getattr(error, "token", None), "type", "") == "$END" else error.pos_in_stream
        raise fault(statement, at, _expected(statement), offset, closed=piece.closed) from None
    return Builder(text, offset).statement(tree)


def _expected(statement: str) -> set[str]:
    """The terminals that could stand where the parser stopped."""
    from lark import UnexpectedInput

    parser = _parser().parse_interactive(statement)
    with suppress(UnexpectedInput):
        parser.exhaust_lexer()
    accepted: set[str] = parser.accepts()  # type: ignore[no-untyped-call]
    return accepted


# --- the parser itself ----------------------------------------------------------------------------------------------


def grammar_text() -> str:
    """The grammar: in a checkout beside the package, in a wheel inside it."""
    checkout = Path(__file__).parents[2] / "grammar" / "vqe.lark"
    if checkout.is_file():
        return checkout.read_text(encoding="utf-8")
    return (resources.files("vqe") / "grammar" / "vqe.lark").read_text(encoding="utf-8")


@cache
def _parser() -> Lark:
    """Building the tables takes some 0.4 s, reading them back a tenth of that, so they are kept in the user's cache."""
    from lark import Lark

    grammar = grammar_text()
    kept = _cache_file(grammar)
    try:
        with kept.open("rb") as file:
            return Lark.load(file)
    except Exception:  # missing, unreadable, half a file, another Python's pickle: whatever it is, build anew
        parser = Lark(grammar, parser="lalr", propagate_positions=True, g_regex_flags=re.IGNORECASE)
    _keep(parser, kept)
    return parser


def _cache_file(grammar: str) -> Path:
    import lark

    key = f"{lark.__version__} {sys.version} {grammar}"
    return cache_home() / f"grammar-{hashlib.sha256(key.encode()).hexdigest()[:20]}.bin"


def _keep(parser: Lark, kept: Path) -> None:
    """Write the tables under another name first: several processes may do this at once."""
    with suppress(OSError):  # a read-only home folder: the next process builds the tables again
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as file:
            parser.save(file)
        Path(file.name).replace(kept)
