"""Random edits of random documents: the values come out as the operations say, and everything else stays."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from itertools import takewhile
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from samigrate.yamltext import CannotEdit, Op, YamlError, compose, line_ranges, load, rewrite
from samigrate.yamltext.page import Page
from samigrate.yamltext.parse import node_key

from .generate import document, json_document, operation
from .oracle import apply, same, steps

SEEDS = st.integers(0, 10**12)
LONE_DASH = re.compile(r" *(- *)+([&!]\S+ *)*\s*(#.*)?")
HEADER = re.compile(r"[|>][-+0-9]*\s*(#.*)?$")
MANY = settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


def edited(seed: int, most: int, *, with_anchors: bool = True, is_json: bool = False) -> tuple[str, Any, list[Op]]:
    """A document, its value, and operations on it."""
    rng = random.Random(seed)
    text = json_document(rng) if is_json else document(rng, with_anchors=with_anchors)
    try:
        parsed = load(text)
    except YamlError:
        assume(False)
    assume(not parsed.duplicates)
    value, ops = parsed.value, []
    for _ in range(rng.randint(1, most)):
        op = operation(rng, value)
        if op is not None:
            ops.append(op)
            value = apply(value, [op])
    assume(bool(ops))
    return text, parsed.value, ops


def comments(text: str) -> Counter[str]:
    text = text.removeprefix("\ufeff")
    return Counter(comment.text for comment in Page(text, compose(text)).comments(0, len(text)))


@MANY
@given(SEEDS)
def test_batches_of_edits_do_what_they_say(seed: int) -> None:
    text, value, ops = edited(seed, 5)
    try:
        new = rewrite(text, ops)
    except CannotEdit:
        return
    assert same(load(new).value, apply(value, ops))
    assert not comments(text) - comments(new)
    if "\r\n" in text:
        assert "\n" not in new.replace("\r\n", "")
    if text[-1] not in "\r\n" and all(op.op == "add" for op in ops):
        assert new[-1] not in "\r\n"


@MANY
@given(SEEDS)
def test_one_edit_leaves_other_lines_alone(seed: int) -> None:
    text, value, ops = edited(seed, 1)
    try:
        new = rewrite(text, ops)
    except CannotEdit:
        return
    assert same(load(new).value, apply(value, ops))
    survivors = iter(new.removeprefix("\ufeff").splitlines())
    missing = [line for line in untouched(text, value, ops[0]) if not any(line == other.strip() for other in survivors)]
    assert not missing


@settings(MANY, max_examples=400)
@given(SEEDS)
def test_json_stays_json(seed: int) -> None:
    text, value, ops = edited(seed, 3, is_json=True)
    new = rewrite(text, ops)
    expected = apply(value, ops)
    assume('"yes"' not in new and all("0440" not in line for line in new.splitlines()))
    assert same(json.loads(new), expected)


@settings(MANY, max_examples=400)
@given(SEEDS)
def test_ordinary_documents_are_never_refused(seed: int) -> None:
    text, _, ops = edited(seed, 3, with_anchors=False)
    assume("?" not in text)
    assert rewrite(text, ops)


def untouched(text: str, value: Any, op: Op) -> list[str]:
    """The lines that have nothing to do with `op`, stripped: a comment may be indented anew."""
    path = steps(op.pointer)
    parent = "/".join(["", *op.pointer.split("/")[1:-1]])
    holder = value
    for step in path[:-1]:
        holder = holder[int(step)] if isinstance(holder, list) else holder[step]
    touched: set[int] = set()

    def touch(pointer: str) -> None:
        for first, last in line_ranges(text, [pointer]):
            touched.update(range(first, last + 1))

    if op.op != "add" or (isinstance(holder, dict) and path[-1] in holder):
        touch(op.pointer)
    if not holder or (op.op == "remove" and len(holder) == 1) or is_flow(text, parent):
        touch(parent)
    if op.op == "remove" or op.after == ("^",) or isinstance(holder, list):
        # The dash line that a first entry stands on.
        for key in list(holder)[:2] if isinstance(holder, dict) else range(min(2, len(holder or ()))):
            first = line_ranges(text, [f"{parent}/{str(key).replace('~', '~0').replace('/', '~1')}"])
            touched.update(line for line, _ in first)
    lines = text.removeprefix("\ufeff").splitlines()
    if op.op == "remove" and path[-1] == (next(iter(holder)) if isinstance(holder, dict) else "0"):
        # What stands below a first entry moves up to its dash, over blank lines; comments between them stay, above it.
        for _, last in line_ranges(text, [op.pointer]):
            between = takewhile(lambda line: lines[line - 1].strip()[:1] in ("", "#"), range(last + 1, len(lines) + 1))
            touched.update(line for line in between if not lines[line - 1].strip())
    if text[-1] not in "\r\n":
        # A literal at the very end has to say that it has no line break.
        touched.update([len(lines), *(number for number, line in enumerate(lines, 1) if HEADER.search(line))])
    if "+" in text or any(map(LONE_DASH.fullmatch, lines)):
        # Blank lines that would come to stand behind a literal that keeps them have to go; between a dash and its item they may.
        touched.update(number for number, line in enumerate(lines, 1) if not line.strip())
    return [line.strip() for number, line in enumerate(lines, 1) if number not in touched and not LONE_DASH.fullmatch(line)]


def is_flow(text: str, pointer: str) -> bool:
    node = compose(text)
    assert node is not None
    for step in steps(pointer):
        node = node.target or node
        if node.kind == "mapping":
            node = next((value for key, value in zip(node.keys, node.values, strict=True) if node_key(key) == step), node)
        elif node.kind == "sequence":
            node = node.children[int(step)]
    return bool(node.style)
