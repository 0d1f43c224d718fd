"""The catalogue: images (R-E10, R-E12), registries (R-D4), roles (R-E4), and how entries are written."""

from __future__ import annotations

import time
from typing import Any

import pytest

from samigrate import catalog
from samigrate.base.errors import InputError
from samigrate.catalog.entries import check_patterns
from samigrate.evidence._scripts import library

CATALOG = catalog.load()
DIGEST = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        pytest.param("nginx", "nginx", id="a name"),
        pytest.param("nginx:1.27", "nginx", id="a tag"),
        pytest.param("nginx" + DIGEST, "nginx", id="a digest"),
        pytest.param("nginx:1.27" + DIGEST, "nginx", id="tag and digest"),
        pytest.param("Bitnami/Kubectl:1", "bitnami/kubectl", id="upper case"),
        pytest.param("registry.k8s.io/ingress-nginx/controller:v1", "ingress-nginx/controller", id="a registry"),
        pytest.param("localhost/app", "app", id="localhost"),
        pytest.param("localhost:5000/team/app:1", "team/app", id="a registry with a port"),
        pytest.param("registry:5000/app", "app", id="a registry without dots, with a port"),
        pytest.param("team/app", "team/app", id="no registry"),
        pytest.param(" nginx ", "nginx", id="spaces"),
        pytest.param("gcr.io/a/github.com/b:v1", "a/github.com/b", id="dots further on are no registry"),
    ],
)
def test_normalization(reference: str, path: str) -> None:
    assert catalog.path_of(reference) == path


@pytest.mark.parametrize(
    ("reference", "kind", "pattern"),
    [
        pytest.param("docker.io/bitnami/kubectl:1.30", "need", "kubectl", id="kubectl of any repository"),
        pytest.param("registry.k8s.io/ingress-nginx/controller", "need", "ingress-nginx/controller", id="two components"),
        pytest.param("mirror.example.org/x/ingress-nginx/controller", "need", "ingress-nginx/controller", id="a mirror: suffix"),
        pytest.param("acme/my-ingress-nginx/controller", "maybe", "controller", id="not on a component boundary"),
        pytest.param("quay.io/prometheus/node-exporter", "no-need", "node-exporter", id="an exporter by name"),
        pytest.param("acme/certificate-exporter", None, None, id="any other exporter may read the API"),
        pytest.param("ghcr.io/acme/kube-events-exporter", None, None, id="another"),
        pytest.param(
            "bitnami/kubernetes-event-exporter", "need", "kubernetes-event-exporter", id="a name is more specific than a wildcard"
        ),
        pytest.param("quay.io/strimzi/kafka", "need", "strimzi/kafka", id="two components are more specific than one"),
        pytest.param("bitnami/kafka", "no-need", "kafka", id="kafka elsewhere"),
        pytest.param("dexidp/dex", "need", "dexidp/dex", id="dex by its project"),
        pytest.param("acme/dex", "maybe", "dex", id="equal patterns of both classes"),
        pytest.param("rabbitmq:3-management", "maybe", "rabbitmq", id="rabbitmq, too"),
        pytest.param("zalan.do/acid/postgres-operator", "need", "*-operator", id="any operator"),
        pytest.param("ghcr.io/zalando/spilo-15", "need", "zalando/spilo-*", id="a wildcard in the middle"),
        pytest.param("lachlanevenson/k8s-kubectl", "need", "lachlanevenson/k8s-*", id="a literal component beside a wildcard"),
        pytest.param("ghcr.io/kyverno/test-busybox", "no-need", "kyverno/test-*", id="more literal characters"),
        pytest.param("ghcr.io/kyverno/kyverno", "need", None, id="kyverno"),
        pytest.param("grafana/grafana", "no-need", "grafana", id="grafana"),
        pytest.param("grafana/promtail", "need", "grafana/promtail", id="promtail"),
        pytest.param("quay.io/jetstack/cert-manager-acmesolver", "no-need", "cert-manager-acmesolver", id="the solver of cert-manager"),
        pytest.param("quay.io/jetstack/cert-manager-controller", "need", "cert-manager-controller", id="the controller of cert-manager"),
        pytest.param("otel/opentelemetry-collector-contrib", "maybe", "opentelemetry-collector*", id="by configuration"),
        pytest.param("gcr.io/istio-release/pilot:1.20", "need", "istio*/pilot", id="istio by its project, whatever the registry"),
        pytest.param("mirror.example.org/istio-release/pilot", "need", "istio*/pilot", id="behind a mirror"),
        pytest.param("registry.istio.io/release/pilot", "need", "registry.istio.io/*/pilot", id="by its registry"),
        pytest.param("acme/pilot", None, None, id="another pilot"),
        pytest.param("registry.datadoghq.com/agent:7", "need", "registry.datadoghq.com/agent", id="a registry and a name"),
        pytest.param(
            "mirror.example.org/registry.datadoghq.com/agent:7", "need", "registry.datadoghq.com/agent", id="the registry behind a mirror"
        ),
        pytest.param("registry.example.com/agent", None, None, id="the same name elsewhere"),
        pytest.param("ghcr.io/kyverno/zulu", None, None, id="zulu is no kyverno"),
        pytest.param("ghcr.io/kyverno/background-controller", "need", "kyverno/background-controller", id="kyverno's own"),
        pytest.param("acme/kyverno", None, None, id="another kyverno"),
        pytest.param("gcr.io/acme/servicelb:0.9", "need", "servicelb", id="Kubernetes' own, whatever the registry"),
        pytest.param("istio/ztunnel", "no-need", "istio*/ztunnel", id="ztunnel has a token of its own"),
        pytest.param("rayproject/ray:2.9", None, None, id="ray is decided by its autoscaler"),
        pytest.param("registry.example.com/mirror/vault-kubernetes-authenticator:0.3", "need", "vault-kubernetes-*", id="a login at Vault"),
        pytest.param("acme/web", None, None, id="unknown"),
        pytest.param("python:3.11", None, None, id="a bare runtime says nothing"),
        pytest.param("${IMAGE}", None, None, id="a placeholder"),
        pytest.param("", None, None, id="nothing"),
    ],
)
def test_images(reference: str, kind: str | None, pattern: str | None) -> None:
    for _ in range(2):
        hit = CATALOG.match_image(reference)
        assert (hit.kind if hit else None) == kind
        if hit and pattern:
            assert hit.pattern == pattern


@pytest.mark.parametrize(
    ("reference", "is_public"),
    [
        pytest.param("nginx", True, id="an official image"),
        pytest.param("nginx:1.27", True, id="with its tag"),
        pytest.param("docker.io/library/nginx", True, id="written out"),
        pytest.param("index.docker.io/library/nginx", True, id="by its other name"),
        pytest.param("bitnami/redis", True, id="a known owner"),
        pytest.param("registry.k8s.io/kube-proxy", True, id="a public registry"),
        pytest.param("mcr.microsoft.com/dotnet/aspnet:8.0", True, id="another"),
        pytest.param("acme/web", False, id="any owner of docker.io"),
        pytest.param("ghcr.io/acme/web", False, id="any owner of ghcr.io"),
        pytest.param("registry.example.org/nginx", False, id="a private registry"),
        pytest.param("localhost:5000/nginx", False, id="a local registry"),
        pytest.param("docker.io/bitnamix/redis", False, id="not on a component boundary"),
    ],
)
def test_public_registries(reference: str, is_public: bool) -> None:
    assert CATALOG.is_public(reference) is is_public


@pytest.mark.parametrize(
    ("role", "is_admission"),
    [("psp:restricted", True), ("system:openshift:scc:anyuid", True), ("system:auth-delegator", False), ("my-psp:x", False)],
)
def test_admission_roles(role: str, is_admission: bool) -> None:
    assert CATALOG.is_admission_role(role) is is_admission


def test_users_extend_the_catalogue() -> None:
    found = catalog.load(
        {
            "images": [
                {"class": "need", "pattern": "registry.example.org:5000/shop"},
                {"class": "need", "pattern": "acme/web"},
                {"class": "need", "pattern": "nginx"},
            ],
            "arguments": [{"name": "acme", "pattern": "^--acme", "in": ["argv"]}],
            "env": [{"name": "ACME_*"}],
            "config": [{"name": "acme", "pattern": "acme-discovery"}],
            "injectors": [{"name": "acme", "token": "default", "triggers": [{"annotation": "acme.org/inject", "at": ["pod"]}]}],
            "registries": ["registry.example.org"],
            "roles": {"admission": ["acme:scc:*"]},
        }
    )
    hits = [found.match_image(image) for image in ("acme/web", "nginx", "redis")]
    assert [hit.kind for hit in hits if hit] == ["need", "need", "no-need"]
    assert found.match_image("registry.example.org:5000/shop:1") and not found.match_image("registry.example.org/shop:1")
    assert "acme" in {sign.name for sign in found.arguments} & {sign.name for sign in found.config} & {
        injector.name for injector in found.injectors
    }
    assert list(found.variables("ACME_X"))
    assert found.is_public("registry.example.org/a/b:1")
    assert found.is_admission_role("acme:scc:x")
    assert CATALOG.match_image("acme/web") is None


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        pytest.param({"image": []}, "unknown section image", id="no such section"),
        pytest.param({"images": {}}, "images must be a list", id="no list"),
        pytest.param({"images": ["nginx"]}, "images 1: must be a mapping", id="no mapping"),
        pytest.param({"images": [{"class": "need", "patern": "x"}]}, "images 1: unknown key patern", id="unknown key"),
        pytest.param({"images": [{"pattern": "x"}]}, "images 1: class is missing", id="no class"),
        pytest.param({"images": [{"class": "want", "pattern": "x"}]}, "images 1: class: want is not one of need", id="no such class"),
        pytest.param({"images": [{"class": "need"}]}, "images 1: give pattern or patterns", id="no pattern"),
        pytest.param({"images": [{"class": "need", "pattern": "nginx:1"}]}, "images 1: nginx:1 is no image path", id="a tag"),
        pytest.param({"images": [{"class": "need", "pattern": "a/**/b"}]}, "is no image path", id="a double star"),
        pytest.param(
            {"arguments": [{"name": "x", "pattern": "("}]}, "arguments 1: pattern is no regular expression", id="a broken pattern"
        ),
        pytest.param({"env": [{"name": "X", "value": "a{9999999999}"}]}, "env 1: value is no regular expression", id="a great number"),
        pytest.param(
            {"arguments": [{"name": "x", "pattern": "(" * 3_000 + ")" * 3_000}]}, "arguments 1: pattern is no", id="very many groups"
        ),
        pytest.param(
            {"arguments": [{"name": "x", "pattern": "x", "in": ["here"]}]}, "arguments 1: in: here is not one of", id="no such place"
        ),
        pytest.param({"env": [{"name": 1}]}, "env 1: name must be text", id="no text"),
        pytest.param({"env": [{"name": "X"}, {"value": "x"}]}, "env 2: name is missing", id="no name"),
        pytest.param(
            {"injectors": [{"name": "x", "token": "own", "triggers": [{}]}]}, "triggers 1: give label or annotation", id="no trigger"
        ),
        pytest.param({"injectors": [{"name": "x", "token": "mine", "triggers": []}]}, "token: mine is not one of", id="no such token"),
        pytest.param({"registries": ["https://x"]}, "registries 1: must be a registry", id="a URL"),
        pytest.param({"roles": {"other": []}}, "roles: unknown key other", id="no such roles"),
        pytest.param({"roles": []}, "roles must be a mapping", id="roles as a list"),
    ],
)
def test_malformed_entries(extra: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        catalog.load(extra)
    assert message in str(caught.value)


def test_entries_say_where_they_come_from() -> None:
    for entry in catalog.packaged("images"):
        assert {"class", "area", "mark", "date"} <= set(entry)
        assert entry["mark"] in ("B", "P", "C")


def test_no_pattern_stands_twice_in_one_class() -> None:
    seen = [(entry["name"], entry["class"]) for entry in catalog.packaged("images")]
    assert sorted(set(seen)) == sorted(seen)


def test_words_in_the_data_are_lower_case() -> None:
    for sign in (*CATALOG.arguments, *CATALOG.config):
        assert all(word == word.lower() for word in sign.words), sign.name


@pytest.mark.parametrize("section", catalog.SECTIONS)
def test_packaged_patterns_are_regular_expressions(section: str) -> None:
    """A run checks those of a config only."""
    check_patterns(section, catalog.packaged(section), "catalog")
    with pytest.raises(InputError, match="arguments 1: pattern is no regular expression"):
        check_patterns("arguments", [{"name": "x", "pattern": "("}], "catalog")


@pytest.mark.parametrize("filler", [" ", "\n", "  \n", "- ", "a"], ids=repr)
def test_no_pattern_takes_a_long_look_at_much_of_nothing(filler: str) -> None:
    started = time.perf_counter()
    for sign in (*catalog.load().config, *catalog.load().arguments, library()):
        for word in sign.words or ("",):
            sign.search(word + filler * 8_000)
    assert time.perf_counter() - started < 2
