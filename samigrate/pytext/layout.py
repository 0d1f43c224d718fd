"""One line per argument, as black would have it, where an edit makes a call or a literal too long for its one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .edit import Draft, Slot
from .node import Node
from .splice import Edit, Writer, spliced
from .write import WIDTH, Style


def laid_out(edits: Sequence[Edit], root: Node, draft: Draft, text: str, style: Style) -> list[Edit]:
    """The edits, but that containers which stood on one line, and no longer fit there, are written anew."""
    layout = _Layout(text, style, draft, edits)
    remaining = list(edits)
    for node in _on_one_line(root, text):
        if layout.is_crowded(node):
            remaining = [edit for edit in remaining if not _is_inside(edit, *node.inner)]
            remaining.append(Edit(*node.inner, layout.broken(node, layout.indent(node))))
    return remaining


def _on_one_line(root: Node, text: str) -> Iterator[Node]:
    """The outermost containers that stand on one line each."""
    visited: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        node = node.holder if node.holder is not None and node.span is not None else node
        if id(node) in visited:
            continue
        visited.add(id(node))
        if _is_plain(node, text):
            yield node
        else:
            stack += [entry.node for entry in node.entries]


def _is_plain(node: Node, text: str) -> bool:
    """Whether a container can be broken into lines: all that it holds is known, and stands on one."""
    return node.span is not None and bool(node.style) and not node.fixed and not re.search(r"[\r\n]", text[slice(*node.span)])


def _is_inside(edit: Edit, start: int, end: int) -> bool:
    return start <= edit.start and edit.end <= end


class _Layout:
    def __init__(self, text: str, style: Style, draft: Draft, edits: Sequence[Edit]) -> None:
        self.text, self.style, self.draft, self.found = text, style, draft, edits
        self.width = max([WIDTH, *sorted(len(line) for line in text.splitlines())[:-2]])  # one or two are outliers

    def indent(self, node: Node) -> str:
        start = node.span[0] if node.span else 0
        line = max(self.text.rfind("\n", 0, start), self.text.rfind("\r", 0, start)) + 1
        match = re.match(r"[ \t]*", self.text[line:])
        return match[0] if match else ""

    def is_crowded(self, node: Node) -> bool:
        """Whether the container has been edited, and does not fit on its line any more."""
        if not any(_is_inside(edit, *node.inner) for edit in self.found):
            return False
        start = max(self.text.rfind("\n", 0, node.inner[0]), self.text.rfind("\r", 0, node.inner[0])) + 1
        end = next((match.start() for match in re.finditer(r"[\r\n]", self.text[node.inner[1] :])), len(self.text) - node.inner[1])
        inside = self._edited(*node.inner, border=0)
        line = self._edited(start, node.inner[0]) + inside + self._edited(node.inner[1], node.inner[1] + end)
        return "\n" in inside or max(len(one) for one in line.splitlines()) > self.width

    def _edited(self, start: int, end: int, border: int = 1) -> str:
        """A stretch of the text after the edits inside it; without a border those at its very ends are its own."""
        edits = [edit for edit in self.found if _is_inside(edit, start + border, end - border)]
        inside = [Edit(edit.start - start, edit.end - start, edit.text) for edit in edits]
        return spliced(self.text[start:end], inside)

    def broken(self, node: Node, indent: str) -> str:
        """What stands between the container's brackets, an entry on each line."""
        slots = self.draft.slots.get(id(node)) or [Slot(entry.key, entry) for entry in node.entries if entry.span is not None]
        inner, writer = indent + self.style.step, Writer(self.text, self.style, node, self.draft.dialect)
        lines = [f"{inner}{self._entry(slot, writer, inner)}," for slot in slots if not slot.is_gone]
        return self.style.newline.join(["", *lines, indent]) if lines else ""

    def _entry(self, slot: Slot, writer: Writer, indent: str) -> str:
        entry = slot.old
        if entry is None or entry.span is None or entry.use is None:
            return writer.entry(slot, indent)
        if slot.is_fresh:
            return self.text[entry.span[0] : entry.use[0]] + writer.value(slot, indent) + self.text[entry.use[1] : entry.span[1]]
        written, node = self._edited(*entry.span), entry.node
        is_here = node.span is not None and entry.span[0] <= node.span[0] and node.span[1] <= entry.span[1]
        if ("\n" in written or len(indent) + len(written) + 1 > self.width) and is_here and node.entries and _is_plain(node, self.text):
            return self.text[entry.span[0] : node.inner[0]] + self.broken(node, indent) + self.text[node.inner[1] : entry.span[1]]
        return written
