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
    regions: Mapping[str, Region],
    confidence: float,
) -> ModelCall:
    """`arguments` are those of the call without the alias; `confidence` is the setting. QueryError at its span."""
    positional = [a for a in arguments if a.name is None]
    named = {a.name: a.value for a in arguments if a.name is not None}
    for argument in arguments:
        if argument.name is not None and argument.name not in _NAMED:
            hint = nearest(argument.name, _NAMED) or f"it has {', '.join(_NAMED)}"
            raise QueryError(f"{call.name}() has no argument '{argument.name}'", argument.span, hint)
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
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        raise QueryError("a class must be a string constant", value.span, "for example contains('bus')")
    known = {name.lower(): name for name in model.classes.values()}
    found = known.get(value.value.lower())
    if found is None:
        hint = nearest(value.value, known.values()) or f"it knows {', '.join(list(known.values())[:8])}, …"
        raise QueryError(f"no class '{value.value}' in {model.name}", value.span, hint)
    return found


def _fraction(value: ast.Expr, what: str) -> float:
    number = value.value if isinstance(value, ast.Constant) else None
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
        raise QueryError(f"{what} must be a number between 0 and 1", value.span)
    return float(number)


def _region(value: ast.Expr, regions: Mapping[str, Region]) -> Region:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
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
