"""Edits within flow collections, JSON among them: entries keep their text, only what stands between them is made anew."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .node import Node
from .ops import CannotEdit, Slot
from .page import BREAKS, Page, quotes_all, quotes_keys
from .splice import Edit, splice_within
from .write import Flow, flow_entry, flow_text

_BREAK = re.compile(f"\r\n|[{BREAKS}]")


class FlowEntry(NamedTuple):
    """An entry as it stands: white space and comments before it, its span, and what follows its comma on the same line."""

    before: str
    start: int
    end: int
    after: str


def flow_value(page: Page, like: Node, value: Any) -> str:
    """A value that replaces the flow collection `like`."""
    return flow_text(value, flow_style(page, like, Flow()), _indent(page, like.start))


def flow_edits(page: Page, slot: Slot, outer: Flow | None = None) -> list[Edit]:
    """The edits within a flow collection."""
    node = slot.old
    assert node is not None
    flow = flow_style(page, node, outer or Flow())
    if _is_rebuilt(slot):
        return [Edit(node.body, node.end, _rebuilt(page, slot, node, flow))]
    edits = [edit for inner in slot.inner for edit in _value_edits(page, inner, flow)]
    comments = _homeless(page, slot) if outer is None else []
    return [*_above(page, slot, node, comments), *edits]


def _is_rebuilt(slot: Slot) -> bool:
    return any(inner.is_gone or inner.old is None for inner in slot.inner)


def _homeless(page: Page, slot: Slot) -> list[str]:
    """The comments in values that are replaced where no collection is made anew."""
    if slot.is_fresh:
        return [comment.text for comment in page.comments(slot.old.start, slot.old.end)] if slot.old else []
    return [] if _is_rebuilt(slot) else [text for inner in slot.inner for text in _homeless(page, inner)]


def _above(page: Page, slot: Slot, node: Node, comments: list[str]) -> list[Edit]:
    if not comments:
        return []
    start = page.bol(node.start)
    if page.text.startswith("---", start):
        raise CannotEdit(slot.pointer, "there is no place for a comment of the old value", page.line(start))
    newline = page.newline(start)
    return [Edit(start, start, "".join(page.indent(start) + comment + newline for comment in comments), is_lines=True)]


def flow_style(page: Page, node: Node, outer: Flow) -> Flow:
    """How new text in the flow collection `node` is to look; `outer` says it where the node itself does not."""
    text = page.text
    style = page.style(node, node.end)
    colon, comma, pad, step = outer.colon, outer.comma, outer.pad, outer.step
    children = node.children
    if node.kind == "mapping":
        gaps = [text[key.end : value.start] for key, value in zip(node.keys, node.values, strict=True) if value.end > value.start]
        colon = next((gap for gap in gaps if gap.strip(" ") == ":"), colon)
        children = node.values
        starts = [key.start for key in node.keys]
    else:
        starts = [item.start for item in children]
    between = [text[one.end : start] for one, start in zip(children, starts[1:], strict=False)]
    comma = next((gap for gap in between if gap.strip(" ") == ","), "," if colon == ":" else comma)
    if starts:
        lead = text[node.body + 1 : starts[0]]
        if node.kind == "mapping" and not lead.strip(" "):
            pad = lead
        broken = _BREAK.search(text, node.body, starts[0]) is not None
        inner, border = _indent(page, starts[0]), _indent(page, node.end - 1)
        step = (inner[len(border) :] if inner.startswith(border) else "") or "  " if broken else ""
    is_json = quotes_keys(node) and node.keys[0].style == '"' if node.kind == "mapping" and children else outer.quote_keys
    return Flow(
        colon,
        comma,
        pad,
        '"' if is_json else style.quote,
        is_json or quotes_all(node) or (not children and outer.quote_values),
        is_json,
        step,
        page.newline(node.start),
    )


def _value_edits(page: Page, slot: Slot, flow: Flow) -> list[Edit]:
    old = slot.old
    assert old is not None
    if not slot.is_fresh:
        return flow_edits(page, slot, flow) if slot.inner else []
    if old.kind == "scalar" and old.style in ("'", '"') and isinstance(slot.value, str):
        flow = flow._replace(quote="'" if old.style == "'" else '"', quote_values=True)
    result = flow_text(slot.value, flow, _indent(page, old.start))
    if old.end > old.start or slot.key_node is None:
        return [Edit(old.start, old.end, result)]
    colon = page.skip(slot.key_node.end)
    if page.text[colon] == ":":
        return [Edit(colon + 1, colon + 1, " " + result)]
    return [Edit(slot.key_node.end, slot.key_node.end, ": " + result)]


def _rebuilt(page: Page, slot: Slot, node: Node, flow: Flow) -> str:
    """A flow collection's text with entries gone and new."""
    fragments, tail, has_comma = _pieces(page, slot, node)
    begin, end = page.text[node.body], page.text[node.end - 1]
    olds = [inner for inner in slot.inner if inner.old is not None]
    by_slot = dict(zip(map(id, olds), fragments, strict=True))
    opening, pieces_before = _cut(fragments[0].before) if fragments else ("", "")
    if fragments:
        by_slot[id(olds[0])] = fragments[0]._replace(before=pieces_before)
    live = [inner for inner in slot.inner if not inner.is_gone]
    is_broken = any(_BREAK.search(piece.before) for piece in fragments)
    indent = _entry_indent(page, fragments) if is_broken else ""
    newline = flow.newline
    out, pending = [begin + opening], []
    previous: Slot | None = None
    count = 0
    for inner in slot.inner:
        fragment = by_slot.get(id(inner))
        if inner.is_gone:
            assert fragment is not None
            pending += _all_comments(page, fragment)
            continue
        if fragment is None:
            before = newline + indent if is_broken else _new_space(flow, node, count)
            result = flow_entry(inner.key, inner.value, flow, indent) if node.kind == "mapping" else flow_text(inner.value, flow, indent)
            after = ""
        else:
            before = fragment.before
            if "#" not in before and not _BREAK.search(before):
                before = before if _follows_as_before(olds, previous, inner, count) else _new_space(flow, node, count)
            result = splice_within(page, fragment.start, fragment.end, _value_edits(page, inner, flow))
            pending += _homeless(page, inner)
            after = fragment.after
        if pending:
            above = "".join(newline + indent + comment for comment in pending)
            before, pending = above + (before if _starts_line(before) else newline + indent), []
        if out[-1] and "#" in _last_line(out[-1]) and not _starts_line(before) and (count or opening):
            before = newline + indent + before.lstrip(" ")
        count += 1
        comma = "," if count < len(live) or has_comma else ""
        out += [before, result + comma, after]
        previous = inner
    if not live and not pending and not opening.strip():
        return begin + end
    out.append("".join(newline + indent + comment for comment in pending))
    remainder = tail if live or _starts_line(tail) else newline + _indent(page, node.end - 1)
    if pending and not _starts_line(remainder):
        remainder = newline + _indent(page, node.end - 1)
    return "".join(out) + remainder + end


def _pieces(page: Page, slot: Slot, node: Node) -> tuple[list[FlowEntry], str, bool]:
    """The old entries, the text before the closing bracket, and whether the last entry has a comma."""
    text, position = page.text, node.body + 1
    pointer = next(inner.pointer for inner in slot.inner if inner.is_gone or inner.old is None)
    fragments: list[FlowEntry] = []
    has_comma = False
    for inner in slot.inner:
        old = inner.old
        if old is None:
            continue
        start, end = _span(page, inner, old)
        before = text[position:start]
        if "?" in "".join(line.split("#")[0] for line in before.splitlines()):
            raise CannotEdit(pointer, "a key is written with `?`", page.line(start))
        comma = page.skip(end)
        has_comma = text[comma] == ","
        if has_comma and "#" in text[end:comma]:
            raise CannotEdit(pointer, "a comment stands before a comma", page.line(end))
        if fragments:
            after, before = _cut(before)
            fragments[-1] = fragments[-1]._replace(after=after)
        fragments.append(FlowEntry(before, start, end, ""))
        position = comma + 1 if has_comma else end
    after, tail = _cut(text[position : node.end - 1])
    if fragments:
        fragments[-1] = fragments[-1]._replace(after=after)
    return fragments, tail, has_comma


def _span(page: Page, slot: Slot, old: Node) -> tuple[int, int]:
    if slot.key_node is None:
        return old.start, old.end
    if old.end > old.start:
        return slot.key_node.start, old.end
    colon = page.skip(slot.key_node.end)
    return slot.key_node.start, colon + 1 if page.text[colon] == ":" else slot.key_node.end


def _cut(gap: str) -> tuple[str, str]:
    """What of a gap still stands on the line before, which is something only if a line ends in the gap, and the rest."""
    match = _BREAK.search(gap)
    return (gap[: match.start()], gap[match.start() :]) if match else ("", gap)


def _follows_as_before(olds: list[Slot], previous: Slot | None, inner: Slot, count: int) -> bool:
    """Whether what an old entry follows is what it followed before; `count` others precede it on its line."""
    index = olds.index(inner)
    return (index == 0 and count == 0) or (index > 0 and previous is olds[index - 1])


def _new_space(flow: Flow, node: Node, count: int) -> str:
    """The white space before an entry that `count` others precede on its line."""
    if count:
        return flow.comma.lstrip(" ")[1:]
    return flow.pad if node.kind == "mapping" else ""


def _all_comments(page: Page, fragment: FlowEntry) -> list[str]:
    inside = [comment.text for comment in page.comments(fragment.start, fragment.end)]
    return [*_comments_in(fragment.before), *inside, *_comments_in(fragment.after)]


def _comments_in(gap: str) -> list[str]:
    return re.findall(f"#[^{BREAKS}]*", gap)


def _entry_indent(page: Page, fragments: list[FlowEntry]) -> str:
    broken = next(fragment for fragment in fragments if _BREAK.search(fragment.before))
    return _indent(page, broken.start)


def _indent(page: Page, position: int) -> str:
    line = page.text[page.bol(position) : position]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _starts_line(gap: str) -> bool:
    return _BREAK.match(gap.lstrip(" \t")) is not None


def _last_line(text: str) -> str:
    return _BREAK.split(text)[-1]
