"""Python as text: what a program imports and calls, and the values it writes down. The only door to libcst.

libcst is imported when a file needs it; everything here raises MissingLibrary where it is not installed.
"""

from .parse import MissingLibrary, PyError, is_available
from .uses import Use, uses

__all__ = ["MissingLibrary", "PyError", "Use", "is_available", "uses"]
