"""What dependency files declare, language by language: read with the standard library where the format allows it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from xml.etree import ElementTree

DIRECT, DEVELOPMENT, TRANSITIVE = "direct", "development", "transitive"
_DEVELOPMENT = re.compile(r"(?:^|[-_/.])(?:dev|develop|development|tests?|testing|lint|docs?|ci|typing|types)(?:$|[-_/.])")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


class Dependency(NamedTuple):
    """One package that a file names. `how` is direct, development (tests and tools), or transitive (a lock file's, or
    marked as indirect); `line` is 1-based."""

    ecosystem: str
    name: str
    line: int
    how: str


class Unreadable(ValueError):
    """The file is not what its name says."""


def read(path: str, text: str) -> list[Dependency]:
    """The dependencies a file declares; [] for any other file. Raises Unreadable."""
    name = path.rpartition("/")[2]
    for pattern, reader in READERS.items():
        if fnmatchcase(name, pattern):
            try:
                return list(reader(text, path))
            except (ValueError, ElementTree.ParseError, RecursionError, AttributeError, TypeError) as error:
                raise Unreadable(f"not readable as a {name}: {error}") from error
    return []


def is_known(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in READERS)


def normal(name: str) -> str:
    """A Python package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _line(text: str, *words: str) -> int:
    """The line of the first of the words that is there, 1 otherwise."""
    places = [place + len(word) - len(word.lstrip("\n")) for word in words if (place := text.find(word)) >= 0]
    return text.count("\n", 0, places[0]) + 1 if places else 1


# ---------------------------------------------------------------- Python


def _requirements(text: str, path: str) -> Iterator[Dependency]:
    wording = DEVELOPMENT if _DEVELOPMENT.search(path.lower().removesuffix(".txt").removesuffix(".in")) else DIRECT
    for number, line in enumerate(text.splitlines(), 1):
        if (match := _REQUIREMENT.match(line)) and not line.lstrip().startswith(("#", "-")):
            yield Dependency("pypi", normal(match[1]), number, TRANSITIVE if "# via" in line else wording)


def _pyproject(text: str, path: str) -> Iterator[Dependency]:
    value = tomllib.loads(text)
    project, poetry = value.get("project", {}), value.get("tool", {}).get("poetry", {})
    groups: list[tuple[str, Any]] = [("", project.get("dependencies", [])), ("", list(poetry.get("dependencies", {})))]
    groups += list(project.get("optional-dependencies", {}).items()) + list(value.get("dependency-groups", {}).items())
    groups += [(name, list(group.get("dependencies", {}))) for name, group in poetry.get("group", {}).items()]
    groups += [("dev", list(poetry.get("dev-dependencies", {})))]
    for name, items in groups:
        for item in items:
            if isinstance(item, str) and (match := _REQUIREMENT.match(item)):
                wording = DEVELOPMENT if name and _DEVELOPMENT.search(name) else DIRECT
                yield Dependency("pypi", normal(match[1]), _line(text, f'"{item}', f"'{item}", f"\n{item} ", f"\n{item}=", item), wording)


def _pipfile(text: str, path: str) -> Iterator[Dependency]:
    value = tomllib.loads(text)
    for section, wording in (("packages", DIRECT), ("dev-packages", DEVELOPMENT)):
        for name in value.get(section, {}):
            yield Dependency("pypi", normal(name), _line(text, f"\n{name} ", f"\n{name}=", name), wording)


def _toml_lock(ecosystem: str) -> Callable[[str, str], Iterator[Dependency]]:
    def read_lock(text: str, path: str) -> Iterator[Dependency]:
        for match in re.finditer(r'^name = "([^"]+)"', text, re.MULTILINE):
            name = normal(match[1]) if ecosystem == "pypi" else match[1]
            yield Dependency(ecosystem, name, text.count("\n", 0, match.start()) + 1, TRANSITIVE)

    return read_lock


def _setup(text: str, path: str) -> Iterator[Dependency]:
    """setup.cfg and setup.py: a requirement is a line, or a quoted text, of its own."""
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s+[\"']?([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:[\"',<>=~!;\[]|$)", line):
            yield Dependency("pypi", normal(match[1]), number, DIRECT)
        for quoted in re.finditer(r"[\"']([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:[<>=~!;\[][^\"']*)?[\"']", line):
            yield Dependency("pypi", normal(quoted[1]), number, DIRECT)


# ---------------------------------------------------------------- Go, JavaScript, PHP


def _go_mod(text: str, path: str) -> Iterator[Dependency]:
    in_block = False
    for number, line in enumerate(text.splitlines(), 1):
        code, _, comment = line.partition("//")
        words = code.split()
        if not words:
            continue
        if in_block and words[0] == ")":
            in_block = False
        elif words[:2] == ["require", "("]:
            in_block = True
        elif in_block or words[0] == "require":
            name = words[0] if in_block else words[1] if len(words) > 1 else ""
            yield Dependency("go", name, number, TRANSITIVE if "indirect" in comment else DIRECT)


_JSON_SECTIONS = {
    "npm": {"dependencies": DIRECT, "optionalDependencies": DIRECT, "peerDependencies": DIRECT, "devDependencies": DEVELOPMENT},
    "composer": {"require": DIRECT, "require-dev": DEVELOPMENT},
}


def _json(ecosystem: str) -> Callable[[str, str], Iterator[Dependency]]:
    def read_json(text: str, path: str) -> Iterator[Dependency]:
        value = json.loads(text)
        for section, wording in _JSON_SECTIONS[ecosystem].items():
            for name in value.get(section) or {}:
                yield Dependency(ecosystem, name, _line(text, f'"{name}"'), wording)

    return read_json


def _npm_lock(text: str, path: str) -> Iterator[Dependency]:
    for match in re.finditer(r"(?:node_modules/|^\"?|^ +[\"'/]?)((?:@[\w.-]+/)?[\w.-]+)(?=@|\"|'|:|/\d)", text, re.MULTILINE):
        yield Dependency("npm", match[1], text.count("\n", 0, match.start()) + 1, TRANSITIVE)


# ---------------------------------------------------------------- JVM, .NET


def _xml(text: str) -> ElementTree.Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it declares a document type")
    return ElementTree.fromstring(text)


def _child(element: ElementTree.Element, name: str) -> str:
    return next(((item.text or "").strip() for item in element if item.tag.rpartition("}")[2] == name), "")


def _pom(text: str, path: str) -> Iterator[Dependency]:
    root = _xml(text)
    managed = {id(item) for element in root.iter() if element.tag.endswith("dependencyManagement") for item in element.iter()}
    for item in root.iter():
        if item.tag.rpartition("}")[2] == "dependency" and id(item) not in managed:
            artifact = _child(item, "artifactId")
            wording = DEVELOPMENT if _child(item, "scope") == "test" else DIRECT
            yield Dependency("maven", f"{_child(item, 'groupId')}:{artifact}", _line(text, f">{artifact}<", artifact), wording)


def _gradle(text: str, path: str) -> Iterator[Dependency]:
    for number, line in enumerate(text.splitlines(), 1):
        code = line.partition("//")[0]
        for match in re.finditer(r"(\w+)\s*\(?\s*(?:platform\(|enforcedPlatform\()?\s*[\"']([\w.-]+:[\w.-]+)(?::[^\"']*)?[\"']", code):
            if match[1] not in ("id", "exclude", "mavenBom", "classpath"):
                wording = DEVELOPMENT if match[1].lower().startswith(("test", "androidtest", "integrationtest")) else DIRECT
                yield Dependency("maven", match[2], number, wording)


def _gradle_catalog(text: str, path: str) -> Iterator[Dependency]:
    for value in tomllib.loads(text).get("libraries", {}).values():
        module = value.get("module") or f"{value.get('group')}:{value.get('name')}" if isinstance(value, dict) else value
        name = ":".join(module.split(":")[:2])
        yield Dependency("maven", name, _line(text, name, name.rpartition(":")[2]), DIRECT)


def _dotnet(text: str, path: str) -> Iterator[Dependency]:
    for item in _xml(text).iter():
        name = item.get("Include") or item.get("Update") or ""
        if item.tag.rpartition("}")[2] == "PackageReference" and name:
            yield Dependency("nuget", name, _line(text, f'"{name}"'), DIRECT)


# ---------------------------------------------------------------- Rust, Ruby, Elixir


def _cargo(text: str, path: str) -> Iterator[Dependency]:
    value = tomllib.loads(text)
    for holder in (value, value.get("workspace", {}), *value.get("target", {}).values()):
        for section, wording in (("dependencies", DIRECT), ("dev-dependencies", DEVELOPMENT), ("build-dependencies", DEVELOPMENT)):
            for name, expected in holder.get(section, {}).items():
                real = expected.get("package", name) if isinstance(expected, dict) else name
                yield Dependency("cargo", real, _line(text, f"\n{name} ", f"\n{name}=", f".{name}]", name), wording)


def _gems(text: str, path: str) -> Iterator[Dependency]:
    wording = DIRECT
    for number, line in enumerate(text.splitlines(), 1):
        code = line.partition("#")[0]
        if re.match(r"\s*group\b", code):
            wording = DEVELOPMENT if re.search(r":(?:test|development)", code) else DIRECT
        elif re.match(r"end\b", code):
            wording = DIRECT
        if match := re.search(r"\b(?:gem|add_(?:runtime_)?dependency)\s*\(?\s*[\"']([\w.-]+)[\"']", code):
            yield Dependency("gem", match[1], number, wording)


def _gem_lock(text: str, path: str) -> Iterator[Dependency]:
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r" {4}([\w.-]+) \(", line):
            yield Dependency("gem", match[1], number, TRANSITIVE)


def _mix(text: str, path: str) -> Iterator[Dependency]:
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.search(r"\{\s*:(\w+)\s*,", line.partition("#")[0]):
            yield Dependency("hex", match[1], number, DEVELOPMENT if re.search(r"only:.*:(?:test|dev)\b", line) else DIRECT)


READERS: Mapping[str, Callable[[str, str], Iterator[Dependency]]] = {
    "requirements*.txt": _requirements,
    "requirements*.in": _requirements,
    "pyproject.toml": _pyproject,
    "Pipfile": _pipfile,
    "setup.cfg": _setup,
    "setup.py": _setup,
    "poetry.lock": _toml_lock("pypi"),
    "uv.lock": _toml_lock("pypi"),
    "pdm.lock": _toml_lock("pypi"),
    "go.mod": _go_mod,
    "package.json": _json("npm"),
    "composer.json": _json("composer"),
    "package-lock.json": _npm_lock,
    "yarn.lock": _npm_lock,
    "pnpm-lock.yaml": _npm_lock,
    "pom.xml": _pom,
    "build.gradle": _gradle,
    "build.gradle.kts": _gradle,
    "libs.versions.toml": _gradle_catalog,
    "*.csproj": _dotnet,
    "*.fsproj": _dotnet,
    "Cargo.toml": _cargo,
    "Cargo.lock": _toml_lock("cargo"),
    "Gemfile": _gems,
    "*.gemspec": _gems,
    "Gemfile.lock": _gem_lock,
    "mix.exs": _mix,
}
