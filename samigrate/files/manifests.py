"""Plain manifests as a substrate: text → resources, and text + operations → text.

Reading keeps values and drops the text: what a migration cannot touch is passed over unparsed, by its kind and a
few words (the sieve), and a file is read again when it is to be rewritten.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from samigrate import yamltext
from samigrate.base.values import Value, text
from samigrate.domain.model import DEFAULT_PREFIX, Location, Operation, Problem, Resource, Skip, Unread
from samigrate.domain.running import RunningPods
from samigrate.files import fill_comments
from samigrate.files.prefilter import MARKED, holds, relevant
from samigrate.files.secret_lines import secret_lines as secret_lines
from samigrate.optouts import scanners, suppress

OWN_GROUP = DEFAULT_PREFIX
KUSTOMIZATION = "kustomize.config.k8s.io/v1beta1 Kustomization"
_HEAD = re.compile(r"^\ufeff*[\"']?(apiVersion|kind)[\"']?[ \t]*:", re.MULTILINE)
_FLOW_HEAD = re.compile(r"[{,]\s*[\"']?(apiVersion|kind)[\"']?\s*:")
_WIDE = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_RENDERED = re.compile(r"^# Source: [^/\s]+/(?:charts/[^/\s]+/)*templates/", re.MULTILINE)
_SEALED = re.compile(r"^sops:[ \t]*\r?$|[{,]\s*\"sops\"\s*:\s*\{", re.MULTILINE)
_SEAL = "SOPS has sealed the file: its MAC covers every value"
"""Source: https://getsops.io/docs/#message-authentication-code"""
TEMPLATE = "a template, not a manifest: render it first"
_HEADS = tuple(re.compile(rf"^[\"']?{key}[\"']?[ \t]*:", re.MULTILINE) for key in ("kind", "apiVersion"))
_TEMPLATED = re.compile(r"\{\{.*?\}\}|^\s*\{\{", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """One document that was read. `frozen` says why it must not be edited, "" otherwise; `line` is the 1-based
    line of its first content."""

    index: int
    line: int
    value: Value
    frozen: str = ""
    frozen_line: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one file holds. `documents` are those that matter, by their place in the stream; `count` is how many
    hold content at all; `marked` the places of those that may name an account. A file that a kustomization reads as
    a patch or a configuration holds no documents, and its values as `sides`; a kustomization has what its generators
    make as `generated`. `unread` is what of it could not be read: it may say anything that its text does not exclude.
    `is_dump`: all of it are a cluster's own objects, of which nothing is edited; then `running` are their pods, and
    `resources` hold one of each sort of them. `holds_objects`: it holds an object for a cluster, whether or not that matters here."""

    path: str
    documents: Mapping[int, Document]
    resources: tuple[Resource, ...]
    marked: frozenset[int]
    count: int
    is_json: bool
    opts: tuple[suppress.Opt, ...] = ()
    problems: tuple[Problem, ...] = ()
    skips: tuple[Skip, ...] = ()
    sides: tuple[Value, ...] = ()
    generated: tuple[Resource, ...] = ()
    unread: tuple[Unread, ...] = ()
    running: tuple[RunningPods, ...] = ()
    is_dump: bool = False
    holds_objects: bool = False


# ---------------------------------------------------------------- bytes to text


def decode(path: str, data: bytes) -> str | Problem:
    """The text of a file, its byte order mark kept as U+FEFF; a Problem where it is no UTF-8 text."""
    if wide := next((name for mark, name in _WIDE.items() if data.startswith(mark)), None):
        return Problem(path, 1, f"is {wide}: save it as UTF-8")
    try:
        result = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Problem(path, data[: error.start].count(b"\n") + 1, f"not UTF-8: byte 0x{data[error.start]:02x}")
    if "\0" in result:
        return Problem(path, result[: result.index("\0")].count("\n") + 1, "holds a NUL byte")
    if "\n" not in result and "\r" in result.rstrip("\r"):  # kubectl ends a document at LF --- alone: a second would be lost
        return Problem(path, 1, "its lines end in CR alone: save it with LF or CR LF")
    return result


def is_manifest(data: bytes) -> bool:
    """Whether unreadable bytes look like a manifest all the same: top-level `apiVersion` and `kind`."""
    result = data.replace(b"\0", b"").decode("utf-8", "replace")  # UTF-16 without its NULs reads well enough
    pattern = _FLOW_HEAD if result.lstrip("\ufeff\ufffd \t\r\n").startswith("{") else _HEAD
    heads = {head[1] for head in pattern.finditer(result.lstrip("\ufffd"))}
    return heads == {"apiVersion", "kind"}


def unreadable(path: str, data: bytes | None, value: Problem | Skip, reason: str) -> Manifest:
    """A file of which nothing can be read but, as far as that goes, the words in its bytes."""
    text = None if data is None else data.replace(b"\0", b"").decode("utf-8", "replace").replace("\r", "\n")
    return Manifest(path, {}, (), frozenset(), 0, False, unread=(Unread(Location(path, line=value.line), text, reason),))


def may_be_manifest(unreadable: Manifest) -> bool:
    """Whether the words of a file that cannot be read are those of a manifest, as far as there are any."""
    return any(unread_file.text is None or is_manifest(unread_file.text.encode("utf-8", "replace")) for unread_file in unreadable.unread)


# ---------------------------------------------------------------- reading


def read(path: str, content: str, kinds: frozenset[str], *, has_callers: bool = True) -> Manifest:
    """The documents of a file that matter. `kinds` are the names of kinds that hold pod specs; `has_callers`: something
    may call a Service on behalf of the API server, so Services matter."""
    documents: dict[int, Document] = {}
    resources: list[Resource] = []
    marked: set[int] = set()
    opts: list[suppress.Opt] = []
    reported: list[Problem | Skip] = []
    unread: list[Unread] = []
    count, has_flow, is_kustomization = 0, False, is_kustomization_file(path)
    lines = yamltext.Lines(content)
    for index, chunk in enumerate(yamltext.split(content)):
        is_flow = yamltext.is_flow(content, chunk.start, chunk.end)
        has_flow = has_flow or is_flow
        full_text = content[chunk.start : chunk.end] if is_kustomization else None
        fragment = full_text or relevant(content, chunk, kinds, is_flow=is_flow, has_callers=has_callers)
        if fragment is None:
            continue
        count += 1
        if not fragment:
            continue
        filled = fill_comments.read(fragment) if fill_comments.has_any(fragment) else None
        fragment = filled.text if filled else fragment
        try:
            parsed = yamltext.load_to_edit(fragment) if "containers" in fragment else yamltext.load(fragment)
        except yamltext.YamlError as error:
            reported.append(_told(path, lines.of(chunk.start) + error.line - 1, fragment, error.problem))
            unread.append(Unread(Location(path, index, "", reported[-1].line), fragment, error.problem))
            continue
        if parsed.empty:
            count -= 1
            continue
        if not isinstance(parsed.value, dict):
            continue
        first = lines.of(chunk.start)
        document = _parsed(index, first, parsed)
        if filled and filled.frozen and not document.frozen:
            document = dataclasses.replace(document, frozen=filled.frozen, frozen_line=first + filled.line - 1)
        documents[index] = document
        inside = list(_open(path, index, document.line, document.value, "", KUSTOMIZATION if is_kustomization else ""))
        inside = scanners.marked(inside, fragment, index, first)
        resources += inside
        if holds(fragment, MARKED):
            marked.add(index)
        opts += suppress.in_comments(fragment, index, first, inside)
    if "sops" in content and (sealed := _SEALED.search(content)) is not None:
        position = lines.of(sealed.end())
        documents = {index: dataclasses.replace(one, frozen=_SEAL, frozen_line=position) for index, one in documents.items()}
    is_json = path.endswith(".json") or (has_flow and count == 1)  # among others a document may stand in block style
    problems = tuple(one for one in reported if isinstance(one, Problem))
    skips = tuple(one for one in reported if isinstance(one, Skip))
    manifest = Manifest(
        path, documents, tuple(resources), frozenset(marked), count, is_json, tuple(opts), problems, skips, unread=tuple(unread)
    )
    return dataclasses.replace(manifest, holds_objects=_holds_objects(content, resources))


def _holds_objects(content: str, resources: Sequence[Resource]) -> bool:
    """Whether there is an object for a cluster: our own files and kustomizations are for tools."""
    if resources:
        return any(resource.id.group not in (OWN_GROUP, "kustomize.config.k8s.io") for resource in resources)
    return all(head.search(content) for head in _HEADS)


def _told(path: str, line: int, fragment: str, problem: str) -> Problem | Skip:
    """What is said of a document that is no YAML: only of a manifest it is a problem."""
    if _is_template(fragment):
        return Skip(path, line, TEMPLATE)
    if is_manifest(fragment.encode("utf-8", "replace")):
        return Problem(path, line, problem)
    return Skip(path, line, f"not readable as YAML, and no manifest: {problem}")


def _parsed(index: int, first: int, parsed: yamltext.Parsed) -> Document:
    """A document whose chunk begins on the line `first`."""
    if not parsed.duplicates:
        return Document(index, first + parsed.line - 1, parsed.value)
    _, line, key = parsed.duplicates[0]
    return Document(index, first + parsed.line - 1, parsed.value, f"the key {key} stands twice in one mapping", first + line - 1)


def values(content: str) -> Iterator[Value]:
    """The value of each document that can be read, whatever it is."""
    for chunk in yamltext.split(content):
        try:
            parsed = yamltext.load(content[chunk.start : chunk.end])
        except yamltext.YamlError:
            continue  # the tool that it is for reports the fault
        if not parsed.empty:
            yield parsed.value


def rendered_line(content: str) -> int:
    """The line that says the file was rendered from a chart's template; 0 where none does."""
    match = _RENDERED.search(content) if "# Source: " in content else None
    return content.count("\n", 0, match.start()) + 1 if match else 0


def is_kustomization_file(path: str) -> bool:
    return path.rpartition("/")[2] in ("kustomization.yaml", "kustomization.yml", "Kustomization")


def _is_template(fragment: str) -> bool:
    return "{{" in fragment and _TEMPLATED.search(fragment) is not None


def _open(path: str, index: int, line: int, value: Value, item: str, inherited: str) -> Iterator[Resource]:
    """The objects of a document: Lists (also nested, also typed) and Templates opened (domain C.1)."""
    if not isinstance(value, dict):
        return
    kind = text(value, "kind")
    if kind is None and inherited:
        value = {"apiVersion": inherited.rpartition(" ")[0], "kind": inherited.rpartition(" ")[2], **value}
        kind = text(value, "kind")
    if kind is None:
        return
    api = text(value, "apiVersion") or ""
    field = "objects" if kind == "Template" and api.startswith(("template.openshift.io/", "v1")) else "items"
    inside = value.get(field)
    if isinstance(inside, list) and (field == "objects" or kind.endswith("List")):
        typed = f"{api} {kind[:-4]}" if kind not in ("List", "ResourceList") and field == "items" else ""
        for position, entry in enumerate(inside):
            yield from _open(path, index, line, entry, f"{item}/{field}/{position}", typed)
        return
    if api:
        yield Resource(Location(path, index, item, line), value)


def opened(path: str, document: Document) -> Iterator[Resource]:
    """The objects of a document that another substrate has read."""
    return _open(path, document.index, document.line, document.value, "", "")


# ---------------------------------------------------------------- rewriting


class RefusedError(ValueError):
    """The text cannot take an operation, named by its document and its pointer into it; `line` is 1-based. `others`
    are what further documents of the file refuse."""

    def __init__(self, document: int, pointer: str, reason: str, line: int) -> None:
        super().__init__(reason)
        self.document, self.pointer, self.reason, self.line = document, pointer, reason, line
        self.others: list[RefusedError] = []

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.document, self.pointer, self.reason, self.line), {"others": self.others}


class NoRoomHere(RefusedError):
    """A document that no account can be declared beside; what only edits it may go on."""


def rewrite(
    content: str, operations: Mapping[int, Sequence[Operation]], inserts: Sequence[tuple[int, Value]], removals: Sequence[int] = ()
) -> str:
    """The file's new text: operations by document, their pointers relative to it, then the new documents, each with
    the place of the document it goes before; `removals` are places of documents that go, and exclude new ones. Raises
    RefusedError for the first operation that each document cannot take."""
    chunks = yamltext.split(content)
    added: dict[int, list[Value]] = {}
    for index, value in inserts:
        added.setdefault(index, []).append(value)
    fragments: dict[yamltext.Chunk, str] = {}
    refused: list[RefusedError] = []
    for index in sorted(operations.keys() | added.keys()):
        chunk = chunks[index]
        fragment = result = content[chunk.start : chunk.end]
        edits = [yamltext.Op(operation.op, operation.pointer, operation.value, operation.after) for operation in operations.get(index, ())]
        try:
            result = yamltext.rewrite(fragment, edits) if edits else fragment
        except yamltext.CannotEdit as error:
            refused.append(RefusedError(index, error.pointer, error.reason, yamltext.Lines(content).of(chunk.start) + error.line - 1))
            continue
        if index in added:
            new = [_document(fragment, value) for value in added[index]]
            result = yamltext.insert_before(result, new, yamltext.newline_at(content, chunk.start))
        fragments[chunk] = result
    if refused:
        refused[0].others = refused[1:]
        raise refused[0]
    edited = yamltext.replace_chunks(content, fragments)
    return _without(edited, removals) if removals else edited


def _without(content: str, removals: Sequence[int]) -> str:
    for index in sorted(removals, reverse=True):
        try:
            content = yamltext.remove_documents(content, [index])
        except yamltext.CannotEdit as error:
            raise RefusedError(index, "", error.reason, error.line) from error
    return content


def _document(neighbour: str, value: Value) -> str:
    """A new document in the layout of its neighbour, with a `# Source:` line where the neighbour has one (R-F19): one that
    is no chart's file."""
    style = yamltext.style_of(neighbour)
    rendered = yamltext.render(value, **style)
    source = re.search(r"^# Source: (\S+)$", neighbour, re.MULTILINE)
    is_chart = source is not None and _RENDERED.match(source[0]) is not None
    return f"# Source: {source[1]} (samigrate){style['newline']}{rendered}" if source and is_chart else rendered


def new_file(values: Sequence[Value]) -> str:
    """The text of a YAML file of its own for some objects."""
    return "---\n".join(yamltext.render(value) for value in values)


def new_json_file(values: Sequence[Value]) -> str:
    """The text of a JSON file of its own for one object, or for several as a List."""
    value = values[0] if len(values) == 1 else {"apiVersion": "v1", "kind": "List", "items": list(values)}
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def again(manifest: Manifest, planned: Mapping[int, Value], inserts: Sequence[tuple[int, Value]], removals: Sequence[int] = ()) -> Manifest:
    """The manifest with other values: what reading its new text would give, but for places and lines."""
    gone = set(removals)
    documents = {
        index: dataclasses.replace(document, value=planned[index]) if index in planned else document
        for index, document in manifest.documents.items()
        if index not in gone
    }
    base = max(documents, default=0) + 1
    new = {base + place: Document(base + place, 1, value) for place, (_, value) in enumerate(inserts)}
    remaining = [resource for resource in manifest.resources if resource.at.document in documents and resource.at.document not in planned]
    documents |= new
    inherited = KUSTOMIZATION if is_kustomization_file(manifest.path) else ""
    result = [
        resource
        for index in (*sorted(planned), *new)
        for resource in _open(manifest.path, index, documents[index].line, documents[index].value, "", inherited)
    ]
    resources = sorted([*remaining, *result], key=lambda resource: resource.at.document)
    return dataclasses.replace(manifest, documents=documents, resources=tuple(resources), marked=manifest.marked | set(planned) | set(new))


def evidence_lines(content: str, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The 1-based lines of (document, pointer into it), for reports."""
    return {place: line for place, (line, _) in evidence_places(content, wanted).items()}


def evidence_places(content: str, expected: Iterable[tuple[int, str]]) -> dict[tuple[int, str], tuple[int, int]]:
    """The same with their columns, 1-based, too."""
    chunks, lines = yamltext.split(content), yamltext.Lines(content)
    by_document: dict[int, list[str]] = {}
    for index, pointer in sorted(set(expected)):
        by_document.setdefault(index, []).append(pointer)
    result: dict[tuple[int, str], tuple[int, int]] = {}
    for index, pointers in by_document.items():
        if index < len(chunks):
            start, end = chunks[index]
            above = lines.of(start) - 1
            positions = yamltext.positions(content[start:end], pointers)
            result |= {(index, pointer): (above + line, column) for pointer, (line, column) in zip(pointers, positions, strict=True)}
    return result
