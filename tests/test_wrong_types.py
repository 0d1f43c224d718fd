"""A file of ours, or a host's list, with a value of a wrong type anywhere in it is bad input, never a fault of ours."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import invoke

WRONG: tuple[Any, ...] = (None, 1, "x", [], {}, [[]], [{}], True, {"a": {"b": [1]}}, -1, 10**30, {"": ""})
WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx"}]}}},
}
LIST = {
    "apiVersion": "config.kubernetes.io/v1",
    "kind": "ResourceList",
    "functionConfig": {"apiVersion": "samigrate.dev/v1", "kind": "Config", "recipe": ["least-privilege"], "exclude": ["a"]},
    "items": [{**WEB, "metadata": {**WEB["metadata"], "annotations": {"config.kubernetes.io/path": "a.yaml"}}}],  # type: ignore[dict-item]
    "results": [{"message": "a", "severity": "info"}],
}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*at, key))


def spoiled(value: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The value with each of its parts in turn of a wrong type, which differs from part to part."""
    for number, at in enumerate(places(value)):
        for wrong in (WRONG[number % len(WRONG)], WRONG[(number + 5) % len(WRONG)]):
            made = copy.deepcopy(value)
            if not at:
                yield at, wrong
                continue
            inner = made
            for key in at[:-1]:
                inner = inner[key]
            inner[at[-1]] = wrong
            yield at, made


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("web.yaml").write_text(yaml.safe_dump(WEB))


def test_a_baseline() -> None:
    assert invoke(["audit", "--format", "json", "--output", "base.json", "."]).exit == 0
    report = json.loads(Path("base.json").read_text())
    for at, made in spoiled(report):
        Path("spoiled.json").write_text(json.dumps(made))
        result = invoke(["migrate", "--check", "--baseline", "spoiled.json", "web.yaml"])
        assert result.exit in (0, 1, 2), (at, result.stderr)
        assert result.exit != 2 or "spoiled.json:" in result.stderr


def test_the_identity_in_a_baseline_is_told_with_its_line() -> None:
    Path("base.json").write_text('{"version": 1, "workloads": [\n{"path": "a",\n "resource": {"name": []}}]}')
    result = invoke(["migrate", "--check", "--baseline", "base.json", "web.yaml"])
    assert (result.exit, result.stderr) == (2, "samigrate: base.json:3: workloads.0.resource.name must be of type string or null\n")


def test_a_plan() -> None:
    assert invoke(["plan", "-o", "plan.yaml", "."]).exit == 0
    for at, made in spoiled(yaml.safe_load(Path("plan.yaml").read_text())):
        Path("spoiled.yaml").write_text(yaml.safe_dump(made))
        result = invoke(["apply", "--dry-run", "spoiled.yaml"])
        assert result.exit in (0, 1, 2), (at, result.stderr)


def test_a_list_of_a_host() -> None:
    for at, made in spoiled(LIST):
        result = invoke(["krm"], yaml.safe_dump(made).encode())
        assert result.exit in (0, 2), (at, result.stderr)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b"- a", b"a: b: c", b"{", b"kind: ResourceList\nitems: [1, ~, a]\n", b"&a [*a]", b"---\n---\n", b"[" * 5000],
)
def test_what_is_no_list_of_a_host(content: bytes) -> None:
    result = invoke(["krm"], content)
    assert result.exit == 2
    assert result.stdout == b"" or b"results" in result.stdout


KUSTOMIZATION = {
    "apiVersion": "kustomize.config.k8s.io/v1beta1",
    "kind": "Kustomization",
    "namespace": "shop",
    "namePrefix": "a-",
    "resources": ["web.yaml"],
    "components": ["part"],
    "patches": [
        {"path": "patch.yaml", "target": {"kind": "Deployment", "name": "web", "labelSelector": "a=b", "annotationSelector": "c in (d)"}},
        {"patch": "- {op: move, from: /spec/a, path: /spec/b}\n- {op: add, path: /spec/x, value: 1}\n", "target": {"kind": "Deployment"}},
    ],
    "patchesStrategicMerge": ["patch.yaml"],
    "patchesJson6902": [{"target": {"kind": "Deployment", "name": "web"}, "path": "patch.yaml"}],
    "labels": [{"pairs": {"a": "b"}, "includeTemplates": True}],
    "commonLabels": {"a": "b"},
    "commonAnnotations": {"a/b": "c"},
    "images": [{"name": "nginx", "newName": "other"}],
    "transformers": ["transformer.yaml"],
    "replacements": [
        {
            "source": {"kind": "Deployment", "fieldPath": "spec.x", "options": {"delimiter": "/", "index": 0}},
            "targets": [
                {"select": {"kind": "Deployment"}, "reject": [{"name": "x"}], "fieldPaths": ["spec.y"], "options": {"create": True}}
            ],
        }
    ],
}
PATCH = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "A", "value": "b"}]}], "volumes": [{"name": "v"}]}}},
}
TRANSFORMERS: list[dict[str, Any]] = [
    {"apiVersion": "builtin", "kind": "NamespaceTransformer", "metadata": {"name": "n", "namespace": "x"}, "unsetOnly": True},
    {
        "apiVersion": "builtin",
        "kind": "PrefixTransformer",
        "metadata": {"name": "n"},
        "prefix": "x",
        "fieldSpecs": [{"path": "metadata/name"}],
    },
    {"apiVersion": "builtin", "kind": "LabelTransformer", "metadata": {"name": "n"}, "labels": {"a": "b"}, "fieldSpecs": [{"path": "x"}]},
    {"apiVersion": "builtin", "kind": "PatchTransformer", "metadata": {"name": "n"}, "patch": "[]", "target": {"kind": "Deployment"}},
    {"apiVersion": "builtin", "kind": "ImageTagTransformer", "metadata": {"name": "n"}, "imageTag": {"name": "nginx", "newName": "x"}},
    {"apiVersion": "builtin", "kind": "ReplacementTransformer", "metadata": {"name": "n"}, "replacements": [{"source": {"kind": "x"}}]},
]
FLUX = {
    "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
    "kind": "Kustomization",
    "metadata": {"name": "k", "namespace": "flux-system"},
    "spec": {
        "path": "./app",
        "targetNamespace": "shop",
        "patches": [{"patch": "[]", "target": {"kind": "Deployment"}}],
        "components": ["../part"],
        "images": [{"name": "nginx", "newName": "x"}],
        "commonMetadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
    },
}
SOURCE = {
    "path": "app",
    "kustomize": {"namespace": "x", "images": ["nginx=other:1"], "patches": [{"patch": "[]"}]},
    "directory": {"recurse": True},
}
APPLICATION_SET = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "ApplicationSet",
    "metadata": {"name": "s"},
    "spec": {
        "generators": [
            {"git": {"directories": [{"path": "app"}, {"path": "x", "exclude": True}]}},
            {"matrix": {"generators": [{"list": {"elements": [{"a": "b", "c": {"d": 1}}]}}, {"clusters": {}}]}},
        ],
        "template": {"spec": {"destination": {"namespace": "{{a}}"}, "source": SOURCE, "sources": [SOURCE]}},
    },
}
BUILT = {
    "kustomization": KUSTOMIZATION,
    "patch": PATCH,
    **{f"transformer {one['kind']}": one for one in TRANSFORMERS},
    "Flux": FLUX,
    "ApplicationSet": APPLICATION_SET,
}


@pytest.mark.parametrize("kind", BUILT)
def test_what_a_build_says(kind: str) -> None:
    Path("app").mkdir()
    Path("part").mkdir()
    component = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "namespace": "y"}
    files = {"app/kustomization.yaml": KUSTOMIZATION, "app/patch.yaml": PATCH, "app/transformer.yaml": TRANSFORMERS[0], "tie.yaml": FLUX}
    for path, value in {**files, "part/kustomization.yaml": component, "app/web.yaml": WEB}.items():
        Path(path).write_text(yaml.safe_dump(value))
    target = {"kustomization": "app/kustomization.yaml", "patch": "app/patch.yaml", "Flux": "tie.yaml", "ApplicationSet": "tie.yaml"}
    for at, value in spoiled(BUILT[kind]):
        Path(target.get(kind, "app/transformer.yaml")).write_text(yaml.safe_dump(value))
        result = invoke(["audit", "-q", "."])
        assert result.exit in (0, 2), (at, result.stderr[-600:])
