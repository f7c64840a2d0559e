"""Whether a statement may name a video, found without opening any: one that does not costs no import of the planner."""

from __future__ import annotations

from collections.abc import Collection

from vqe.catalog import is_video_path
from vqe.parser import ast

_FUNCTIONS = ("frames", "detections", "videos")


def may_name_video(statement: ast.Node, videos: Collection[str]) -> bool:
    """`videos`: the lower-cased names of those registered. True too for a CTE that is called like a video."""
    return any(_names_video(node, videos) for node in ast.descendants(statement))


def _names_video(node: ast.Node, videos: Collection[str]) -> bool:
    match node:
        case ast.EventsRef():
            return True
        case ast.FunctionRef(name=name):
            return name in _FUNCTIONS
        case ast.FileRef(path=path):
            return is_video_path(path)
        case ast.TableRef(name=(name,)):
            return name.lower() in videos
    return False
