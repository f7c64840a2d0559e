"""From a call as written to a ModelCall: classes, regions and bounds checked, defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping

from vqe.catalog import Region, unknown
from vqe.errors import QueryError, nearest
from vqe.logical.expr import ModelCall
from vqe.models import ModelInfo
from vqe.parser import ast, region_shape

_NAMED = ("region", "confidence", "min_area")


def resolve_call(
    call: ast.Call,
    arguments: tuple[ast.Argument, ...],
    model: ModelInfo,
    regions: Mapping[str, Region] | None,
    confidence: float,
) -> ModelCall:
    """`arguments` are those of the call without the alias; `confidence` is the setting. QueryError at its span.

    `regions` is None for a path, which has none.
    """
    positional = [a for a in arguments if a.name is None]
    named: dict[str, ast.Expr] = {}
    for argument in arguments:
        if argument.name is None:
            continue
        if argument.name not in _NAMED:
            hint = nearest(argument.name, _NAMED) or f"it has {', '.join(_NAMED)}"
            raise QueryError(f"{call.name}() has no argument '{argument.name}'", argument.span, hint)
        if argument.name in named:
            raise QueryError(f"{argument.name} is given twice", argument.span)
        named[argument.name] = argument.value
    if len(positional) > 1:
        raise QueryError(
            f"{call.name}() takes one class or list of classes", positional[1].span, "did you mean region => ?"
        )
    if not positional and call.name == "contains":
        raise QueryError("contains() needs a class", call.span, "for example contains('bus'); objects() counts all")
    return ModelCall(
        call.name,
        _classes(positional[0].value, model) if positional else (),
        _fraction(named["confidence"], "confidence") if "confidence" in named else confidence,
        _fraction(named["min_area"], "min_area") if "min_area" in named else 0.0,
        _region(named["region"], regions) if "region" in named else None,
    )


def _classes(value: ast.Expr, model: ModelInfo) -> tuple[str, ...]:
    constants = value.items if isinstance(value, ast.ListLiteral) else (value,)
    if not constants:
        raise QueryError("an empty list of classes", value.span)
    return tuple(dict.fromkeys(_class(c, model) for c in constants))


def _class(value: ast.Expr, model: ModelInfo) -> str:
    if isinstance(value, ast.Parameter):
        raise QueryError(f"no value for parameter {'$' + value.name if value.name else '?'}", value.span)
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        meant = value.parts[-1] if isinstance(value, ast.Name) else ""
        quoted = meant.lower() in (name.lower() for name in model.classes.values())
        hint = f"strings take single quotes: '{meant}'" if quoted else "for example contains('bus')"
        raise QueryError("a class must be a string constant", value.span, hint)
    known = {name.lower(): name for name in model.classes.values()}
    found = known.get(value.value.lower())
    if found is None:
        hint = nearest(value.value, known.values()) or f"it knows {', '.join(list(known.values())[:8])}, …"
        raise QueryError(f"no class '{value.value}' in {model.name}", value.span, hint)
    return found


def _fraction(value: ast.Expr, what: str) -> float:
    number = value.value if isinstance(value, ast.Constant) else None
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
        percent = isinstance(number, int | float) and 1 < number <= 100
        hint = f"{number}% is {float(number or 0) / 100:g}" if percent else None
        raise QueryError(f"{what} must be a number between 0 and 1", value.span, hint)
    return float(number)


def _region(value: ast.Expr, regions: Mapping[str, Region] | None) -> Region:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        if regions is None:
            hint = "CREATE VIDEO … and CREATE REGION … first, or give BOX(x1, y1, x2, y2)"
            raise QueryError(f"a path has no regions, so none is called '{value.value}'", value.span, hint)
        region = regions.get(value.value.lower())
        if region is None:
            fault = unknown("region", value.value, [r.name for r in regions.values()])
            fault.span = value.span
            raise fault
        return region
    if isinstance(value, ast.Call):
        shape = region_shape(value)
        return Region("", shape.kind, shape.points)
    raise QueryError("a region is a name, BOX(x1, y1, x2, y2) or POLYGON((x, y), …)", value.span)
