"""Ranks 5, 11 and 12: who calls the workload, and what is injected into it."""

from __future__ import annotations

import pytest

from samigrate.domain.model import Level, Sign
from samigrate.settings.config import Settings
from tests.evidence.scene import CATALOG, deployment, told, verdict

LABELLED = deployment(template="labels: {app: web}", metadata="labels: {app.kubernetes.io/name: web}")
SERVICE = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}}\n"


def api_service(namespace: str = "shop", name: str = "web") -> str:
    return (
        "---\napiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.web}\n"
        f"spec: {{service: {{namespace: {namespace}, name: {name}}}}}\n"
    )


@pytest.mark.parametrize(
    ("content", "piece"),
    [
        pytest.param(LABELLED + SERVICE + api_service(), ("api-service", Sign.API_SERVICE, "proof"), id="behind an APIService"),
        pytest.param(LABELLED + SERVICE + api_service("prod"), None, id="a Service of another namespace"),
        pytest.param(LABELLED + SERVICE + api_service(name="other"), None, id="another Service"),
        pytest.param(LABELLED + SERVICE.replace("app: web", "app: db") + api_service(), None, id="the Service selects others"),
        pytest.param(LABELLED + SERVICE.replace("{app: web}", "{}") + api_service(), None, id="the Service selects nothing"),
        pytest.param(LABELLED + api_service(), None, id="no Service"),
        pytest.param(
            LABELLED.replace(", namespace: shop", "") + SERVICE + api_service(), ("api-service", Sign.API_SERVICE, "strong"), id="in doubt"
        ),
    ],
)
def test_api_services(content: str, piece: tuple[str, int, str] | None) -> None:
    assert told(verdict(content)) == ({piece} if piece else set())


def webhook(kind: str = "ValidatingWebhookConfiguration") -> str:
    return (
        f"---\napiVersion: admissionregistration.k8s.io/v1\nkind: {kind}\nmetadata: {{name: check}}\n"
        "webhooks: [{name: a.b, clientConfig: {service: {namespace: shop, name: web}}}]\n"
    )


CRD = (
    "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
    "metadata: {name: webs.example.org, labels: {app.kubernetes.io/name: web}}\nspec: {group: example.org}\n"
)
CONVERSION = CRD.replace("{group: example.org}", "{conversion: {webhook: {clientConfig: {service: {namespace: shop, name: web}}}}}")


@pytest.mark.parametrize(
    ("content", "strength"),
    [
        pytest.param(LABELLED + SERVICE + webhook() + CRD, "strong", id="a webhook beside a definition of its own"),
        pytest.param(LABELLED + SERVICE + webhook("MutatingWebhookConfiguration") + CRD, "strong", id="a mutating one"),
        pytest.param(LABELLED + SERVICE + webhook(), "weak", id="a webhook alone"),
        pytest.param(
            LABELLED + SERVICE + webhook() + CRD.replace("name: web}", "name: other}"), "weak", id="another application's definition"
        ),
        pytest.param(LABELLED + SERVICE + CONVERSION, "strong", id="converts its objects"),
        pytest.param(LABELLED + webhook() + CRD, None, id="no Service"),
    ],
)
def test_webhooks(content: str, strength: str | None) -> None:
    assert told(verdict(content)) == ({("webhook-backend", 12, strength)} if strength else set())


NAMESPACE = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {kuma.io/sidecar-injection: enabled}}\n"


def on_pod(section: str, *entries: str) -> str:
    return deployment(template=f"{section}: {{{', '.join(entries)}}}")


@pytest.mark.parametrize(
    ("content", "strength"),
    [
        pytest.param(on_pod("annotations", 'vault.hashicorp.com/agent-inject: "true"'), "strong", id="H-8: Vault agent"),
        pytest.param(on_pod("annotations", 'vault.hashicorp.com/agent-inject: "false"'), None, id="Vault agent refused"),
        pytest.param(
            on_pod(
                "annotations", 'vault.hashicorp.com/agent-inject: "true"', "vault.hashicorp.com/agent-service-account-token-volume-name: v"
            ),
            None,
            id="Vault agent with a volume of its own",
        ),
        pytest.param(on_pod("annotations", 'consul.hashicorp.com/connect-inject: "true"'), "strong", id="Consul"),
        pytest.param(on_pod("annotations", 'dapr.io/enabled: "true"'), "strong", id="Dapr"),
        pytest.param(
            on_pod("annotations", 'dapr.io/enabled: "true"', 'dapr.io/disable-builtin-k8s-secret-store: "true"'), None, id="H-9: Dapr without its store"
        ),
        pytest.param(
            on_pod("annotations", 'dapr.io/enabled: "true"', 'dapr.io/disable-builtin-k8s-secret-store: "false"'), "strong", id="Dapr with its store"
        ),
        pytest.param(on_pod("labels", "kuma.io/sidecar-injection: enabled"), "strong", id="Kuma"),
        pytest.param(on_pod("labels", "kuma.io/sidecar-injection: disabled"), None, id="Kuma refused"),
        pytest.param(
            deployment(template="labels: {kuma.io/sidecar-injection: enabled}, annotations: {kuma.io/service-account-token-volume: v}"), None,
            id="Kuma with a volume of its own",
        ),
        pytest.param(deployment() + NAMESPACE, "strong", id="R-E14: the namespace"),
        pytest.param(on_pod("labels", "kuma.io/sidecar-injection: disabled") + NAMESPACE, None, id="the pod refuses what its namespace asks for"),
        pytest.param(deployment(namespace="prod") + NAMESPACE, None, id="another namespace"),
        pytest.param(deployment(namespace="") + NAMESPACE, "strong", id="maybe its namespace"),
        pytest.param(deployment(metadata='annotations: {dapr.io/enabled: "true"}'), "strong", id="R-E14: the workload"),
        pytest.param(on_pod("annotations", 'sidecar.opentelemetry.io/inject: "true"'), "weak", id="an OpenTelemetry sidecar"),
        pytest.param(on_pod("annotations", 'instrumentation.opentelemetry.io/inject-java: "true"'), None, id="OpenTelemetry instrumentation"),
        pytest.param(on_pod("labels", 'sidecar.istio.io/inject: "true"'), None, id="Istio"),
        pytest.param(on_pod("annotations", "linkerd.io/inject: enabled"), None, id="Linkerd"),
        pytest.param(on_pod("annotations", "appmesh.k8s.aws/sidecarInjectorWebhook: enabled"), None, id="App Mesh"),
        pytest.param(on_pod("labels", 'admission.datadoghq.com/enabled: "true"'), None, id="Datadog libraries"),
        pytest.param(on_pod("labels", "agent.datadoghq.com/sidecar: fargate"), "strong", id="Datadog sidecar"),
        pytest.param(on_pod("labels", 'azure.workload.identity/use: "true"'), None, id="Azure"),
        pytest.param(on_pod("annotations", 'gke-gcsfuse/volumes: "true"'), None, id="GCS FUSE"),
        pytest.param(on_pod("annotations", 'vault.security.banzaicloud.io/vault-addr: "https://vault"'), "strong", id="Bank-Vaults"),
        pytest.param(on_pod("annotations", "operator.1password.io/inject: app"), "weak", id="1Password"),
        pytest.param(on_pod("annotations", 'org.infisical.com/inject: "true"'), "weak", id="Infisical"),
        pytest.param(on_pod("annotations", "secrets.doppler.com/reload: x"), "weak", id="Doppler"),
    ],
)  # fmt: skip
def test_injected_sidecars(content: str, strength: str | None) -> None:
    found = verdict(content)
    assert told(found) == ({("injected-sidecar", 11, strength)} if strength else set())
    assert found.level is {"strong": Level.LIKELY, "weak": Level.UNKNOWN, None: Level.NONE}[strength]


@pytest.mark.parametrize(
    ("content", "mesh", "level"),
    [
        pytest.param(deployment(), ("consul",), Level.LIKELY, id="a mesh that uses the pod's token"),
        pytest.param(deployment(), ("istio",), Level.NONE, id="a mesh with its own"),
        pytest.param(on_pod("labels", "kuma.io/sidecar-injection: disabled"), ("kuma",), Level.NONE, id="refused"),
        pytest.param(on_pod("annotations", "consul.hashicorp.com/connect-inject: 'false'"), ("consul",), Level.NONE, id="refused by value"),
    ],
)
def test_declared_meshes(content: str, mesh: tuple[str, ...], level: Level) -> None:
    assert verdict(content, Settings(mesh=mesh)).level is level


def test_every_injector_is_one_of_three_sorts() -> None:
    assert {injector.token for injector in CATALOG.injectors} == {"default", "own", "config"}
