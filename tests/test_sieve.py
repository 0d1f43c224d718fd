"""What is read of a stream, and what is passed over unparsed."""

from __future__ import annotations

import json

import pytest

from samigrate import kinds
from samigrate.files import manifests, prefilter
from tests.evidence.test_declared import MORE, STANZAS

KINDS = kinds.load(()).names
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}}\n"
KNATIVE = (
    "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{image: nginx}]}}}\n"
)
MESH = SERVICE.replace("{name: web}", "{name: web, annotations: {who: 'system:serviceaccount:shop:web'}}")


def read(text: str, *, has_callers: bool) -> list[str]:
    return [found.value["metadata"]["name"] for found in manifests.read("a.yaml", text, KINDS, has_callers=has_callers).documents.values()]


@pytest.mark.parametrize(
    ("text", "with_callers", "without"),
    [
        pytest.param(SERVICE, ["web"], [], id="a Service matters only to who calls it"),
        pytest.param(KNATIVE, ["web"], ["web"], id="Knative's Service holds pods"),
        pytest.param(MESH, ["web"], ["web"], id="one that names an account"),
    ],
)
def test_services(text: str, with_callers: list[str], without: list[str]) -> None:
    assert read(text, has_callers=True) == with_callers
    assert read(text, has_callers=False) == without


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        pytest.param(SERVICE, False, id="a Service"),
        pytest.param("kind: APIService\n", True, id="an extension API server"),
        pytest.param("kind: ValidatingWebhookConfiguration\nwebhooks:\n- clientConfig: {service: {name: web}}\n", True, id="a webhook"),
        pytest.param("kind: Pod\nmetadata: {annotations: {consul.hashicorp.com/connect-inject: 'true'}}\n", True, id="a mesh of Services"),
    ],
)
def test_callers(text: str, calls: bool) -> None:
    assert prefilter.has_callers(text) is calls


CONFIGURATION = [*STANZAS.items(), *MORE, ("a pod's template", "kind: Pod\nspec:\n  containers: []\n")]


@pytest.mark.parametrize(("name", "text"), [pytest.param(*one, id=f"{one[0]} {number}") for number, one in enumerate(CONFIGURATION)])
def test_configuration_that_says_something_is_read(name: str, text: str) -> None:
    for kind, section in (("ConfigMap", "data"), ("Secret", "stringData")):
        content = f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: web}}\n{section}: {{conf: {json.dumps(text)}}}\n"
        assert read(content, has_callers=False) == ["web"], name


def test_plain_settings_are_read() -> None:
    """Flux fills them in elsewhere."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  a: b\n"
    assert [one.value["data"] for one in manifests.read("a.yaml", text, KINDS, has_callers=False).documents.values()] == [{"a": "b"}]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  a: |\n    b\n", id="data last"),
        pytest.param(
            "apiVersion: v1\ndata:\n  a: |\n    b\n\n    c\n# d\n  e: f\nkind: ConfigMap\nmetadata:\n  name: web\n", id="data first"
        ),
        pytest.param(
            "apiVersion: v1\nbinaryData: {a: YQ==, b: '>'}\nkind: ConfigMap\nmetadata:\n  name: web\n", id="binary data, on one line"
        ),
        pytest.param("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n", id="no data"),
    ],
)
def test_of_other_configuration_all_but_its_data_is_read(text: str) -> None:
    """Whether it is in the input decides on images that use the API by configuration."""
    found = manifests.read("a.yaml", text, KINDS, has_callers=False).documents.values()
    assert [one.value for one in found] == [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}]


@pytest.mark.parametrize("key", ["run.sh", "run.py", "run.js", "run.mjs", "run.rb", "run.ts"])
def test_scripts_are_read(key: str) -> None:
    assert read(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata:\n  {key}: |\n    x\n", has_callers=False) == ["web"]


KIND_FIRST = "kind: RoleBinding\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {name: web}\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(KIND_FIRST, id="first"),
        pytest.param("\ufeff" + KIND_FIRST, id="first, behind a byte order mark"),
        pytest.param("# c\r" + KIND_FIRST, id="behind a lone CR"),
        pytest.param(KIND_FIRST.replace("kind: ", "'kind' :\t"), id="a quoted key"),
        pytest.param(KIND_FIRST.replace("kind: ", "kind:\n  "), id="on the next line"),
        pytest.param(KIND_FIRST.replace("kind: ", "kind: >-\n  "), id="folded"),
        pytest.param(KIND_FIRST.replace("kind: ", "kind: !!str "), id="tagged"),
        pytest.param(KIND_FIRST.replace("kind: ", "kind: &kind "), id="anchored"),
        pytest.param("a: &kind RoleBinding\n" + KIND_FIRST.replace("RoleBinding", "*kind"), id="an alias"),
        pytest.param("? kind\n: RoleBinding\n" + KIND_FIRST.partition("\n")[2], id="an explicit key"),
        pytest.param("--- !!map\n" + KIND_FIRST, id="below a tag"),
        pytest.param("--- {kind: RoleBinding, apiVersion: v1, metadata: {name: web}}\n", id="beside a marker"),
    ],
)
def test_a_kind_is_found_however_it_is_written(text: str) -> None:
    assert read(text, has_callers=False) == ["web"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_a_config_map_says_goes_whole(newline: str) -> None:
    """A blank line in it is no end, whatever ends it."""
    text = newline.join(["apiVersion: v1", "kind: ConfigMap", "metadata: {name: cfg}", "data:", "", " cfg: |", "  a: b", "", "  c", ""])
    manifest = manifests.read("cfg.yaml", text, frozenset())
    assert not manifest.problems
    assert not manifest.skips
    assert [resource.id.name for resource in manifest.resources] == ["cfg"]
