"""Write a draft down as splices of the old text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from .flow import flow_edits, flow_value
from .node import Node
from .ops import CannotEdit, Op, Slot, draft
from .page import BREAKS, Comment, Page, leaves, paged
from .splice import Edit, splice
from .write import Style, block_lines, entry_lines, item_lines, scalar_text


def rewrite(text: str, ops: Sequence[Op]) -> str:
    """One document's text after `ops`, in order; every byte they do not concern stays. Raises CannotEdit and YamlError."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text[len(mark) :]
    page = paged(text)
    root = page.root
    slot = draft(page, root, ops)
    if root is not None and "*" in text:
        _refuse_orphans(page, root, slot)
    return mark + splice(page, _root_edits(page, slot))


_END = re.compile(f"(?:\\A|(?<=[{BREAKS}]))\\.\\.\\.(?=\\s|\\Z)")
_TAB = re.compile(f"[{BREAKS}] *\t")


class Extent(NamedTuple):
    """Where a block entry stands: its key or dash, behind its `:` or `-`, its content's end, the end of what belongs to it."""

    start: int
    mark: int
    end: int
    tail: int


class Block(NamedTuple):
    """A block collection to be edited: its slot, its column, and the extents of its old entries by slot."""

    slot: Slot
    node: Node
    column: int
    extents: dict[int, Extent]

    def of(self, slot: Slot) -> Extent:
        return self.extents[id(slot)]


def _root_edits(page: Page, slot: Slot) -> list[Edit]:
    if not slot.is_fresh:
        return _inner_edits(page, slot, None) if slot.inner else []
    node = slot.old
    if node is None:
        marker = _END.search(page.text)
        position = marker.start() if marker else len(page.text)
        return [Edit(position, position, _joined(page, block_lines(slot.value, Style()), position), is_lines=True)]
    if node.style in ("{", "["):
        return [Edit(node.start, node.end, flow_value(page, node, slot.value))]
    style = page.style(node, node.start)
    if not page.is_line_start(node.start):
        if isinstance(slot.value, (dict, list)) and slot.value:
            raise CannotEdit(slot.pointer, "the document begins on the line of its marker", page.line(node.start))
        return [Edit(node.start, node.end, scalar_text(slot.value, style))]
    start, end = page.bol(node.start), page.eol_of(node.end)
    if _TAB.search(page.text, end - 1):
        raise CannotEdit(slot.pointer, "a line below begins with a tab", page.line(end))
    lines = [*_comment_lines(page.comments(start, end), 0), *block_lines(slot.value, style)]
    return [Edit(start, end, _joined(page, lines, start), is_lines=True)]


def _inner_edits(page: Page, slot: Slot, mark: int | None) -> list[Edit]:
    """The edits within a collection that stays; `mark` is behind the `:` or `-` before it, None for the root."""
    node = slot.old
    assert node is not None
    if node.style:
        return flow_edits(page, slot)
    block = Block(slot, node, node.column, _extents(page, slot, node))
    if all(inner.is_gone for inner in slot.inner):
        return _emptied(page, block, mark)
    edits, slots, position = _lead(page, block, mark)
    return edits + _entries(page, block, slots, position)


def _extents(page: Page, slot: Slot, node: Node) -> dict[int, Extent]:
    column, position = node.column, node.body
    extents = {}
    for inner in slot.inner:
        value = inner.old
        if value is None:
            continue
        if inner.key_node is not None:
            start, mark = inner.key_node.start, page.skip(inner.key_node.end) + 1
            if page.text[mark - 1] != ":" or inner.key_node.column != column:
                mark = inner.key_node.end
        else:
            start = page.skip(position)
            mark = start + 1
        position = value.end if value.end > value.start else mark
        extents[id(inner)] = Extent(start, mark, position, page.tail(position, column))
    return extents


def _lead(page: Page, block: Block, mark: int | None) -> tuple[list[Edit], list[Slot], int]:
    """What to do where the first entry stands behind a dash, and which slots are then left from which offset on."""
    slots = block.slot.inner
    count = next(index for index, slot in enumerate(slots) if slot.old is not None)
    new, first = slots[:count], slots[count]
    extent = block.of(first)
    if page.is_line_start(extent.start):
        return [], slots, page.bol(extent.start) if mark is None else page.above_comments(extent.start, mark)
    indent, newline = " " * block.column, page.newline(extent.start)
    lines = [line for slot in new for line in _lines(page, block, slot, extent.start)]
    if not first.is_gone:
        text = "".join(line + newline + indent for line in lines)
        return [Edit(extent.start, extent.start, text)] if text else [], slots[count:], extent.start
    remainder = slots[count + 1 :]
    following = next((slot for slot in remainder if not slot.is_gone), None)
    if not new and following is not None and following.old is not None:
        stop = block.of(following).start
        return (
            [
                *_above(page, extent.start, page.comments(extent.start, stop)),
                Edit(extent.start, stop, ""),
            ],
            remainder[remainder.index(following) :],
            stop,
        )
    comments = page.comments(extent.start, extent.tail)
    if not new and following is not None:
        lines = _lines(page, block, following, extent.start)
        if following.behind is first:
            inline = _inline(page, extent.mark, comments)
            lines[0] += _with_gap(page, inline)
            comments = [comment for comment in comments if comment is not inline]
        remainder = [slot for slot in remainder if slot is not following]
    text = (newline + indent).join(lines) + newline
    return [*_above(page, extent.start, comments), Edit(extent.start, extent.tail, text)], remainder, extent.tail


def _entries(page: Page, block: Block, slots: list[Slot], position: int) -> list[Edit]:
    """The edits of entries that begin on lines of their own; `position` is where a new first one goes."""
    edits: list[Edit] = []
    used: Slot | None = None
    for slot, following in pairwise([*slots, None]):
        assert slot is not None
        if slot.old is None:
            if slot is not used:
                lines = [" " * block.column + line for line in _lines(page, block, slot, position)]
                edits.append(Edit(position, position, _joined(page, lines, position), is_lines=True))
            continue
        extent = block.of(slot)
        if slot.is_gone:
            used = following if following is not None and following.behind is slot else None
            edits.append(_removed(page, block, extent, used))
        elif slot.is_fresh:
            edits.extend(_replaced(page, block, slot, extent))
        elif slot.inner:
            edits.extend(_inner_edits(page, slot, extent.mark))
        position = extent.tail
    return edits


def _removed(page: Page, block: Block, extent: Extent, taker: Slot | None) -> Edit:
    """Remove an entry's lines, but not its comments; `taker` takes its place."""
    start = page.bol(extent.start)
    comments = page.comments(start, extent.tail)
    if taker is None:
        lines = _comment_lines(comments, block.column)
        return Edit(start, extent.tail, _joined(page, lines, start), is_lines=bool(lines))
    inline = _inline(page, extent.mark, comments)
    new = [" " * block.column + line for line in _lines(page, block, taker, extent.start)]
    new[0] += _with_gap(page, inline)
    lines = [*_comment_lines([comment for comment in comments if comment is not inline], block.column), *new]
    return Edit(start, extent.tail, _joined(page, lines, start), is_lines=True)


def _emptied(page: Page, block: Block, mark: int | None) -> list[Edit]:
    """Write `{}` or `[]` for a collection that has lost all its entries; their comments stay."""
    node = block.node
    empty = "{}" if node.kind == "mapping" else "[]"
    olds = [block.of(slot) for slot in block.slot.inner if slot.old is not None]
    first = olds[0]
    edits: list[Edit] = []
    if not page.is_line_start(first.start):
        comments = page.comments(first.start, first.tail)
        inline = _inline(page, first.mark, comments)
        lines = [empty + _with_gap(page, inline), *_comment_lines([comment for comment in comments if comment is not inline], block.column)]
        edits.append(Edit(first.start, first.tail, _joined(page, lines, first.start)))
        olds = olds[1:]
    elif mark is not None:
        position = max(mark, page.properties_end(node)) if node.body > node.start else mark
        edits.append(Edit(position, position, " " + empty))
    for index, extent in enumerate(olds):
        start = page.bol(extent.start)
        lines = _comment_lines(page.comments(start, extent.tail), block.column)
        if mark is None and index == 0:
            lines.append(empty)
        edits.append(Edit(start, extent.tail, _joined(page, lines, start), is_lines=bool(lines)))
    return edits


def _replaced(page: Page, block: Block, slot: Slot, extent: Extent) -> list[Edit]:
    """Write a new value behind an entry's `:` or `-`."""
    old = slot.old
    assert old is not None
    style = page.style(block.node, extent.start)
    is_container = isinstance(slot.value, (dict, list)) and bool(slot.value)
    text = _scalar_like(old, slot.value, style)
    if not is_container:
        if old.start == old.end:
            return [Edit(extent.mark, extent.mark, " " * (style.dash - 1 if slot.key_node is None else 1) + text)]
        is_block = old.style in ("|", ">") or (old.kind in ("mapping", "sequence") and not old.style)
        on_line = page.bol(old.start) == page.bol(extent.mark)
        if on_line and not is_block and not page.comments(old.start, old.end):
            return [Edit(old.start, old.end, text)]
    stop = page.eol_of(max(old.end, extent.mark))
    comments = page.comments(extent.mark, stop)
    inline = _inline(page, extent.mark, comments)
    if inline is None and not is_container and comments and old.style in ("{", "[") and comments[-1].start >= old.end:
        inline = comments[-1]
    siblings = [comment for comment in comments if comment is not inline]
    tail = _with_gap(page, inline)
    if not is_container:
        space = " " * (style.dash - 1 if slot.key_node is None else 1)
        lines = [space + text + tail, *_comment_lines(siblings, block.column + (style.dash if slot.key_node is None else style.step))]
        return [Edit(extent.mark, stop, _joined(page, lines, extent.start))]
    if slot.key_node is None:
        first, *extra = item_lines(slot.value, style)
        lines = [first[1:] + tail, *(" " * block.column + line for line in extra)]
        return [*_above(page, extent.start, siblings), Edit(extent.mark, stop, _joined(page, lines, extent.start))]
    column = block.column + (style.step if isinstance(slot.value, dict) else style.offset)
    lines = [tail, *_comment_lines(siblings, column), *(" " * column + line for line in block_lines(slot.value, style))]
    return [Edit(extent.mark, stop, _joined(page, lines, extent.start))]


def _scalar_like(old: Node, value: Any, style: Style) -> str:
    """A scalar's new text, quoted as the old one was."""
    if old.kind == "scalar" and isinstance(old.value, str):
        if old.style == "'":
            style = style._replace(quote="'", quote_values=True)
        elif old.style == '"':
            style = style._replace(quote='"', quote_values=True)
        else:
            style = style._replace(quote_values=False)
    return scalar_text(value, style)


def _lines(page: Page, block: Block, slot: Slot, position: int) -> list[str]:
    """The unindented lines of a new entry."""
    style = page.style(block.node, position)
    if block.node.kind == "sequence":
        return item_lines(slot.value, style)
    return entry_lines(slot.key, slot.value, style)


def _comment_lines(comments: Sequence[Comment], column: int) -> list[str]:
    return [" " * column + comment.text for comment in comments]


def _inline(page: Page, mark: int, comments: Sequence[Comment]) -> Comment | None:
    """The comment on the line of an entry's key or dash."""
    return comments[0] if comments and page.bol(comments[0].start) == page.bol(mark) else None


def _with_gap(page: Page, comment: Comment | None) -> str:
    """A comment with the white space before it."""
    if comment is None:
        return ""
    before = page.text[page.bol(comment.start) : comment.start]
    return (before[len(before.rstrip(" \t")) :] or " ") + comment.text


def _above(page: Page, position: int, comments: Sequence[Comment]) -> list[Edit]:
    """Put comments on lines of their own above the line of `position`."""
    if not comments:
        return []
    start = page.bol(position)
    return [Edit(start, start, _joined(page, _comment_lines(comments, len(page.indent(position))), start), is_lines=True)]


def _joined(page: Page, lines: Sequence[str], position: int) -> str:
    newline = page.newline(position)
    return "".join(line + newline for line in lines)


def _refuse_orphans(page: Page, root: Node, slot: Slot) -> None:
    """Refuse to take away an anchor to which something that stays refers."""
    gone: dict[int, str] = {}
    stack = [slot]
    while stack:
        inner = stack.pop()
        stack.extend(inner.inner)
        for node in (inner.old if inner.is_fresh or inner.is_gone else None, inner.key_node if inner.is_gone else None):
            gone.update((id(found), inner.pointer) for found in (_tree(node) if node else ()))
    if not gone:
        return
    for leaf in leaves(root):
        if leaf.kind == "alias" and id(leaf) not in gone and id(leaf.target) in gone:
            name = page.text[leaf.start + 1 : leaf.end]
            line = page.line(leaf.start)
            raise CannotEdit(gone[id(leaf.target)], f"the alias *{name} in line {line} needs what it would take away", line)


def _tree(node: Node) -> list[Node]:
    nodes = [node]
    for inner in nodes:
        nodes.extend(inner.children)
    return nodes
