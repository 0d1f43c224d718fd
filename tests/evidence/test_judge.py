"""R-E1: what pieces of evidence amount to; images; discovery of sources."""

from __future__ import annotations

import pytest

from samigrate import evidence
from samigrate.domain.model import Evidence, Level, Location, Sign, Strength
from samigrate.settings.config import Settings
from tests.evidence.scene import CATALOG, deployment, scene, told, verdict

WORKLOAD = scene(deployment("containers: [{name: a, image: x}], initContainers: [{name: b, image: y}]"))[0][0]


def piece(sign: Sign, strength: str = "weak", *, source: str = "", container: str | None = None) -> Evidence:
    return Evidence(source or f"s{sign}", sign, Strength(strength), "", Location("x"), "", container)


@pytest.mark.parametrize(
    ("pieces", "level"),
    [
        pytest.param([], Level.NONE, id="nothing"),
        pytest.param([piece(Sign.BINDING, "proof")], Level.REQUIRED, id="proof"),
        pytest.param([piece(Sign.ARGUMENT, "strong")], Level.LIKELY, id="strong"),
        pytest.param([piece(Sign.ARGUMENT, "strong"), piece(Sign.BINDING, "proof")], Level.REQUIRED, id="proof and strong"),
        pytest.param([piece(Sign.UNSEEN_ACCOUNT)], Level.UNKNOWN, id="one weak"),
        pytest.param([piece(Sign.UNSEEN_ACCOUNT), piece(Sign.NAME)], Level.LIKELY, id="two weak of different rows"),
        pytest.param([piece(Sign.POD_VARIABLE, container="a"), piece(Sign.POD_VARIABLE, container="b")], Level.UNKNOWN, id="two weak of one row"),
        pytest.param([piece(Sign.OTHER, source="opaque-value"), piece(Sign.NAME)], Level.LIKELY, id="a placeholder and another"),
        pytest.param([piece(Sign.IMAGE, "counter", container="a"), piece(Sign.IMAGE, "counter", container="b")], Level.NONE, id="counter alone"),
        pytest.param(
            [piece(Sign.IMAGE, "counter", container="a"), piece(Sign.IMAGE, "counter", container="b"), piece(Sign.POD_VARIABLE), piece(Sign.NAME), piece(Sign.NODE)], Level.NONE,
            id="counter on every container cancels 15 to 17",
        ),
        pytest.param([piece(Sign.IMAGE, "counter", container="a"), piece(Sign.POD_VARIABLE)], Level.UNKNOWN, id="counter on one container cancels nothing"),
        pytest.param(
            [piece(Sign.IMAGE, "counter", container="a"), piece(Sign.IMAGE, "counter", container="b"), piece(Sign.UNSEEN_ACCOUNT)], Level.UNKNOWN, id="counter does not cancel 14"
        ),
        pytest.param(
            [piece(Sign.IMAGE, "counter", container="a"), piece(Sign.IMAGE, "counter", container="b"), piece(Sign.GROUP_BINDING), piece(Sign.OPEN_ACCOUNT)], Level.LIKELY,
            id="counter does not cancel 13 and 18",
        ),
        pytest.param(
            [piece(Sign.IMAGE, "counter", container="a"), piece(Sign.IMAGE, "counter", container="b"), piece(Sign.VARIABLE, "strong")], Level.LIKELY, id="counter never beats strong"
        ),
        pytest.param(
            [piece(Sign.IMAGE, "counter", container="a"), piece(Sign.IMAGE, "counter", container="b"), piece(Sign.EXPLICIT_AUTOMOUNT, "proof")], Level.REQUIRED, id="counter never beats proof"
        ),
    ],
)  # fmt: skip
def test_combination(pieces: list[Evidence], level: Level) -> None:
    assert evidence.combine(WORKLOAD, pieces).level is level


@pytest.mark.parametrize(
    ("content", "level", "strengths"),
    [
        pytest.param(deployment("containers: [{name: a, image: 'bitnami/kubectl:1'}]"), Level.LIKELY, ["strong"], id="need"),
        pytest.param(deployment("containers: [{name: a, image: acme/thing}]"), Level.NONE, [], id="an unknown image is no signal"),
        pytest.param(deployment("containers: [{name: a, image: nginx}]"), Level.NONE, ["counter"], id="no need"),
        pytest.param(deployment("containers: [{name: a, image: 'rabbitmq:3'}]"), Level.UNKNOWN, ["weak"], id="equal patterns of both classes"),
        pytest.param(
            deployment("containers: [{name: e, image: prom/node-exporter}, {name: p, image: quay.io/brancz/kube-rbac-proxy}]"), Level.LIKELY,
            ["strong", "counter"], id="H-18",
        ),
        pytest.param(deployment("containers: [{name: e, image: prom/node-exporter}], priorityClassName: system-node-critical"), Level.NONE,
                     ["weak", "counter"], id="counter cancels a system priority"),
    ],
)  # fmt: skip
def test_images(content: str, level: Level, strengths: list[str]) -> None:
    found = verdict(content)
    assert (found.level, [item.strength.value for item in found.evidence]) == (level, strengths)


def configured(
    image: str, text: str, *, mount: str = "/etc/agent", extra: str = "", volume: str = "configMap: {name: conf}", key: str = "data"
) -> str:
    pod = deployment(
        f"containers: [{{name: a, image: {image}, {extra}volumeMounts: [{{name: v, mountPath: {mount}}}]}}], volumes: [{{name: v, {volume}}}]"
    )
    return f"{pod}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: conf, namespace: shop}}\n{key}: {{conf.yaml: {text}}}\n"


@pytest.mark.parametrize(
    ("content", "level"),
    [
        pytest.param(configured("prom/prometheus", "'scrape_configs: [{static_configs: [{targets: [web]}]}]'"), Level.NONE, id="targets by name"),
        pytest.param(configured("prom/prometheus", "'scrape_configs: [{kubernetes_sd_configs: [{role: pod}]}]'"), Level.LIKELY, id="targets from the API"),
        pytest.param(configured("otel/opentelemetry-collector", "'receivers: {otlp: {}}'"), Level.NONE, id="otel: no Kubernetes component"),
        pytest.param(configured("otel/opentelemetry-collector", "'processors: {k8sattributes: {}}'"), Level.LIKELY, id="otel: one"),
        pytest.param(configured("rabbitmq:3", "'cluster_formation.peer_discovery_backend = classic_config'"), Level.NONE, id="rabbitmq: a list"),
        pytest.param(configured("timberio/vector", "'sources: {a: {type: file}}'"), Level.NONE, id="vector: files"),
        pytest.param(configured("fluent/fluent-bit", "'[INPUT] Name tail'"), Level.NONE, id="fluent-bit: files"),
        pytest.param(configured("prom/prometheus", "x", volume="configMap: {name: other}"), Level.LIKELY, id="a ConfigMap that is not here"),
        pytest.param(configured("prom/prometheus", "x", volume="secret: {secretName: conf}"), Level.LIKELY, id="a Secret"),
        pytest.param(configured("prom/prometheus", "x", volume="emptyDir: {}"), Level.LIKELY, id="written by somebody else"),
        pytest.param(configured("prom/prometheus", "x", extra="args: [--config.file=/other/x.yml], "), Level.LIKELY, id="another file is named"),
        pytest.param(configured("prom/prometheus", "x", extra="args: [--config.file=/etc/agent/conf.yaml], "), Level.NONE, id="the file is named"),
        pytest.param(deployment("containers: [{name: a, image: prom/prometheus}]"), Level.LIKELY, id="no configuration in sight"),
        pytest.param(configured("bitnami/kubectl", "x"), Level.LIKELY, id="an image that no configuration decides"),
        pytest.param(
            deployment("containers: [{name: a, image: apache/airflow, env: [{name: AIRFLOW__CORE__EXECUTOR, value: LocalExecutor}]}]"), Level.NONE,
            id="airflow: a variable decides",
        ),
        pytest.param(
            deployment("containers: [{name: a, image: apache/airflow, env: [{name: AIRFLOW__CORE__EXECUTOR, value: KubernetesExecutor}]}]"), Level.LIKELY,
            id="airflow: it starts pods",
        ),
        pytest.param(deployment("containers: [{name: a, image: apache/airflow}]"), Level.UNKNOWN, id="airflow: nobody says"),
        pytest.param(
            deployment("containers: [{name: a, image: cassandra, env: [{name: SEED, value: io.k8s.cassandra.KubernetesSeedProvider}]}]"), Level.LIKELY,
            id="a value outweighs what is known of the image",
        ),
    ],
)  # fmt: skip
def test_configuration_decides_on_an_image(content: str, level: Level) -> None:
    assert verdict(content).level is level


def test_the_plain_scaffold_of_a_chart_needs_nothing() -> None:
    account = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop, labels: {helm.sh/chart: web-0.1.0}}\nautomountServiceAccountToken: true\n"
    assert verdict(deployment("serviceAccountName: web, containers: [{name: web, image: nginx}]") + account).level is Level.NONE


def test_no_view_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="at least one view"):
        evidence.judge(WORKLOAD, [], CATALOG, Settings())


def test_every_row_has_its_source() -> None:
    assert {sign for source in evidence.sources() for sign in source.signs} == set(Sign)


@pytest.mark.parametrize("source", evidence.sources(), ids=lambda source: source.id)
def test_sources_are_well_formed(source: evidence.EvidenceSource) -> None:
    assert source.id == source.id.lower().replace("_", "-")
    assert list(source.signs) == sorted(source.signs)


def test_a_module_without_a_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import samigrate.evidence.kind as module

    monkeypatch.setattr(module, "SOURCE", object())
    evidence.sources.cache_clear()
    try:
        with pytest.raises(TypeError, match="kind has no SOURCE"):
            evidence.sources()
    finally:
        evidence.sources.cache_clear()


def test_evidence_is_hashable_and_deduplicated() -> None:
    found = verdict(deployment("containers: [{name: a, image: bitnami/kubectl}]"))
    assert len({*found.evidence, *found.evidence}) == 1
    assert len(told(found)) == len(found.evidence) == 1
