"""Python as text: what a program imports, calls and declares, and edits of what it declares. The only door to libcst.

libcst is imported when a file needs it; what needs it raises MissingLibrary where it is not installed. Of Kubernetes
it knows the shape that every object has (`apiVersion`, `kind`, `metadata`), and `env`; what a library's classes are
called is a `Dialect`.
"""

from .comments import Comment, comments, lines_of
from .edit import FIRST, CannotEdit, Op
from .node import Block, Declaration, Dialect, Entry, Node
from .parse import MissingLibrary, PyError, is_available
from .read import read
from .rewrite import Change, NoRoom, RefusedChange, line_of, rewrite
from .texts import CannotSpell, respelled
from .uses import Use, uses

__all__ = [
    "FIRST",
    "Block",
    "CannotEdit",
    "CannotSpell",
    "Change",
    "Comment",
    "Declaration",
    "Dialect",
    "Entry",
    "MissingLibrary",
    "NoRoom",
    "Node",
    "Op",
    "PyError",
    "RefusedChange",
    "Use",
    "comments",
    "is_available",
    "line_of",
    "lines_of",
    "read",
    "respelled",
    "rewrite",
    "uses",
]
