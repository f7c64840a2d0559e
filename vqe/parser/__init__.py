"""TEXT → AST. `parse` is the way in; ast/ says what comes out."""

from vqe.parser.clauses import region_shape
from vqe.parser.parse import is_complete, parse

__all__ = ["is_complete", "parse", "region_shape"]
