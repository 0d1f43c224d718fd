"""Reading values as Kubernetes does, positions, and what is refused."""

from __future__ import annotations

import math
import pickle
import random
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from samigrate.yamltext import Number, YamlError, compose, line_ranges, load, position, positions, split

from .generate import document
from .oracle import same

SCALARS: dict[str, Any] = {
    **dict.fromkeys("y Y yes Yes YES on On ON true True TRUE".split(), True),
    **dict.fromkeys("n N no No NO off Off OFF false False FALSE".split(), False),
    **dict.fromkeys(("~", "null", "Null", "NULL", "")),
    "yEs": "yEs",
    "nULL": "nULL",
    "None": "None",
    "12": 12,
    "-12": -12,
    "+12": 12,
    "0440": 288,
    "0o644": 420,
    "0x1F": 31,
    "0b1": 1,
    "1_000": 1000,
    "-0x1F": -31,
    "12_3": 123,
    "08": 8.0,
    "0o8": "0o8",
    "1.5": 1.5,
    "1e5": 100000.0,
    ".5": 0.5,
    "1.": 1.0,
    "5.e3": 5000.0,
    "1e400": "1e400",
    ".inf": math.inf,
    "-.INF": -math.inf,
    "18446744073709551615": 18446744073709551615,
    "18446744073709551616": 18446744073709551616.0,
    "2001-01-01": "2001-01-01",
    "12:30:45": "12:30:45",
    "=": "=",
    "_1": "_1",
    "1__0": 10,
    "-": None,
    ".": ".",
    "+": "+",
    "'12'": "12",
    '"yes"': "yes",
    "'null'": "null",
    "0": 0,
    "-0": 0,
    "!!str 12": "12",
    "!!str": "",
    "!!int '12'": 12,
    "!!bool 'yes'": True,
    "!!float 3": 3.0,
    "!!null ''": None,
    "!!binary aGk=": "hi",
    "!foo 12": "12",
    "!!string yes": "yes",
    "! '12'": 12,
    "!!timestamp 2001-01-01": "2001-01-01",
}
SCALARS.pop("-")


@pytest.mark.parametrize("text", SCALARS)
def test_scalars_read_as_kubernetes_reads_them(text: str) -> None:
    found = load(f"k: {text}\n").value["k"]
    assert same(found, SCALARS[text])
    node = compose(f"k: {text}\n")
    assert node is not None and same(node.values[0].value, SCALARS[text])


def test_not_a_number() -> None:
    assert math.isnan(load("k: .NaN").value["k"])


@pytest.mark.parametrize("text", ["0440", "0o644", "0x1F", "1_000", "+5", "-0"])
def test_a_spelling_is_kept(text: str) -> None:
    found = load(f"k: {text}").value["k"]
    assert isinstance(found, Number) and found.spelling == text
    assert pickle.loads(pickle.dumps(found)).spelling == text


def test_a_canonical_integer_is_a_plain_one() -> None:
    assert type(load("k: 440").value["k"]) is int


VALUES: dict[str, tuple[str, Any]] = {
    "keys are strings": ("true: 1\n8080: 2\n1.5: 3\nnull: 4\n~: 4\ny: 1\n", {"true": 1, "8080": 2, "1.5": 3, "null": 4}),
    "an octal key": ("0440: x\n", {"288": "x"}),
    "a complex key": ("? [a, 1]\n: x\n", {'["a", 1]': "x"}),
    "merge": ("a: &a {x: 1, z: 2}\nb:\n  <<: *a\n  z: 3\n", {"a": {"x": 1, "z": 2}, "b": {"x": 1, "z": 3}}),
    "an explicit key wins though it comes first": ("a: &a {x: 1}\nb:\n  x: 2\n  <<: *a\n", {"a": {"x": 1}, "b": {"x": 2}}),
    "merge a list, the first wins": ("b:\n  <<: [{x: 1}, {x: 2, z: 3}]\n", {"b": {"x": 1, "z": 3}}),
    "merge by tag": ("b:\n  !!merge <<: {x: 1}\n", {"b": {"x": 1}}),
    "merge in merge": ("a: &a {x: 1}\nb: &b {<<: *a, z: 2}\nc: {<<: *b}\n", {"a": {"x": 1}, "b": {"x": 1, "z": 2}, "c": {"x": 1, "z": 2}}),
    "a quoted << is a key": ("'<<': {x: 1}\n", {"<<": {"x": 1}}),
    "an anchor's name twice": ("- &a x\n- *a\n- &a z\n- *a\n", ["x", "x", "z", "z"]),
    "an anchored key": ("&a k: v\nl: *a\n", {"k": "v", "l": "k"}),
    "a template placeholder": ("x: {{ .Values.y }}\n", {"x": {'{".Values.y": null}': None}}),
    "a byte order mark": ("\ufeffa: 1\n", {"a": 1}),
    "tagged collections": ("--- !!map\na: !!seq [x]\n", {"a": ["x"]}),
    "colons inside plain text in flow style": (
        'a: [http://x:80, {image: b:1.36, c:d}, "e:f"] # g:h\ni: !!str j:k\nl: {"m":1}\n',
        {"a": ["http://x:80", {"image": "b:1.36", "c:d": None}, "e:f"], "i": "j:k", "l": {"m": 1}},
    ),
    "a scalar document": ("--- |\n x\n", "x\n"),
}


@pytest.mark.parametrize(("text", "value"), VALUES.values(), ids=VALUES.keys())
def test_values(text: str, value: Any) -> None:
    assert same(load(text).value, value)


def test_aliases_are_noticed() -> None:
    assert load("a: &a 1\nb: *a\n").aliases and not load("a: &a 1\nb: '*a'\n").aliases


@pytest.mark.parametrize("text", ["", "\n", "# c\n", "---\n", "---\n# c\n", "\ufeff"])
def test_documents_without_a_node_are_empty(text: str) -> None:
    assert load(text).empty and compose(text) is None


def test_null_is_not_empty() -> None:
    assert not load("--- ~\n").empty


@pytest.mark.parametrize(("text", "line"), [("a: 1", 1), ("# c\n\n---\n# d\na: 1", 5), ("--- {a: 1}", 1), ("\r\ra: 1", 3)])
def test_line_of_the_root(text: str, line: int) -> None:
    assert load(text).line == line


def test_duplicate_keys() -> None:
    parsed = load("a:\n- b: 1\n  c/d: 1\n  b: 2\n  c/d: 3\n")
    assert parsed.value == {"a": [{"b": 2, "c/d": 3}]}
    assert parsed.duplicates == (("/a/0/b", 4, "b"), ("/a/0/c~1d", 5, "c/d"))


BAD = {
    "a tab": ("a: b\n\tc: d\n", 2, 1),
    "a tab below a byte order mark": ("\ufeffa: b\n\tc: d\n", 2, 1),
    "nothing closes": ("a: [b\n", 2, 1),
    "NUL": ("a: b\nc: \x00\n", 2, 4),
    "a surrogate": ("a: b\nc: \ud800\n", 2, 4),
    "an unknown alias": ("a: *b\n", 1, 4),
    "an alias within its anchor": ("a: &a\n- *a\n", 2, 3),
    "a second document": ("a: 1\n---\nb: 1\n", 2, 1),
    "no such number": ("a: !!int x\n", 1, 4),
    "an end of line only libyaml sees": ("a: 'x\u2028y'\nb: [\n", 3, 1),
    "brackets": ("a: " + "[" * 2000, 1, 1004),
    "brackets on lines": ("{\n" * 300, 201, 1),
    "dashes": ("\n" + "- " * 100_000, 2, 1),
    "question marks": ("? " * 100_000, 1, 1),
    "deep": ("".join(" " * depth + "a:\n" for depth in range(300)), 201, 201),
}


@pytest.mark.parametrize(("text", "line", "column"), BAD.values(), ids=BAD.keys())
def test_bad_text_has_a_place(text: str, line: int, column: int) -> None:
    for read in (load, compose):
        with pytest.raises(YamlError) as caught:
            read(text)
        assert (caught.value.line, caught.value.column) == (line, column)
        assert caught.value.problem


def test_only_mappings_can_be_merged() -> None:
    with pytest.raises(YamlError, match="line 2, column 1: << needs"):
        load("a: 1\n<<: x\n")


def test_aliases_cannot_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(YamlError, match="aliases"):
        load("\n".join(lines))


def test_many_brackets_are_fine_if_they_are_shallow() -> None:
    text = "[" + ",\n".join(['{"a": ["[[[", "{"], "b": "it\'s"}'] * 30_000) + "]"
    assert len(load(text).value) == 30_000


@given(st.integers(0, 10**9))
def test_structure_agrees_with_pyyaml(seed: int) -> None:
    text = document(random.Random(seed), with_anchors=False)
    for chunk in split(text):
        piece = text[chunk.start : chunk.end]
        try:
            node = yaml.compose(piece, Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            with pytest.raises(YamlError):
                load(piece)
            continue
        parsed = load(piece)
        if node is None or parsed.duplicates:
            continue
        assert _shape(parsed.value) == _shape_of(node)


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return [_shape(inner) for inner in value.values()]
    return [_shape(inner) for inner in value] if isinstance(value, list) else 0


def _shape_of(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return [_shape_of(value) for _, value in node.value]
    return [_shape_of(item) for item in node.value] if isinstance(node, yaml.SequenceNode) else 0


TEXT = "\ufeffa: 1\nb:\n  # c\n  - x\n  - t: |\n      one\n      two\n\n    z: &q\n      k: v\nc: *q\n"


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("", (1, 1)),
        ("/a", (1, 1)),
        ("/b", (2, 1)),
        ("/b/0", (4, 5)),
        ("/b/1", (5, 5)),
        ("/b/1/z", (9, 5)),
        ("/b/1/no/more", (5, 5)),
        ("/b/7", (2, 1)),
        ("/c/k", (10, 7)),
    ],
)
def test_position(pointer: str, place: tuple[int, int]) -> None:
    assert position(TEXT, pointer) == place


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_several_positions_are_those_of_each(end: str) -> None:
    text = "\ufeffa: 1\nb:\n- c: {d: 1}\n- e\n".replace("\n", end)
    pointers = ["/b/1", "/a", "/b/0/c/d", "/b/1", "/nowhere", "/b"]
    assert positions(text, pointers) == [position(text, pointer) for pointer in pointers]


def test_line_ranges() -> None:
    assert line_ranges(TEXT, ["/a", "/b/1/t", "/b/1", "/no", "/b"]) == [(1, 1), (5, 7), (5, 10), (2, 10)]


@given(st.text(alphabet="ab01 \n\r\t:-?,[]{}#&*!|>'\"%@`~.\ufeff\x85\u2028\x00\ud800", max_size=40))
def test_junk_never_crashes(text: str) -> None:
    for chunk in split(text):
        piece = text[chunk.start : chunk.end]
        try:
            load(piece)
            compose(piece)
        except YamlError as error:
            assert error.line >= 1 and error.column >= 1


def test_a_quote_that_nobody_closes_is_looked_through_once() -> None:
    started = time.perf_counter()
    with pytest.raises(YamlError):
        load('a: "' + '\\"' * 50_000 + "[" * 1_001)
    assert time.perf_counter() - started < 2
