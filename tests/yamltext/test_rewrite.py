"""Every edit in every style: the expected text is what a person would have written."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from samigrate.yamltext import CannotEdit, Number, Op, load, rewrite

from .oracle import apply, same


def add(pointer: str, value: Any, *after: str) -> Op:
    return Op("add", pointer, value, after)


def remove(pointer: str) -> Op:
    return Op("remove", pointer)


def replace(pointer: str, value: Any) -> Op:
    return Op("replace", pointer, value)


SA = add("/spec/sa", "web", "containers")
VOLUME = {"name": "t", "projected": {"defaultMode": Number(288, "0440"), "sources": [{"token": {"path": "t"}}]}}

Case = tuple[str, list[Op], str]

KEYS: dict[str, Case] = {
    "after a named key": ("a: 1\nb: 2\n", [add("/w", "x", "a")], "a: 1\nw: x\nb: 2\n"),
    "after the first key that is there": ("a: 1\nb: 2\n", [add("/w", "x", "q", "a", "b")], "a: 1\nw: x\nb: 2\n"),
    "none is there, so last": ("a: 1\nb: 2\n", [add("/w", "x", "q")], "a: 1\nb: 2\nw: x\n"),
    "first": ("a: 1\nb: 2\n", [add("/w", "x", "^")], "w: x\na: 1\nb: 2\n"),
    "first goes above the comment of the old first": ("m:\n  # of a\n  a: 1\n", [add("/m/w", "x", "^")], "m:\n  w: x\n  # of a\n  a: 1\n"),
    "first goes below a comment that is set apart": (
        "m:\n  # of m\n\n  a: 1\n",
        [add("/m/w", "x", "^")],
        "m:\n  # of m\n\n  w: x\n  a: 1\n",
    ),
    "two after one key keep their order": (
        "a: 1\nb: 2\n",
        [add("/w", "x", "a"), add("/o", "v", "w"), add("/p", "z", "a")],
        "a: 1\nw: x\no: v\np: z\nb: 2\n",
    ),
    "behind an inline comment": ("a: 1  # c\nb: 2\n", [add("/w", "x", "a")], "a: 1  # c\nw: x\nb: 2\n"),
    "before the comment of the next key": ("a: 1\n# of b\nb: 2\n", [add("/w", "x", "a")], "a: 1\nw: x\n# of b\nb: 2\n"),
    "before a blank line": ("a: 1\n\nb: 2\n", [add("/w", "x", "a")], "a: 1\nw: x\n\nb: 2\n"),
    "behind deeper comments": ("a:\n  - x\n  # - v\nb: 2\n", [add("/w", "x", "a")], "a:\n  - x\n  # - v\nw: x\nb: 2\n"),
    "behind deeper comments set apart": ("a:\n  - x\n\n  # - v\n\nb: 2\n", [add("/w", "x", "a")], "a:\n  - x\n\n  # - v\nw: x\n\nb: 2\n"),
    "a flush list": (
        "spec:\n  containers:\n  - name: a\n  # of b\n  b: 1\n",
        [SA],
        "spec:\n  containers:\n  - name: a\n  sa: web\n  # of b\n  b: 1\n",
    ),
    "before a comment of lower indentation": ("spec:\n  a: 1\n# end\n", [add("/spec/w", "x")], "spec:\n  a: 1\n  w: x\n# end\n"),
    "no final newline": ("spec:\n  containers:\n  - a", [SA], "spec:\n  containers:\n  - a\n  sa: web"),
    "two at the end without final newline": ("a: 1", [add("/w", "x"), add("/o", "v")], "a: 1\nw: x\no: v"),
    "CR LF": ("a: 1\r\nb: 2\r\n", [add("/w", {"x": ["v"]}, "a")], "a: 1\r\nw:\r\n  x:\r\n  - v\r\nb: 2\r\n"),
    "mixed ends copy the line before": (
        "a: 1\r\nb: 2\nc: 3\n",
        [add("/w", 1, "a"), add("/o", 1, "b")],
        "a: 1\r\nw: 1\r\nb: 2\no: 1\nc: 3\n",
    ),
    "a byte order mark": ("\ufeffa: 1\n", [add("/w", "x", "^")], "\ufeffw: x\na: 1\n"),
    "before the end marker": ("a: 1\n...\n", [add("/w", "x")], "a: 1\nw: x\n...\n"),
    "below a marker with a tag": ("--- !!map # c\na: 1\n", [add("/w", "x", "^")], "--- !!map # c\nw: x\na: 1\n"),
    "behind a literal": ("a: |\n  x\n  # text\n\nb: 2\n", [add("/w", "x", "a")], "a: |\n  x\n  # text\nw: x\n\nb: 2\n"),
    "behind a literal that keeps its end": ("a: |+\n  x\n\nb: 2\n", [add("/w", "x", "a")], "a: |+\n  x\n\nw: x\nb: 2\n"),
    "a literal without line break says so": ("a: |\n  x", [add("/w", "x")], "a: |-\n  x\nw: x"),
    "a kept literal without line break": ("a: >2+ # c\n  x", [add("/w", "x")], "a: >2- # c\n  x\nw: x"),
    "behind a plain scalar of two lines": ("a: x\n  v\nb: 2\n", [add("/w", "x", "a")], "a: x\n  v\nw: x\nb: 2\n"),
    "behind a quoted scalar of two lines": ('a: "x\n\n  v" # c\nb: 2\n', [add("/w", "x", "a")], 'a: "x\n\n  v" # c\nw: x\nb: 2\n'),
    "behind nothing": ("a:\nb: 2\n", [add("/w", "x", "a")], "a:\nw: x\nb: 2\n"),
    "on the dash line": ("- a: 1\n  b: 2\n", [add("/0/w", "x", "^")], "- w: x\n  a: 1\n  b: 2\n"),
    "a wide dash": ("-   a: 1\n", [add("/0/w", {"x": 1})], "-   a: 1\n    w:\n      x: 1\n"),
    "lists in lists": ("- - a: 1\n", [add("/0/0/w", "x")], "- - a: 1\n    w: x\n"),
    "quoted keys are copied": ('"a": x\n"b": v\n', [add("/w", "z")], '"a": x\n"b": v\n"w": z\n'),
    "quoted values are copied": ("a: 'x'\nb: 'v'\n", [add("/w", "z")], "a: 'x'\nb: 'v'\nw: 'z'\n"),
    "beside a merge key": ("b: &b {x: 1}\nm:\n  <<: *b\n", [add("/m/w", "x")], "b: &b {x: 1}\nm:\n  <<: *b\n  w: x\n"),
    "over a merged key, behind the merge": (
        "b: &b {x: 1}\nm:\n  k: 1\n  <<: *b\n",
        [replace("/m/x", 2)],
        "b: &b {x: 1}\nm:\n  k: 1\n  <<: *b\n  x: 2\n",
    ),
    "an existing key is replaced in place": ("a: 1 # c\nb: 2\n", [add("/a", "x", "b")], "a: x # c\nb: 2\n"),
    "a tab before a comment": ("a: 1\t# c\n", [add("/w", "x")], "a: 1\t# c\nw: x\n"),
    "a root list is left where it is": ("- a\n", [add("/0", {"x": [1]})], "- x:\n  - 1\n- a\n"),
}

LAYOUT: dict[str, Case] = {
    "a new mapping copies the step": ("a:\n    b: 1\n", [add("/w", {"x": {"v": 1}})], "a:\n    b: 1\nw:\n    x:\n        v: 1\n"),
    "a step of one": ("a:\n b: 1\n", [add("/a/w", {"x": 1})], "a:\n b: 1\n w:\n  x: 1\n"),
    "a new list copies its flush sibling": (
        "x:\n  - 1\ns:\n  a:\n  - 1\n",
        [add("/s/w", ["v"])],
        "x:\n  - 1\ns:\n  a:\n  - 1\n  w:\n  - v\n",
    ),
    "a new list copies its indented sibling": (
        "x:\n- 1\ns:\n  a:\n    - 1\n",
        [add("/s/w", ["v"])],
        "x:\n- 1\ns:\n  a:\n    - 1\n  w:\n    - v\n",
    ),
    "else the nearest before": (
        "x:\n  - 1\ns:\n  a: 1\nz:\n- 1\n",
        [add("/s/w", ["v"])],
        "x:\n  - 1\ns:\n  a: 1\n  w:\n    - v\nz:\n- 1\n",
    ),
    "a new list copies the dash": (
        "x:\n  -   a: 1\n",
        [add("/w", [{"b": 1, "c": [2]}])],
        "x:\n  -   a: 1\nw:\n  -   b: 1\n      c:\n        -   2\n",
    ),
    "lists in lists, written new": ("a: 1\n", [add("/w", [[1, 2], [{"x": 1}]])], "a: 1\nw:\n- - 1\n  - 2\n- - x: 1\n"),
    "empty values": ("a: 1\n", [add("/w", {"x": {}, "v": [], "z": ""})], 'a: 1\nw:\n  x: {}\n  v: []\n  z: ""\n'),
    "a volume": (
        "volumes:\n- name: a\n  emptyDir: {}\n",
        [add("/volumes/-", VOLUME)],
        "volumes:\n- name: a\n  emptyDir: {}\n- name: t\n  projected:\n    defaultMode: 0440\n    sources:\n    - token:\n        path: t\n",
    ),
}

STRINGS: dict[str, tuple[Any, str]] = {
    **{
        word: (word, word)
        for word in ("ServiceAccount", "kube-root-ca.crt", "apps/v1", "rbac.authorization.k8s.io", "system:node", "/var/run", "--x=y")
    },
    **{
        word or "empty": (word, f'"{word}"')
        for word in ("on", "n", "NO", "null", "", "1e5", "12_3", "0x1f", "007", ".5", "~", "a: b", "a #b", "- a", "{a}", "*a")
    },
    **{
        word: (word, f'"{word}"')
        for word in ("&a", "!a", "%a", "@a", "`a", "a:", " a", "a ", "?", "=", "<<", "2001-01-01", "12:30", "is a sentence", "nan")
    },
    "double quotes and backslashes": ('a"\\', '"a\\"\\\\"'),
    "line breaks": ("a\nb\r\t", '"a\\nb\\r\\t"'),
    "what is not printable": ("\x01\x85\u2028\ufeff", '"\\u0001\\u0085\\u2028\\ufeff"'),
    "other scripts": ("é😀", '"é😀"'),
    "null itself": (None, "null"),
    "booleans": (False, "false"),
    "a spelling": (Number(420, "0644"), "0644"),
    "floats": (1e16, "1.0e+16"),
    "infinity": (float("-inf"), "-.inf"),
}

VALUES: dict[str, Case] = {
    "a scalar": ("a: 1 # c\n", [replace("/a", 2)], "a: 2 # c\n"),
    "quotes stay": ("a: 'x' # c\nb: \"v\"\n", [replace("/a", "z"), replace("/b", "w")], "a: 'z' # c\nb: \"w\"\n"),
    "an empty value": ("a:  # c\nb:\n", [replace("/a", "x"), replace("/b", False)], "a: x  # c\nb: false\n"),
    "a tag goes with its value": ("a: !!str 12\n", [replace("/a", 12)], "a: 12\n"),
    "a literal": ("a: | # c\n  x\n\nb: 1\n", [replace("/a", "z")], "a: z # c\n\nb: 1\n"),
    "two plain lines": ("a: x\n  v # c\nb: 1\n", [replace("/a", "z")], "a: z # c\nb: 1\n"),
    "a value on the next line": ("a:\n  x # c\nb: 1\n", [replace("/a", "z")], "a: z\n  # c\nb: 1\n"),
    "a mapping by a scalar": ("a: # c\n  # d\n  b: 1 # e\nz: 1\n", [replace("/a", "x")], "a: x # c\n  # d\n  # e\nz: 1\n"),
    "a mapping by a mapping": (
        "- a\n- s: # c\n    # d\n    b: 1 # e\n  z: 1\n",
        [replace("/1/s", {"p": [1]})],
        "- a\n- s: # c\n    # d\n    # e\n    p:\n    - 1\n  z: 1\n",
    ),
    "a scalar by a mapping": ("a: 1  # c\nb: 2\n", [replace("/a", {"x": 1})], "a:  # c\n  x: 1\nb: 2\n"),
    "a scalar by a mapping, no final newline": ("a: 1", [replace("/a", {"x": 1})], "a:\n  x: 1"),
    "an alias": ("a: &a 1\nb: *a # c\n", [replace("/b", 2)], "a: &a 1\nb: 2 # c\n"),
    "an anchor nobody uses": ("a: &a\n  b: 1\n", [replace("/a", 2)], "a: 2\n"),
    "an item": ("- a # c\n- b\n", [replace("/0", "x")], "- x # c\n- b\n"),
    "an item by a mapping": ("- a # c\n- b\n", [replace("/0", {"x": 1, "v": 2})], "- x: 1 # c\n  v: 2\n- b\n"),
    "a mapping's item by a scalar": ("- a: 1 # c\n  # d\n  b: 1\n- b\n", [replace("/0", "x")], "- x # c\n  # d\n- b\n"),
    "an item keeps comments above": ("- a: 1\n  b: 1 # d\n", [replace("/0", {"x": 1})], "# d\n- x: 1\n"),
    "below the marker": ("--- # c\na: 1\n", [replace("", {"x": 1})], "--- # c\nx: 1\n"),
    "beside the marker": ("--- {a: 1} # c\n", [add("/w", "x")], "--- {a: 1, w: x} # c\n"),
    "a text beside the marker": ("--- a # c\n", [replace("", "b")], "--- b # c\n"),
}

EMPTIES: dict[str, Case] = {
    "braces become a block": (
        "m:\n  annotations: {}  # c\n  b: 1\n",
        [add("/m/annotations/x", "v")],
        "m:\n  annotations:  # c\n    x: v\n  b: 1\n",
    ),
    "nothing becomes a block": ("m:\n  annotations: # c\n", [add("/m/annotations/x", "v")], "m:\n  annotations: # c\n    x: v\n"),
    "null becomes a block": ("a: ~\nb: null\n", [add("/a/x", 1), add("/b/-", 2)], "a:\n  x: 1\nb:\n- 2\n"),
    "brackets become a block": ("l:\n  - a: []\n", [add("/l/0/a/-", {"x": 1})], "l:\n  - a:\n      - x: 1\n"),
    "an item of braces": ("- {} # c\n", [add("/0/x", 1)], "- x: 1 # c\n"),
    "no final newline": ("a: {}", [add("/a/x", 1)], "a:\n  x: 1"),
    "the root": ("--- {}\n", [add("/x", 1)], "--- {x: 1}\n"),
    "the last key goes": ("a:\n  b: 1\nc: 2\n", [remove("/a/b")], "a: {}\nc: 2\n"),
    "the last item goes": ("a: # c\n- b # d\nc: 2\n", [remove("/a/0")], "a: [] # c\n# d\nc: 2\n"),
    "the last item of a tagged list": ("a: !!seq\n  - b\n", [remove("/a/0")], "a: !!seq []\n"),
    "the last key on a dash line": ("- a: 1 # c\n- b\n", [remove("/0/a")], "- {} # c\n- b\n"),
    "the last key of the root": ("# h\na: 1 # c\n", [remove("/a")], "# h\n# c\n{}\n"),
    "all goes but something comes": ("a:\n  b: 1 # c\n", [remove("/a/b"), add("/a/x", 2)], "a:\n  # c\n  x: 2\n"),
    "the key goes, too": ("a:\n- b\nc: 2\n", [remove("/a/0"), remove("/a")], "c: 2\n"),
}

REMOVALS: dict[str, Case] = {
    "a key": ("a: 1\nb:\n  c: 1\nd: 1\n", [remove("/b")], "a: 1\nd: 1\n"),
    "comments inside stay": (
        "v:\n- name: a\n  # why\n  secret: # s\n    x: t\n- name: c\n",
        [remove("/v/0")],
        "v:\n# why\n# s\n- name: c\n",
    ),
    "a comment above stays": ("a: 1\n# of b\nb: 1 # c\nd: 1\n", [remove("/b")], "a: 1\n# of b\n# c\nd: 1\n"),
    "the last key without final newline": ("a: 1\nb: 2", [remove("/b")], "a: 1\n"),
    "a key behind a kept literal takes blank lines along": ("a: |+\n  x\nb: 1\n\nc: 2\n", [remove("/b")], "a: |+\n  x\nc: 2\n"),
    "the first key of a dash line": ("- a: 1\n  b: 2\n", [remove("/0/a")], "- b: 2\n"),
    "its comments go above": ("x:\n  - a: 1 # c\n    # of b\n    b: 2\n", [remove("/x/0/a")], "x:\n  # c\n  # of b\n  - b: 2\n"),
    "the first two": ("- a: 1\n  b:\n    x: 1\n  c: 1\n", [remove("/0/a"), remove("/0/b")], "- c: 1\n"),
    "the first, and a new one comes": ("- a: 1 # c\n  b: 2\n", [remove("/0/a"), add("/0/w", 1, "a")], "- w: 1 # c\n  b: 2\n"),
    "the first of a list in a list": ("- - a\n  - b\n", [remove("/0/0")], "- - b\n"),
    "an item": ("- a\n- b # c\n- d\n", [remove("/1")], "- a\n# c\n- d\n"),
    "several items": ("- a\n- b\n- c\n- d\n", [remove("/1"), remove("/1")], "- a\n- d\n"),
    "an item of CR LF": ("- a\r\n- b\r\n", [remove("/0")], "- b\r\n"),
}

PLACES: dict[str, Case] = {
    "a new key takes the place of the one it follows": (
        "a: 1\nb: x # c\nd: 1\n",
        [remove("/b"), add("/w", "v", "b")],
        "a: 1\nw: v # c\nd: 1\n",
    ),
    "though it came first": ("a: 1\nb: x # c\nd: 1\n", [add("/w", "v", "b"), remove("/b")], "a: 1\nw: v # c\nd: 1\n"),
    "comments inside stay above it": (
        "a:\n  s: # c\n    # d\n    x: 1\n",
        [remove("/a/s"), add("/a/p", {"q": 1}, "s")],
        "a:\n  # d\n  p: # c\n    q: 1\n",
    ),
    "the first takes the place, the others follow": (
        "b: x # c\nd: 1\n",
        [remove("/b"), add("/w", "v", "b"), add("/o", "z", "w")],
        "w: v # c\no: z\nd: 1\n",
    ),
    "the same key comes back": ("a: 1 # c\nb: 2\n", [remove("/a"), add("/a", 3)], "a: 3 # c\nb: 2\n"),
    "an item comes back": ("- a\n- b\n", [remove("/0"), add("/0", "x")], "- x\n- b\n"),
}

LISTS: dict[str, Case] = {
    "append": ("l:\n- a # c\n# of m\nm: 1\n", [add("/l/-", "b")], "l:\n- a # c\n- b\n# of m\nm: 1\n"),
    "append before what is commented out": ("l:\n  - a\n  # - b\nm: 1\n", [add("/l/-", "c")], "l:\n  - a\n  - c\n  # - b\nm: 1\n"),
    "insert": ("- a\n# of b\n- b\n", [add("/1", "x")], "- a\n- x\n# of b\n- b\n"),
    "insert first": ("l:\n  # of a\n  - a\n", [add("/l/0", "x")], "l:\n  - x\n  # of a\n  - a\n"),
    "insert on a dash line": ("- - a\n", [add("/0/0", "x")], "- - x\n  - a\n"),
    "an empty item": ("-\n- b\n", [replace("/0", "x")], "- x\n- b\n"),
    "in what was added": (
        "a: 1\n",
        [add("/l", []), add("/l/-", {"x": 1}), replace("/l/0/x", 2), add("/l/0/w", 3, "^")],
        "a: 1\nl:\n- w: 3\n  x: 2\n",
    ),
}

PRETTY = textwrap.dedent("""\
    {
      "a": 1,
      "b": {"x": [1, 2], "v": {}},
      "c": {
        "d": "e"
      }
    }
    """)

FLOW: dict[str, Case] = {
    "append": ("{a: 1, b: 2}\n", [add("/w", "x")], "{a: 1, b: 2, w: x}\n"),
    "after a key": ("a: {b: 1, c: 2} # c\n", [add("/a/w", "x", "b")], "a: {b: 1, w: x, c: 2} # c\n"),
    "first": ("{ a: 1 }\n", [add("/w", "x", "^")], "{ w: x, a: 1 }\n"),
    "remove the first": ("{ a: 1, b: 2 }\n", [remove("/a")], "{ b: 2 }\n"),
    "remove the last": ("{ a: 1, b: 2 }\n", [remove("/b")], "{ a: 1 }\n"),
    "remove all": ("a: { b: 1 }\n", [remove("/a/b")], "a: {}\n"),
    "a list": ("a: [x, v]\n", [add("/a/-", {"k": ["v"]}), add("/a/0", "on")], 'a: ["on", x, v, {k: [v]}]\n'),
    "quotes are copied": ("a: ['x', 'v']\n", [add("/a/-", "z")], "a: ['x', 'v', 'z']\n"),
    "replace": ("a: {b: 1, c}\n", [replace("/a/b", {"x": "v: z"}), replace("/a/c", 1)], 'a: {b: {x: "v: z"}, c: 1}\n'),
    "JSON on one line": ('{"a":1,"b":[]}', [add("/w", "x"), add("/b/-", {"v": None})], '{"a":1,"b":[{"v":null}],"w":"x"}'),
    "JSON on lines": (PRETTY, [add("/w", "x", "a")], PRETTY.replace('"a": 1,\n', '"a": 1,\n  "w": "x",\n')),
    "JSON on lines, last": (PRETTY, [add("/w", True)], PRETTY.replace("  }\n}", '  },\n  "w": true\n}')),
    "JSON on lines, a mapping": (
        PRETTY,
        [add("/c/w", {"x": ["v"]})],
        PRETTY.replace('"e"\n', '"e",\n    "w": {\n      "x": [\n        "v"\n      ]\n    }\n'),
    ),
    "JSON on lines, remove": (PRETTY, [remove("/a")], PRETTY.replace('  "a": 1,\n', "")),
    "JSON on lines, remove the last": (PRETTY, [remove("/c")], '{\n  "a": 1,\n  "b": {"x": [1, 2], "v": {}}\n}\n'),
    "JSON with tabs": ('{\n\t"a": 1\n}', [add("/w", {"x": 1})], '{\n\t"a": 1,\n\t"w": {\n\t\t"x": 1\n\t}\n}'),
    "JSON escapes": ('{"a":1}', [add("/w", "\x01é\n")], '{"a":1,"w":"\\u0001é\\n"}'),
    "a trailing comma stays": ("{\n  a: 1,\n}\n", [add("/w", "x")], "{\n  a: 1,\n  w: x,\n}\n"),
    "comments stay with their entries": (
        "{\n  a: 1, # a\n  # of b\n  b: 2 # b\n}\n",
        [add("/w", "x"), add("/m", "v", "a")],
        "{\n  a: 1, # a\n  m: v,\n  # of b\n  b: 2, # b\n  w: x\n}\n",
    ),
    "comments of what goes stay": ("[\n  a, # a\n  b # b\n]\n", [remove("/0")], "[\n  # a\n  b # b\n]\n"),
    "comments within what is replaced": ("a: [\n  {x: 1 # c\n  }, 2]\n", [replace("/a/0", 1)], "# c\na: [\n  1, 2]\n"),
    "inside stays itself": ("a: {b: {c: 1, d: 2},  e: 3}\n", [remove("/a/b/c")], "a: {b: {d: 2},  e: 3}\n"),
}

TABLES = {
    "keys": KEYS,
    "layout": LAYOUT,
    "values": VALUES,
    "empties": EMPTIES,
    "removals": REMOVALS,
    "places": PLACES,
    "lists": LISTS,
    "flow": FLOW,
}
CASES = {f"{table}: {name}": case for table, cases in TABLES.items() for name, case in cases.items()}


@pytest.mark.parametrize(("old", "ops", "new"), CASES.values(), ids=CASES.keys())
def test_rewrite(old: str, ops: list[Op], new: str) -> None:
    assert rewrite(old, ops) == new
    expected = load(old).value
    if not any(op.op == "replace" and op.pointer == "/m/x" for op in ops):
        assert same(load(new).value, apply(expected, ops))


@pytest.mark.parametrize(("value", "text"), STRINGS.values(), ids=STRINGS.keys())
def test_scalars_are_spelled_so_that_everybody_reads_them_alike(value: Any, text: str) -> None:
    new = rewrite("a: 1\n", [add("/w", value)])
    assert new == f"a: 1\nw: {text}\n"
    assert same(load(new).value["w"], value)


REFUSALS: dict[str, tuple[str, Op, str, int]] = {
    "behind an alias": ("a: &a {x: 1}\nb: *a\n", replace("/b/x", 2), "behind the alias *a", 2),
    "in an anchor that is used": ("a: &a\n  x: 1\nb: *a\n", add("/a/v", 2), "in the anchor &a", 1),
    "an anchor that is used": ("a: &a 1\nb: *a\n", remove("/a"), "alias *a in line 2", 2),
    "an anchor inside what goes": ("a:\n- &a 1\nb: *a\n", replace("/a", 2), "alias *a in line 3", 3),
    "a merged key": ("a: &a {x: 1}\nb:\n  <<: *a\n", remove("/b/x"), "merged from an anchor", 3),
    "a key that hides a merged one": ("a: &a {x: 1}\nb:\n  <<: *a\n  x: 2\n", remove("/b/x"), "merged from an anchor", 3),
    "below a merged key": ("a: &a {x: {v: 1}}\nb:\n  <<: *a\n", replace("/b/x/v", 2), "merged from an anchor", 3),
    "a doubled key": ("a: 1\nb: 2\na: 3\n", replace("/a", 4), "twice", 1),
    "beside a doubled key": ("a: 1\nb: 2\na: 3\n", remove("/b"), "twice", 1),
    "an explicit key": ("? a\n: b\n", replace("/a", 1), "`?`", 1),
    "beside an explicit key": ("a: 1\n? b\n: c\n", add("/w", 1), "`?`", 1),
    "an explicit key in braces": ("{? a : b, c: d}\n", remove("/c"), "`?`", 1),
    "a mapping without braces": ("[a: 1]\n", add("/0/w", 1), "without braces", 1),
    "nothing there": ("a: 1\n", replace("/b", 1), "no such key", 1),
    "nothing on the way": ("a: 1\n", add("/b/c", 1), "there is no 'b'", 1),
    "no such item": ("- a\n", remove("/1"), "no item 1", 1),
    "an index with a zero before it": ("- a\n", remove("/00"), "no item 00", 1),
    "below a scalar": ("a: 1\n", add("/a/b", 1), "neither mapping nor list", 1),
    "the whole document": ("a: 1\n", remove(""), "whole document", 1),
    "an empty document": ("# c\n", add("/a", 1), "empty", 1),
    "no operation of ours": ("a: 1\n", Op("move", "/a"), "unknown operation", 1),
    "a block beside the marker": ("--- text\n", replace("", {"a": 1}), "marker", 1),
}


@pytest.mark.parametrize(("text", "op", "reason", "line"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_cannot_be_done_safely_is_refused(text: str, op: Op, reason: str, line: int) -> None:
    with pytest.raises(CannotEdit, match=reason.replace("*", "[*]")) as caught:
        rewrite(text, [op])
    assert caught.value.pointer == op.pointer
    assert caught.value.line == line


def test_the_caller_keeps_its_values() -> None:
    value: dict[str, Any] = {"x": [1]}
    rewrite("a: 1\n", [add("/w", value), add("/w/x/-", 2)])
    assert value == {"x": [1]}


def test_nothing_to_do_changes_nothing() -> None:
    assert rewrite("a:   1   \n\n\n", []) == "a:   1   \n\n\n"
