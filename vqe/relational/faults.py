"""DuckDB's errors as ours: the same words, pointing at the user's text."""

from __future__ import annotations

import json
import re

import duckdb

from vqe.catalog import Catalog
from vqe.errors import QueryError, QuerySyntaxError, RunError, Span, VqeError, nearest
from vqe.relational.splice import Spliced

_QUERY_FAULTS = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.NotImplementedException,
    duckdb.InvalidInputException,
    duckdb.TypeMismatchException,
    duckdb.SyntaxException,
)


class MissingTableError(QueryError):
    """A name in FROM that DuckDB does not know."""

    table = ""


def no_such_table(fault: MissingTableError, catalog: Catalog) -> MissingTableError:
    """The same error with the videos among the neighbours of the name."""
    if fault.table.lower() in catalog.videos():
        fault.message = f"the video '{fault.table}' cannot be read here"
        fault.hint = "a video stands in FROM, in a name of its own: SELECT … FROM " + fault.table
        return fault
    videos = [v.name for v in catalog.videos().values()]
    fault.message = f"no video or table '{fault.table}'"
    fault.hint = nearest(fault.table, videos) or fault.hint
    return fault


def details(fault: duckdb.Error) -> dict[str, str]:
    """The fields of an error raised under errors_as_json; empty for a plain one."""
    text = str(fault)
    start = text.find("{")
    if start < 0:
        return {}
    try:
        fields = json.loads(text[start:])
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) and "exception_message" in fields else {}


def translate(fault: duckdb.Error, source: Spliced | None = None, shift: int = 0) -> VqeError:
    """Our error for DuckDB's. `source` is the text that DuckDB read, behind `shift` characters of ours."""
    fields = details(fault)
    message = fields.get("exception_message") or str(fault)
    nested = re.search(r'"exception_message":"((?:[^"\\]|\\.)*)"', message)
    if nested:  # a fault of one of DuckDB's own threads
        message = json.loads(f'"{nested[1]}"')
    first, _, rest = message.partition("\n")
    first = re.sub(r"^[A-Z]\w+( [A-Z]\w+)* Error: ", "", first)
    hint = _hint(rest)
    first = first.removesuffix("!")
    if fields.get("type") == "Scalar Function":
        hint = nearest(fields.get("name", ""), ("contains", "objects")) or hint
    first = re.sub(
        r"^(?:Scalar |Table |Aggregate )?Function with name \"?([^\" ]+)\"? does not exist.*",
        r"no function '\1'",
        first,
    )
    first = re.sub(r'^Values list "(.+?)" does not have a column named "(.+?)"', r"'\1' has no column '\2'", first)
    if first.startswith("Referenced column "):
        first = first.removesuffix(" in FROM clause").replace("Referenced column", "column")
    span = _span(fields, source, shift)
    if isinstance(fault, duckdb.ParserException):
        return QuerySyntaxError(first, span, hint)
    if fields.get("type") == "Table" and fields.get("error_subtype") == "MISSING_ENTRY":
        missing = MissingTableError(first, span, hint)
        missing.table = fields.get("name", "")
        return missing
    kind = QueryError if isinstance(fault, _QUERY_FAULTS) else RunError
    return kind(first, span, hint)


def _hint(rest: str) -> str | None:
    rest = rest.strip()
    if rest.startswith("Candidate bindings:"):
        names = [c.strip().strip('"') for c in rest.removeprefix("Candidate bindings:").split(",")]
        names = [n for n in names if n][:4]
        return f"did you mean {' or '.join(repr(n) for n in names)}?" if names else None
    if rest.startswith("Candidate tables:"):
        return f"did you mean {rest.removeprefix('Candidate tables:').strip().replace(chr(34), chr(39))}?"
    if rest.startswith("Did you mean"):
        if re.search(r"\b(pg_|duckdb_|sqlite_|information_schema)", rest):  # DuckDB's own, and never meant
            return None
        return rest[0].lower() + rest[1:].replace('"', "'")
    lines = [line.strip() for line in rest.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("LINE ", "^"))]
    return " ".join(lines[:2])[:200] or None


def _span(fields: dict[str, str], source: Spliced | None, shift: int) -> Span | None:
    if source is None or "location" not in fields:
        return None
    start, length = json.loads(fields["location"])
    encoded = source.text.encode()
    begin = len(encoded[: max(0, start - shift)].decode(errors="ignore"))
    end = len(encoded[: max(0, start - shift + max(1, length))].decode(errors="ignore"))
    return source.origin(begin, end)
