"""What a user can mend."""

from __future__ import annotations


class InputError(Exception):
    """Something in the user's input: an option, a config, a recipe. `line` is 1-based, 0 where there is none."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(path, line, message)
        self.path = path
        self.line = line
        self.message = message

    def __str__(self) -> str:
        location = f"{self.path}:{self.line}" if self.line else self.path
        return f"{location}: {self.message}" if location else self.message
