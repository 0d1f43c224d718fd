"""The builtin transformers that a kustomization lists by configuration, as the fields that mean the same.

They run after the fields of the same kustomization, so of two namespaces theirs is the last. What no field says, a plugin or
a transformer for fields of its own, stays unseen.
Source: https://kubectl.docs.kubernetes.io/references/kustomize/builtins/
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence

from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain.model import GENERATED, Location
from samigrate.kustomize.kustomization import UNSEEN, Kustomization, Patch, inline, local

_LISTED = "transformers"
Sides = Mapping[str, Sequence[Value]]
"""The values of the files that kustomizations read as data, by path."""


def resolved(candidate: Kustomization, sides: Sides) -> Kustomization:
    """The kustomization with what its transformers do."""
    listed = sequence(candidate.value, _LISTED)
    if not listed:
        return candidate
    is_whole, kustomization = True, candidate
    for path, content in _contents(candidate, listed, sides):
        changed = _KINDS.get(text(content, "kind") or "", _unknown)(kustomization, path, content, sides)
        is_whole, kustomization = is_whole and changed is not None, changed or kustomization
    return (
        kustomization._replace(unseen=tuple(why for why in kustomization.unseen if why != UNSEEN[_LISTED])) if is_whole else kustomization
    )


def _contents(kustomization: Kustomization, listed: Sequence[Value], sides: Sides) -> Iterator[tuple[str, Value]]:
    """(file, configuration) of every transformer; None for one that is not read."""
    for entry in listed:
        path = next(local(kustomization.base, [entry]), None)
        if path is None:
            yield from ((kustomization.path, content) for content in inline(entry if isinstance(entry, str) else None) or (None,))
        else:
            yield from ((path, content) for content in sides.get(path) or (None,))


def _unknown(kustomization: Kustomization, path: str, content: Value, sides: Sides) -> Kustomization | None:
    return None


def _namespace(kustomization: Kustomization, path: str, content: Value, sides: Sides) -> Kustomization | None:
    namespace = text(content, "metadata", "namespace")
    if namespace is None:
        return None
    return (
        kustomization._replace(fallback=namespace)
        if mapping(content).get("unsetOnly") is True
        else kustomization._replace(namespace=namespace)
    )


def _prefix(kustomization: Kustomization, path: str, content: Value, sides: Sides) -> Kustomization | None:
    if not _is_for(content, "metadata/name"):
        return None
    return kustomization._replace(
        prefix=(text(content, "prefix") or "") + kustomization.prefix, suffix=kustomization.suffix + (text(content, "suffix") or "")
    )


def _labels(kustomization: Kustomization, path: str, content: Value, sides: Sides) -> Kustomization:
    is_deep = any("template" in (text(entry, "path") or "") for entry in sequence(content, "fieldSpecs"))
    entry = {"pairs": mapping(content, "labels"), "includeTemplates": is_deep}
    return kustomization._replace(value={**kustomization.value, "labels": [*sequence(kustomization.value, "labels"), entry]})


def _annotations(kustomization: Kustomization, path: str, content: Value, sides: Sides) -> Kustomization:
    return kustomization._replace(
        value={
            **kustomization.value,
            "commonAnnotations": mapping(kustomization.value, "commonAnnotations") | mapping(content, "annotations"),
        }
    )


def _image(kustomization: Kustomization, path: str, content: Value, sides: Sides) -> Kustomization:
    return kustomization._replace(
        value={**kustomization.value, "images": [*sequence(kustomization.value, "images"), mapping(content, "imageTag")]}
    )


def _patch(kustomization: Kustomization, path: str, content: Value, sides: Sides) -> Kustomization | None:
    stated = text(content, "patch") or text(content, "jsonOp")
    strategic = text(content, "patches")
    file = next(local(posixpath.dirname(path), [text(content, "path"), *sequence(content, "paths")]), "")
    if file and file not in sides:
        return None
    values = inline(stated or strategic)
    patch = Patch(Location(path, GENERATED), file, values, mapping(content, "target"))
    return kustomization._replace(
        patched=(*kustomization.patched, patch._replace(is_late=text(content, "kind") == "PatchJson6902Transformer"))
    )


def _replacement(kustomization: Kustomization, path: str, content: Value, sides: Sides) -> Kustomization | None:
    if any(text(entry, "path") for entry in sequence(content, "replacements")):
        return None
    return kustomization._replace(
        value={**kustomization.value, "replacements": [*sequence(kustomization.value, "replacements"), *sequence(content, "replacements")]}
    )


def _nothing(kustomization: Kustomization, path: str, content: Value, sides: Sides) -> Kustomization:
    return kustomization


def _is_for(content: Value, field: str) -> bool:
    """Whether a transformer is for a field of every kind, and for nothing else."""
    specs = sequence(content, "fieldSpecs")
    return bool(specs) and all(text(entry, "path") == field and not text(entry, "kind") for entry in specs)


_KINDS: Mapping[str, Callable[[Kustomization, str, Value, Sides], Kustomization | None]] = {
    "NamespaceTransformer": _namespace,
    **dict.fromkeys(("PrefixTransformer", "SuffixTransformer", "PrefixSuffixTransformer"), _prefix),
    "LabelTransformer": _labels,
    "AnnotationsTransformer": _annotations,
    "ImageTagTransformer": _image,
    **dict.fromkeys(("PatchTransformer", "PatchStrategicMergeTransformer", "PatchJson6902Transformer"), _patch),
    "ReplacementTransformer": _replacement,
    **dict.fromkeys(("ReplicaCountTransformer", "HashTransformer"), _nothing),
}
