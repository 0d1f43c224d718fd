"""YAML as text: read it for its values and positions, change it by splicing, leave every other byte alone."""

from .documents import Layout, insert_before, insert_documents, newline_at, remove_documents, render, replace_chunks, style_of
from .edit import rewrite
from .kept import keeping, load_to_edit
from .node import Node
from .ops import FIRST, CannotEdit, Op
from .parse import Parsed, YamlError, compose, load
from .place import line_ranges, position, positions
from .scalar import Number
from .split import Chunk, Lines, is_flow, peek, split

__all__ = [
    "FIRST",
    "CannotEdit",
    "Chunk",
    "Layout",
    "Lines",
    "Node",
    "Number",
    "Op",
    "Parsed",
    "YamlError",
    "compose",
    "insert_before",
    "insert_documents",
    "is_flow",
    "keeping",
    "line_ranges",
    "load",
    "load_to_edit",
    "newline_at",
    "peek",
    "position",
    "positions",
    "remove_documents",
    "render",
    "replace_chunks",
    "rewrite",
    "split",
    "style_of",
]
