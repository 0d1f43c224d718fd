"""What to write into a chart so that a pod gets no token: several ways, the most natural first. Each is tried and proven."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from samigrate import gotext, yamltext
from samigrate.base.values import Value, at, mapping, pointer, resolve
from samigrate.domain.model import ACCOUNT_FIELD, ALIAS_FIELD
from samigrate.domain.model import AUTOMOUNT_FIELD as AUTOMOUNT
from samigrate.helm import documenting
from samigrate.helm.chart import Chart, keys_above, nested, values_file
from samigrate.helm.rendering import Gives
from samigrate.helm.sites import Site

_KEY_LINE = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z][\w]*):(?P<rest>[^\n]*)")
_MARKER = re.compile(r"^---.*\n", re.MULTILINE)
_FIRST_KEY = re.compile(r"^(?:apiVersion|kind):", re.MULTILINE)
_VALUE = re.compile(r"\.Values\.([\w.]+)")
_TRUE = re.compile(r"^(\s*[\"']?)true\b|^(\s*\{\{-?\s*)true\b")


class Splice(NamedTuple):
    """`text` instead of what stands from `start` to `end`."""

    path: str
    start: int
    end: int
    text: str


class Setting(NamedTuple):
    """A value that is set in a values file; a new one gets the comment."""

    path: str
    keys: tuple[str, ...]
    comment: str = ""
    value: bool = False


class Attempt(NamedTuple):
    """One way to do it: its edits. `switch`: the value, seen from the outermost chart, by which users may turn
    the token on again. `gives`: how the pods get an account as well."""

    edits: tuple[Splice | Setting, ...]
    switch: tuple[str, ...] = ()
    gives: Gives | None = None


class KeyLine(NamedTuple):
    """A line of the mapping that a site stands in."""

    key: str
    start: int
    end: int  # behind its line break
    value: int  # offset behind the colon


def attempts(chart: Chart, site: Site, conditions: Sequence[str] | None, *, by_switch: bool = False) -> list[Attempt]:
    """The ways for a site's pods. `conditions` are those under which its pods may need the token; None where no pod needs it.
    `by_switch`: with a value by which users may turn it on again, where that can be had."""
    text = chart.texts[site.path]
    beside = {line.key: line for line in siblings(text, site)}
    if AUTOMOUNT in beside:
        return list(_by_value(site, text, beside[AUTOMOUNT]))
    start = _start(text, site, beside.get(ACCOUNT_FIELD) or beside.get(ALIAS_FIELD))
    newline = "\r\n" if "\r\n" in text[site.start : site.start + 200] else "\n"

    def line(value: str) -> str:
        return f"{site.indent}{AUTOMOUNT}: {value}{newline}"

    def written(lines: str) -> Splice:
        has_break = text[:start].endswith("\n")  # the last line of a file may have none
        return Splice(site.path, start, start, lines if has_break else newline + lines.removesuffix(newline))

    if conditions is not None:
        end = f"{site.indent}{{{{- end }}}}{newline}"
        guarded = [f"{site.indent}{{{{- if not ({each}) }}}}{newline}{line('false')}{end}" for each in conditions]
        return [Attempt((written(lines),)) for lines in guarded]
    result = [Attempt((written(line("false")),))]
    if by_switch and (switch := _switch(chart, site)):
        shown = f"($.Values.{switch.keys[0]}).{switch.keys[1]}" if len(switch.keys) > 1 else f"$.Values.{switch.keys[0]}"
        edits = written(line(f"{{{{ {shown} | default false }}}}")), switch
        result.insert(0, Attempt(edits, (*keys_above(site.path), *switch.keys)))
    return result


def says_automount(chart: Chart, site: Site) -> bool:
    """Whether a site's pods say already whether they get a token."""
    return any(line.key == AUTOMOUNT for line in siblings(chart.texts[site.path], site))


def with_account(chart: Chart, site: Site) -> Attempt | None:
    """An account document before the workload's, both named by the text of the workload's own name, and the token; None where
    the template names an account already, or its document cannot be told from its text."""
    text = chart.texts[site.path]
    if {ACCOUNT_FIELD, ALIAS_FIELD} & {line.key for line in siblings(text, site)}:
        return None  # under a condition, or by a helper that says `default`: it would stand twice
    start = max((match.end() for match in _MARKER.finditer(text, 0, site.start)), default=0)
    first = _FIRST_KEY.search(text, start, site.start)
    if not first or "\r\n" in text or not gotext.is_one_block(text, first.start(), site.start):
        return None
    metadata = re.compile(r"^metadata:[ ]*\n((?:[ ]+.*\n|\s*\n|[ ]*\{\{.*\n)*)", re.MULTILINE).search(text, first.start(), site.start)
    lines = dict(re.findall(r"^  (name|namespace):[ ]*(\S.*)$", metadata[1], re.MULTILINE)) if metadata else {}
    if "name" not in lines:
        return None
    named = "".join(f"  {key}: {lines[key]}\n" for key in ("name", "namespace") if key in lines)
    document = f"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n{named}{AUTOMOUNT}: false\n---\n"
    pod = f"{site.indent}{ACCOUNT_FIELD}: {lines['name']}\n{site.indent}{AUTOMOUNT}: false\n"
    edits = Splice(site.path, first.start(), first.start(), document), Splice(site.path, site.start, site.start, pod)
    return Attempt(edits, gives=Gives.DOCUMENT)


def by_template(chart: Chart, site: Site) -> Attempt | None:
    """The chart's own account, which a value keeps from being made, and the token; None where the template names no account by a
    helper, or the value is another."""
    file = values_file(site.path)
    line = next((line for line in siblings(chart.texts[site.path], site) if line.key == ACCOUNT_FIELD), None)
    values = yamltext.load(chart.texts.get(file, "")).value
    if not line or "include" not in chart.texts[site.path][line.value : line.end] or at(values, "serviceAccount", "create") is not False:
        return None
    token = attempts(chart, site, None)[:1]
    return Attempt((Setting(file, ("serviceAccount", "create"), value=True), *token[0].edits), gives=Gives.TEMPLATE) if token else None


def _switch(chart: Chart, site: Site) -> Setting | None:
    """The value to add for users who need the token. One of that name that is there already has a meaning of its own."""
    path = values_file(site.path)
    text = chart.texts.get(path, "")
    try:
        values = yamltext.load(text).value
    except yamltext.YamlError:
        return None
    comment = ("# -- " if "# -- " in text else "# ") + "Mount a token for the Kubernetes API into the pods"
    account = mapping(values, "serviceAccount")
    if account and not account.keys() & {"automount", AUTOMOUNT}:
        return Setting(path, ("serviceAccount", "automount"), comment)
    return Setting(path, (AUTOMOUNT,), comment) if values is None or (isinstance(values, dict) and AUTOMOUNT not in values) else None


def _start(text: str, site: Site, account: KeyLine | None) -> int:
    """Where the line goes: behind the account, where that stands under the same conditions; else before the containers."""
    if account and gotext.is_one_block(text, min(account.start, site.start), max(account.end, site.start)):
        return account.end
    return site.start


def _by_value(site: Site, text: str, line: KeyLine) -> Iterator[Attempt]:
    """The chart says it already: by a literal, or by a value; nothing where it says it through a helper."""
    written = text[line.value : line.end]
    if literal := _TRUE.match(written):
        end = line.value + literal.end()
        yield Attempt((Splice(site.path, end - len("true"), end, "false"),))
    for path in _VALUE.findall(written):
        yield Attempt((Setting(values_file(site.path), tuple(path.split("."))),))


def siblings(text: str, site: Site) -> list[KeyLine]:
    """The lines of the mapping that the site's line stands in, as far as they are written at its indentation."""
    before: list[KeyLine] = []
    position = site.start
    while position > 0:
        start = text.rfind("\n", 0, position - 1) + 1
        if not _is_within(text[start:position], site.indent):
            break
        before += _key_line(text, start, position, site.indent)
        position = start
    after: list[KeyLine] = []
    position = text.find("\n", site.start) + 1
    while 0 < position < len(text):
        end = text.find("\n", position) + 1 or len(text)
        if not _is_within(text[position:end], site.indent):
            break
        after += _key_line(text, position, end, site.indent)
        position = end
    return [*before, *after]


def _is_within(line: str, indent: str) -> bool:
    """Whether a line may belong to a mapping of that indentation: actions and comments stand anywhere."""
    content = line.strip()
    if not content or content.startswith(("{{", "#")):
        return True
    return len(line) - len(line.lstrip(" ")) >= len(indent) and content != "---"


def _key_line(text: str, start: int, end: int, indent: str) -> Iterator[KeyLine]:
    match = _KEY_LINE.match(text, start, end)
    if match and match["indent"] == indent:
        yield KeyLine(match["key"], start, end, match.start("rest"))


def texts(chart: Chart, chosen: Iterable[Attempt]) -> dict[str, str]:
    """The chart's files as they become. Raises yamltext.CannotEdit where a values file cannot take a value."""
    splices: dict[str, set[Splice]] = defaultdict(set)
    settings: dict[str, set[Setting]] = defaultdict(set)
    for attempt in chosen:
        for edit in attempt.edits:
            if isinstance(edit, Splice):
                splices[edit.path].add(edit)
            else:
                settings[edit.path].add(edit)
    result = {path: _spliced(chart.texts[path], ours) for path, ours in splices.items()}
    for path, values in settings.items():
        result[path] = _set(chart.texts.get(path, ""), sorted(values))
        result |= _documented(chart, path.removesuffix("values.yaml"), values) if path.endswith("values.yaml") else {}
    return {path: text for path, text in result.items() if text != chart.texts.get(path, "")}


def _documented(chart: Chart, folder: str, settings: Iterable[Setting]) -> dict[str, str]:
    """The schema and the README of the chart in a folder, as they become with its values."""
    schema, readme = (chart.texts.get(f"{folder}{name}", "") for name in ("values.schema.json", "README.md"))
    for setting in sorted(settings):
        if setting.comment:
            schema = documenting.schema(schema, setting.keys)
            readme = documenting.new_row(readme, setting.keys, setting.comment.lstrip("# -"))
        elif not setting.value:
            readme = documenting.changed_row(readme, setting.keys)
    return {f"{folder}values.schema.json": schema, f"{folder}README.md": readme}


def _set(text: str, settings: Iterable[Setting]) -> str:
    for setting in settings:
        text = with_setting(text, setting.keys, setting.value)
        if setting.comment:
            lines = text.splitlines(keepends=True)
            number = yamltext.position(text, pointer(*setting.keys))[0] - 1
            indent = lines[number][: len(lines[number]) - len(lines[number].lstrip(" "))]
            newline = "\r\n" if lines[number].endswith("\r\n") else "\n"
            text = "".join([*lines[:number], indent + setting.comment + newline, *lines[number:]])
    return text


def _spliced(text: str, splices: Iterable[Splice]) -> str:
    for splice in sorted(splices, key=lambda splice: -splice.start):
        text = text[: splice.start] + splice.text + text[splice.end :]
    return text


def with_setting(text: str, keys: Sequence[str | int], new: bool = False) -> str:
    """A document in which a value is set, with what leads to it."""
    value = yamltext.load(text).value
    for depth, key in enumerate(keys):
        inner = resolve(value, pointer(*keys[: depth + 1]))
        is_there = _has(resolve(value, pointer(*keys[:depth])), key)
        if not is_there or (depth < len(keys) - 1 and not isinstance(inner, dict | list)):
            fresh = nested(keys[depth + 1 :], new)
            return yamltext.rewrite(text, [yamltext.Op("replace" if is_there else "add", pointer(*keys[: depth + 1]), fresh, ("create",))])
    return yamltext.rewrite(text, [yamltext.Op("replace", pointer(*keys), new)])


def _has(value: Value, key: str | int) -> bool:
    return (isinstance(value, dict) and key in value) or (isinstance(value, list) and isinstance(key, int) and key < len(value))
