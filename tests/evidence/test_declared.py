"""Ranks 7 to 9 and 15: arguments (R-E6), variables (R-E7) and mounted configuration (R-E8)."""

from __future__ import annotations

import json

import pytest

from samigrate.model import Level
from tests.evidence.scene import CATALOG, container, told, verdict


def argv(*items: str) -> str:
    return container(f"args: {json.dumps(items)}")


def command(*items: str) -> str:
    return container(f"command: {json.dumps(items)}")


def script(text: str) -> str:
    return command("/bin/sh", "-c", text)


YES = [
    ("cli", command("kubectl", "get", "pods")),
    ("cli", command("/usr/local/bin/kubectl")),
    ("cli", argv("kubectl", "proxy")),
    ("cli", argv("velero", "server")),
    ("cli", script("until kubectl get pod; do sleep 1; done")),
    ("cli", script("x=$(oc whoami)")),
    ("cli", script("set -e; helm upgrade web .")),
    ("cli", container('command: ["/bin/bash"], args: ["-ec", "flux reconcile source git x"]')),
    ("cli", command("tini", "--", "bash", "-c", "argocd app list")),
    ("cli", command("tini", "--", "kubectl", "get", "pods")),
    ("cli", script("istioctl version && stern web")),
    ("cli", argv("set -e\nkubectl apply -f x\n")),
    ("cli", container('livenessProbe: {exec: {command: ["sh", "-c", "kubectl get ns"]}}')),
    ("cli", container('lifecycle: {preStop: {exec: {command: ["kubectl", "delete", "pod"]}}}')),
    ("apiurl", argv("--url=https://kubernetes.default.svc")),
    ("apiurl", argv("https://kubernetes.default.svc.cluster.local:443/api")),
    ("apiurl", script("curl http://kubernetes/api")),
    ("apiurl", container("env: [{name: TARGET, value: 'https://kubernetes.default/'}]")),
    ("apienv", script("curl https://$KUBERNETES_SERVICE_HOST")),
    ("apienv", script("curl https://${KUBERNETES_SERVICE_PORT}")),
    ("apienv", argv("--master=$(KUBERNETES_SERVICE_HOST)")),
    ("apienv", script("echo $KUBERNETES_PORT")),
    ("leader", argv("--leader-elect")),
    ("leader", argv("--enable-leader-election=true")),
    ("leader", argv("-leader-elect-lease-duration=15s")),
    ("leader", argv("--election-id=x")),
    ("leader", script("exec /manager --leader-elect")),
    ("client", argv("--kubeconfig=/etc/kube")),
    ("client", argv("--in-cluster")),
    ("client", argv("-incluster=true")),
    ("client", argv("--apiserver-host=x")),
    ("client", argv("--kube-api-qps=5")),
    ("client", argv("--k8s-api-server=x")),
    ("controller", argv("--ingress-class=nginx")),
    ("controller", argv("--controller-class=x")),
    ("controller", argv("--watch-namespace=shop")),
    ("controller", argv("--watchNamespace")),
    ("controller", argv("--publish-service=shop/web")),
    ("controller", argv("--watch-ingress-without-class")),
    ("extdns", argv("--provider=kubernetes")),
    ("extdns", argv("--source=service")),
    ("extdns", argv("--source=istio-gateway")),
    ("spark", argv("--master", "k8s://https://x")),
    ("spark", argv("-Dspark.kubernetes.namespace=x")),
    ("flink", argv("-Dkubernetes.cluster-id=x")),
    ("flink", command("kubernetes-jobmanager.sh")),
    ("flink", argv("-Dhigh-availability.type=kubernetes")),
    ("flink", container("env: [{name: FLINK_PROPERTIES, value: 'high-availability: kubernetes'}]")),
    ("pyclient", command("python", "-c", "config.load_incluster_config()")),
    ("jvmdisc", argv("-Djgroups.stack=kube_ping")),
    ("jvmdisc", argv("-Ddiscovery.method=kubernetes-api")),
    ("jvmdisc", container("env: [{name: JAVA_OPTS, value: '-Dakka.discovery.method=kubernetes-api'}]")),
]
NO = [
    ("cli", argv("--name", "flux capacitor")),
    ("cli", argv("serve", "kubectl")),
    ("cli", command("run", "helm")),
    ("cli", script("echo kubectlx; mykubectl")),
    ("cli", script("nc -z oc-server 80")),
    ("apiurl", argv("--url=https://kubernetes.io/docs")),
    ("apiurl", argv("--url=https://kubernetes-dashboard")),
    ("apienv", argv("--name=KUBERNETES_SERVICE_HOST")),
    ("leader", argv("--no-leader-elected")),
    ("leader", argv("x--leader-elect")),
    ("client", argv("--kubeconfigs")),
    ("client", argv("--metrics-bind-address=:8080")),
    ("client", argv("--health-probe-bind-address=:8081")),
    ("client", argv("--csi-address=/csi/csi.sock")),
    ("client", script("nslookup kubernetes")),
    ("controller", argv("--ingress-classes=x")),
    ("extdns", argv("--source=file")),
    ("extdns", argv("--provider=aws")),
    ("spark", argv("spark.kubernetesx")),
    ("flink", argv("--high-availability=zookeeper")),
    ("pyclient", argv("load_kube_config")),
    ("jvmdisc", argv("-Ddiscovery.method=akka-dns")),
    ("jvmdisc", argv("-Djgroups.dns.query=x")),
]


@pytest.mark.parametrize(("name", "content"), [pytest.param(*item, id=f"{item[0]} {number}") for number, item in enumerate(YES)])
def test_arguments_that_reach_for_the_api(name: str, content: str) -> None:
    found = verdict(content)
    assert found.level is Level.LIKELY
    assert any(item.detail.endswith(f"({name})") for item in found.evidence if item.rank == 7)


@pytest.mark.parametrize(("name", "content"), [pytest.param(*item, id=f"{item[0]} {number}") for number, item in enumerate(NO)])
def test_arguments_that_say_nothing(name: str, content: str) -> None:
    assert verdict(content).level is Level.NONE, name


def test_every_argument_has_its_samples() -> None:
    names = {sign.name for sign in CATALOG.arguments}
    assert names == {name for name, _ in YES} == {name for name, _ in NO}


def test_the_evidence_points_to_the_argument() -> None:
    found = verdict(container('command: ["run"], args: ["--a", "--leader-elect"]')).evidence[0]
    assert (found.container, found.pointer) == ("app", "/spec/template/spec/containers/0/args/1")


# ---------------------------------------------------------------- variables


def env(**values: str) -> str:
    items = ", ".join(f"{{name: {name}, value: {json.dumps(value)}}}" for name, value in values.items())
    return container(f"env: [{items}]")


def field(name: str, path: str) -> str:
    return container(f"env: [{{name: {name}, valueFrom: {{fieldRef: {{fieldPath: {path}}}}}}}]")


IMPORTED = (
    "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: shop}\ndata: {NAMESPACE: shop, EXECUTOR: KubernetesExecutor}\n"
)
STRONG_NAMES = (
    "KUBECONFIG KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT KUBERNETES_MASTER KUBERNETES_AUTH_TRYSERVICEACCOUNT "
    "KUBERNETES_TRUST_CERTIFICATES KUBERNETES_NAMESPACE OPENSHIFT_KUBE_PING_NAMESPACE OPENSHIFT_KUBE_PING_LABELS KUBERNETES_LABELS "
    "KUBERNETES_SA_TOKEN_FILE SA_TOKEN_FILE KUBERNETES_CA_CERTIFICATE_FILE PATRONI_KUBERNETES_SCOPE_LABEL KUBERNETES_USE_CONFIGMAPS "
    "KUBERNETES_SCOPE_LABEL KUBERNETES_ROLE_LABEL STKEEPER_KUBE_RESOURCE_KIND STSENTINEL_KUBE_RESOURCE_KIND SPRING_CLOUD_KUBERNETES_CONFIG_NAME "
    "AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE DAGSTER_K8S_PG_PASSWORD_SECRET WATCH_NAMESPACE OPERATOR_NAME LEADER_ELECTION_ID "
    "DD_KUBERNETES_POD_LABELS_AS_TAGS K8S_WATCH_TIMEOUT DD_CLUSTER_AGENT_ENABLED"
).split()


@pytest.mark.parametrize(
    ("content", "strength"),
    [
        *(pytest.param(env(**{name: "x"}), "strong", id=name) for name in STRONG_NAMES),
        pytest.param(env(HZ_NETWORK_JOIN_KUBERNETES_ENABLED="true"), "strong", id="hazelcast in API mode"),
        pytest.param(env(HZ_NETWORK_JOIN_KUBERNETES_ENABLED="false"), "weak", id="hazelcast off"),
        pytest.param(
            env(HZ_NETWORK_JOIN_KUBERNETES_ENABLED="true", HZ_NETWORK_JOIN_KUBERNETES_SERVICEDNS="x"),
            "weak",
            id="hazelcast by DNS: only a mention",
        ),
        pytest.param(env(SPRING_CLOUD_KUBERNETES_ENABLED="false", SPRING_CLOUD_KUBERNETES_CONFIG_NAME="x"), "weak", id="spring off"),
        pytest.param(env(AIRFLOW__CORE__EXECUTOR="KubernetesExecutor"), "strong", id="airflow on Kubernetes"),
        pytest.param(env(AIRFLOW__CORE__EXECUTOR="CeleryKubernetesExecutor"), "strong", id="airflow on both"),
        pytest.param(env(AIRFLOW__CORE__EXECUTOR="LocalExecutor"), None, id="airflow local"),
        pytest.param(env(RUNNER_EXECUTOR="kubernetes"), "strong", id="runner on Kubernetes"),
        pytest.param(env(RUNNER_EXECUTOR="docker"), None, id="runner on docker"),
        pytest.param(env(VAULT_K8S_POD_NAME="x", VAULT_K8S_NAMESPACE="y"), "strong", id="vault's service registration"),
        pytest.param(env(VAULT_K8S_POD_NAME="x"), "weak", id="half of vault's registration"),
        pytest.param(env(ORLEANS_SERVICE_ID="x", ORLEANS_CLUSTER_ID="y"), "strong", id="orleans"),
        pytest.param(env(ORLEANS_SERVICE_ID="x"), None, id="half of orleans"),
        pytest.param(env(DD_CLUSTER_AGENT_ENABLED="false"), None, id="no cluster agent"),
        pytest.param(env(IS_KUBE="x"), "weak", id="a mention of KUBE"),
        pytest.param(env(APP_K8S="x"), "weak", id="a mention of K8S"),
        pytest.param(field("POD_NAMESPACE", "metadata.namespace"), "weak", id="POD_NAMESPACE"),
        pytest.param(field("POD_NAME", "metadata.name"), "weak", id="POD_NAME"),
        pytest.param(field("POD_IP", "status.podIP"), "weak", id="POD_IP"),
        pytest.param(field("NODE_NAME", "spec.nodeName"), "weak", id="NODE_NAME"),
        pytest.param(field("WHERE", "metadata.namespace"), "weak", id="the namespace by any name"),
        pytest.param(field("HOST_IP", "status.hostIP"), None, id="another field"),
        pytest.param(env(POD_NAME="fixed"), None, id="not from a field"),
        pytest.param(
            container("envFrom: [{configMapRef: {name: conf}, prefix: KUBERNETES_}]") + IMPORTED, "strong", id="imported, with a prefix"
        ),
        pytest.param(
            container("envFrom: [{configMapRef: {name: conf}, prefix: AIRFLOW__CORE__}]") + IMPORTED,
            "strong",
            id="imported, with its value",
        ),
        pytest.param(container("envFrom: [{configMapRef: {name: conf}}]") + IMPORTED, None, id="imported, saying nothing"),
        pytest.param(
            container("env: [{name: AIRFLOW__CORE__EXECUTOR, valueFrom: {secretKeyRef: {name: x, key: y}}}]"),
            "strong",
            id="a value that is not told",
        ),
        pytest.param(env(PORT="80"), None, id="an ordinary variable"),
    ],
)
def test_variables(content: str, strength: str | None) -> None:
    pieces = {(item.rank, item.strength.value) for item in verdict(content).evidence}
    if strength == "strong":
        assert (8, "strong") in pieces
    else:
        assert pieces == ({(15, "weak")} if strength else set())


def test_variables_from_fields_count_once() -> None:
    found = verdict(
        container(
            "env: [{name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, "
            "{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]"
        )
    )
    assert (found.level, len(found.evidence)) == (Level.UNKNOWN, 1)


# ---------------------------------------------------------------- configuration


STANZAS = {
    "kubernetes_sd_configs": "scrape_configs:\n- job_name: x\n  kubernetes_sd_configs:\n  - role: pod\n",
    "bearer_token_file": "bearer_token_file: /var/run/secrets/x",
    "add_kubernetes_metadata": "processors:\n- add_kubernetes_metadata: {}\n",
    "beats autodiscover": "filebeat.autodiscover:\n  providers:\n  - type: kubernetes\n",
    "fluent-bit kubernetes filter": "[FILTER]\n    Name   kubernetes\n    Match  kube.*\n",
    "Kube_Token_File": "Kube_Token_File /x\n",
    "fluentd kubernetes_metadata": "<filter kube.**>\n  @type kubernetes_metadata\n</filter>\n",
    "vector kubernetes_logs": "sources:\n  logs:\n    type: kubernetes_logs\n",
    "discovery.kubernetes": 'discovery.kubernetes "pods" {\n role = "pod"\n}\n',
    "loki.source.kubernetes": 'loki.source.kubernetes "pods" {}\n',
    "OpenTelemetry component": "processors:\n  k8sattributes:\n    auth_type: serviceAccount\n",
    "CoreDNS kubernetes plugin": ".:53 {\n    kubernetes cluster.local in-addr.arpa {\n    }\n}\n",
    "Traefik Kubernetes provider": "providers:\n  kubernetesCRD: {}\n",
    "service_registration": 'service_registration "kubernetes" {}\n',
    "retry_join": 'retry_join = ["provider=k8s label_selector=x"]\n',
    "KUBE_PING": '<protocol type="kubernetes.KUBE_PING"/>',
    "kubernetes.discovery": "kubernetes.discovery.enabled=true",
    "discovery-method": "akka.management.cluster.bootstrap.contact-point-discovery.discovery-method = kubernetes-api",
    "libcluster": "strategy: Cluster.Strategy.Kubernetes,",
    "peer_discovery_backend": "cluster_formation.peer_discovery_backend = rabbit_peer_discovery_k8s",
    "Ignite finder": "<bean class='org.apache.ignite...TcpDiscoveryKubernetesIpFinder'/>",
    "spring.cloud.kubernetes": "spring.cloud.kubernetes.reload.enabled=true",
    "spring.cloud.kubernetes in YAML": "spring:\n  cloud:\n    kubernetes:\n      reload:\n        enabled: true\n",
    "kubespawner": 'c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"',
    "Jenkins cloud": "jenkins:\n  clouds:\n  - kubernetes:\n      name: x\n",
    "Flink high availability": "high-availability.type: kubernetes\n",
    "spark.kubernetes": "spark.kubernetes.namespace shop\n",
    "API address": "server: https://kubernetes.default.svc\n",
    "kubeconfig": "kind: Config\nclusters:\n- name: x\ncontexts: []\ncurrent-context: x\n",
}
MORE = [
    ("OpenTelemetry component", '{"receivers": {"k8s_cluster": {"x": 1}}}'),
    ("OpenTelemetry component", "receivers:\n  kubeletstats/main:\n    x: 1\n  k8sobjects:\n"),
    ("OpenTelemetry component", "extensions:\n  k8s_observer:\n  k8s_leader_elector/x:\n"),
    ("fluent-bit kubernetes filter", "pipeline:\n  filters:\n    - name: kubernetes\n      match: '*'\n"),
    ("Traefik Kubernetes provider", "[providers.kubernetesIngress]\n"),
    ("Traefik Kubernetes provider", "providers:\n  kubernetesGateway:\n    x: 1\n"),
    ("peer_discovery_backend", "cluster_formation.peer_discovery_backend = kubernetes"),
    ("Flink high availability", "high-availability: org.apache.flink.kubernetes.highavailability.KubernetesHaServicesFactory"),
]
SILENT = {
    "a metric's label": 'sum(rate(x{k8s_cluster="a"}[5m])) by (k8s_cluster)',
    "libcluster by DNS": "strategy: Cluster.Strategy.Kubernetes.DNS,",
    "a DNS discovery": "discovery-method = akka-dns",
    "a classic peer discovery": "cluster_formation.peer_discovery_backend = classic_config",
    "spring off": "spring.cloud.kubernetes.enabled=false",
    "spring off in YAML": "spring:\n  cloud:\n    kubernetes:\n      enabled: false\n",
    "the documentation": "see https://kubernetes.io/docs and kubectl get pods",
    "a program of that name": "name: kubernetes\n",
    "flink with zookeeper": "high-availability.type: zookeeper",
    "autodiscovery of docker": "filebeat.autodiscover:\n  providers:\n  - type: docker\n",
    "another fluent-bit filter": "[FILTER]\n    Name grep\n[OUTPUT]\n    Name kubernetes_events\n",
}


def mounted(content: str, key: str = "conf") -> str:
    pod = container("volumeMounts: [{name: v, mountPath: /c}]").replace("]}}}", "], volumes: [{name: v, configMap: {name: conf}}]}}}")
    return f"{pod}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: conf, namespace: shop}}\ndata: {{{key}: {json.dumps(content)}}}\n"


@pytest.mark.parametrize(
    ("name", "content"), [pytest.param(*item, id=f"{item[0]} {number}") for number, item in enumerate([*STANZAS.items(), *MORE])]
)
def test_stanzas(name: str, content: str) -> None:
    found = verdict(mounted(content))
    assert found.level is Level.LIKELY
    assert any(f"has {name} in conf" in item.detail for item in found.evidence)


@pytest.mark.parametrize("content", [pytest.param(text, id=name) for name, text in SILENT.items()])
def test_configuration_that_says_nothing(content: str) -> None:
    assert verdict(mounted(content)).level is Level.NONE


def test_every_stanza_has_a_sample() -> None:
    assert {sign.name for sign in CATALOG.config} == set(STANZAS)


@pytest.mark.parametrize(
    ("key", "content", "level"),
    [
        pytest.param("run.sh", "kubectl get pods", Level.LIKELY, id="a script by its name"),
        pytest.param("run", "#!/bin/sh\nkubectl get pods", Level.LIKELY, id="a script by its first line"),
        pytest.param("run.py", "config.load_incluster_config()", Level.LIKELY, id="a Python client"),
        pytest.param("readme", "kubectl get pods", Level.NONE, id="not a script"),
    ],
)
def test_mounted_scripts(key: str, content: str, level: Level) -> None:
    assert verdict(mounted(content, key)).level is level


def test_a_config_map_that_nobody_mounts_says_nothing() -> None:
    content = mounted(STANZAS["kubernetes_sd_configs"]).replace("configMap: {name: conf}", "emptyDir: {}")
    assert told(verdict(content)) == set()
