"""Where scalars really begin and end: libyaml's marks reach past comments, tags and blank lines."""

from __future__ import annotations

import re

_BREAK = "\r\n\x85\u2028\u2029"
_LINE = re.compile(f"[^{_BREAK}]*(?:\r\n|[{_BREAK}]|\\Z)")


def past_space(text: str, position: int, end: int) -> int:
    """Past white space and comments: they may stand between a tag and its node."""
    while position < end and (text[position].isspace() or text[position] == "#"):
        if text[position] == "#":
            while position < end and text[position] not in "\r\n\x85\u2028\u2029":
                position += 1
        else:
            position += 1
    return position


def block_scalar_end(text: str, body: int, end: int) -> int:
    """Behind a block scalar's last line: blank lines behind that are its own only where they are part of its value."""
    lines = [match for match in _LINE.finditer(text, body, end) if match.end() > match.start()]
    header, content = lines[0], lines[1:]
    indicators = header[0][1:3]
    if "+" in indicators:
        return end
    filled = [line[0] for line in content if line[0].strip(f" {_BREAK}")]
    has_indent = any(character.isdigit() for character in indicators)
    indent = 1 if has_indent or not filled else len(filled[0]) - len(filled[0].lstrip(" "))
    for line in reversed(content):
        bare = line[0].rstrip(_BREAK)
        if bare.strip(" ") or len(bare) > indent:
            return line.end()
    return header.end()
