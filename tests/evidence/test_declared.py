"""Ranks 7 to 9 and 15: arguments (R-E6), variables (R-E7) and mounted configuration (R-E8)."""

from __future__ import annotations

import json

import pytest

from samigrate.domain.model import Level, Sign
from samigrate.evidence._scripts import library
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
    ("podclient", command("python", "-c", "config.load_incluster_config()")),
    ("podclient", command("node", "-e", "kc.loadFromCluster()")),
    ("podclient", command("node", "-e", "kc.loadFromDefault()")),
    ("podclient", script("cat > main.go <<E\ncfg, err := rest.InClusterConfig()\nE\n")),
    ("client library", command("python", "-c", "import kopf, sys")),
    ("client library", command("python", "-c", "import sys; from kubernetes import client")),
    ("client library", command("node", "-e", "const k8s = require('@kubernetes/client-node')")),
    ("client library", command("ruby", "-e", "require 'kubeclient'")),
    ("deploytool", command("helmfile", "apply")),
    ("deploytool", command("/usr/local/bin/kapp", "deploy", "-a", "shop")),
    ("deploytool", command("tkn", "pipeline", "start", "x")),
    ("deploytool", command("cilium", "status", "--wait")),
    ("deploytool", command("kluctl", "deploy")),
    ("deploytool", command("werf", "converge")),
    ("deploytool", command("kopf", "run", "/src/main.py")),
    ("deploytool", command("argo", "submit", "x.yaml")),
    ("deploytool", script("linkerd check --proxy")),
    ("deploytool", script("until kubescape scan; do sleep 1; done")),
    ("deploytool", script("cmctl check api --wait=2m")),
    ("deploytool", script("argo wait @latest")),
    ("deploytool", command("shell-operator", "start")),
    ("oslogin", argv("--openshift-service-account=panel")),
    ("oslogin", argv("-openshift-sar={}")),
    ("oslogin", argv('--openshift-delegate-urls={"/": {}}')),
    ("watches", argv("--watch-kube-secrets")),
    ("watches", argv("--secrets-label-selector=a=b")),
    ("watches", argv("--configmaps-include-glob=*.crt")),
    ("watches", argv("--policy-configmap-name=auth")),
    ("client", argv("--kubernetes-in-cluster")),
    ("client", argv("-kubernetes")),
    ("client", argv("--in-cluster-config=true")),
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
    ("podclient", argv("load_kube_config")),
    ("client library", command("python", "-c", "import kubernetesque, sys")),
    ("client library", command("node", "-e", "require('kubernetes-clients')")),
    ("deploytool", command("tar", "-czf", "/out/kapp.tar.gz", "/manifests")),
    ("deploytool", command("linkerd2-proxy")),
    ("deploytool", command("cilium-envoy")),
    ("deploytool", script("echo the argo of the argonauts")),
    ("deploytool", script("mykapp; kappa; /opt/helmfiles")),
    ("oslogin", argv("--openshift=no")),
    ("watches", argv("--secrets-folder=/x")),
    ("client", argv("--kubernetes=false")),
    ("client", argv("--in-cluster-config=false")),
    ("jvmdisc", argv("-Ddiscovery.method=akka-dns")),
    ("jvmdisc", argv("-Djgroups.dns.query=x")),
]


@pytest.mark.parametrize(("name", "content"), [pytest.param(*item, id=f"{item[0]} {number}") for number, item in enumerate(YES)])
def test_arguments_that_reach_for_the_api(name: str, content: str) -> None:
    found = verdict(content)
    assert found.level is Level.LIKELY
    assert any(item.detail.endswith(f"({name})") for item in found.evidence if item.sign is Sign.ARGUMENT)


@pytest.mark.parametrize(("name", "content"), [pytest.param(*item, id=f"{item[0]} {number}") for number, item in enumerate(NO)])
def test_arguments_that_say_nothing(name: str, content: str) -> None:
    assert verdict(content).level is Level.NONE, name


def test_every_argument_has_its_samples() -> None:
    names = {sign.name for sign in (*CATALOG.arguments, library())}
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


IMPORTED = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: shop}\ndata: {NAMESPACE: shop, EXECUTOR: KubernetesExecutor, SPACE: shop}\n"
STRONG_NAMES = (
    "KUBECONFIG KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT KUBERNETES_MASTER KUBERNETES_AUTH_TRYSERVICEACCOUNT "
    "KUBERNETES_TRUST_CERTIFICATES KUBERNETES_NAMESPACE OPENSHIFT_KUBE_PING_NAMESPACE OPENSHIFT_KUBE_PING_LABELS KUBERNETES_LABELS "
    "KUBERNETES_SA_TOKEN_FILE SA_TOKEN_FILE KUBERNETES_CA_CERTIFICATE_FILE PATRONI_KUBERNETES_SCOPE_LABEL KUBERNETES_USE_CONFIGMAPS "
    "KUBERNETES_SCOPE_LABEL KUBERNETES_ROLE_LABEL STKEEPER_KUBE_RESOURCE_KIND STSENTINEL_KUBE_RESOURCE_KIND SPRING_CLOUD_KUBERNETES_CONFIG_NAME "
    "AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE DAGSTER_K8S_PG_PASSWORD_SECRET WATCH_NAMESPACE OPERATOR_NAME LEADER_ELECTION_ID "
    "DD_KUBERNETES_POD_LABELS_AS_TAGS K8S_WATCH_TIMEOUT DD_CLUSTER_AGENT_ENABLED"
).split()


SPEAKING = [
    ("EXECUTOR", "KubernetesExecutor"), ("CELERY_EXECUTOR", "k8s"), ("WOODPECKER_BACKEND", "kubernetes"), ("ZEPPELIN_RUN_MODE", "k8s"),
    ("JOB_LAUNCHER", "K8sRunLauncher"), ("EMQX_CLUSTER__DISCOVERY_STRATEGY", "k8s"), ("CLUSTER_DISCOVERY", "kubernetes-api"),
    ("K8S_IN_CLUSTER", "true"), ("DOCKER_VERNEMQ_DISCOVERY_KUBERNETES", "1"), ("TRAEFIK_PROVIDERS_KUBERNETESCRD", "true"),
    ("ACTIONS_RUNNER_CONTAINER_HOOKS", "/home/runner/k8s/index.js"), ("CONCOURSE_KUBERNETES_IN_CLUSTER", "true"), ("TS_KUBE_SECRET", "state"),
    ("STKEEPER_STORE_BACKEND", "kubernetes"), ("KUBERNETES_MONGO_SERVICE_NAME", "mongo"),
    ("VAULT_AUTH_METHOD", "kubernetes"), ("VAULT_AUTH", "k8s"), ("BAO_AUTH_METHOD", "kubernetes"), ("AVP_AUTH_TYPE", "k8s"),
    ("SPRING_CLOUD_VAULT_AUTHENTICATION", "KUBERNETES"), ("QUARKUS_VAULT_AUTHENTICATION_KUBERNETES_ROLE", "shop"), ("VAULT_K8S_AUTH_ROLE", "shop"),
    ("K8S_AUTH", "true"), ("AKEYLESS_ACCESS_TYPE", "k8s"), ("HASHICORP_VAULT_AUTH_TYPE", "kubernetes"),
]  # fmt: skip
SILENT_VALUES = [
    ("CELERY_EXECUTOR", "prefork"), ("DB_BACKEND", "postgres"), ("ZEPPELIN_RUN_MODE", "local"), ("EMQX_CLUSTER__DISCOVERY_STRATEGY", "dns"),
    ("VAULT_AUTH_METHOD", "approle"), ("AVP_AUTH_TYPE", "approle"), ("AKEYLESS_ACCESS_TYPE", "aws_iam"), ("RUN_IN_CLUSTER", "false"),
    ("ACTIONS_RUNNER_CONTAINER_HOOKS", "/home/runner/docker/index.js"),
]  # fmt: skip


def entry(name: str, key: str) -> str:
    return container(f"env: [{{name: {name}, valueFrom: {{configMapKeyRef: {{name: conf, key: {key}}}}}}}]")


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
        pytest.param(field("POD_IP", "status.podIP"), None, id="POD_IP: servers announce it to each other"),
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
        pytest.param(container("envFrom: [{configMapRef: {name: other}}]") + IMPORTED, None, id="not imported"),
        pytest.param(entry("AIRFLOW__CORE__EXECUTOR", "EXECUTOR") + IMPORTED, "strong", id="an entry of a ConfigMap, with its value"),
        pytest.param(entry("AIRFLOW__CORE__EXECUTOR", "SPACE") + IMPORTED, None, id="an entry with another value"),
        pytest.param(entry("AIRFLOW__CORE__EXECUTOR", "EXECUTOR"), "strong", id="an entry that is not in the input"),
        pytest.param(entry("QUEUE_BACKEND", "EXECUTOR"), None, id="a pattern of a name needs a value"),
        pytest.param(field("KUBERNETES_NAMESPACE", "metadata.namespace"), "weak", id="the pod's own namespace is no setting"),
        *(pytest.param(env(**{name: value}), "strong", id=f"{name} {value}") for name, value in SPEAKING),
        *(pytest.param(env(**{name: value}), None, id=f"{name} {value}") for name, value in SILENT_VALUES),
        pytest.param(
            container("env: [{name: AIRFLOW__CORE__EXECUTOR, valueFrom: {secretKeyRef: {name: x, key: y}}}]"),
            "strong",
            id="a value that is not told",
        ),
        pytest.param(env(PORT="80"), None, id="an ordinary variable"),
        pytest.param(
            container("env: [{name: X, valueFrom: {secretKeyRef: {name: default-token-abcde, key: namespace}}}]"),
            "weak",
            id="the namespace in a token Secret, which the edit makes a field",
        ),
        pytest.param(container("env: [{name: X, valueFrom: {secretKeyRef: {name: mine, key: namespace}}}]"), None, id="of another Secret"),
    ],
)
def test_variables(content: str, strength: str | None) -> None:
    pieces = {(item.sign, item.strength.value) for item in verdict(content).evidence}
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
    "discovery through the API": "cluster.discovery_strategy = k8s\n",
    "Hazelcast join": "hazelcast:\n  network:\n    join:\n      kubernetes:\n        enabled: true\n        service-name: cart\n",
    "class that uses the API": "seed_provider:\n- class_name: io.k8s.cassandra.KubernetesSeedProvider\n",
    "Patroni": "kubernetes:\n  use_endpoints: true\n",
    "Stolon store": "stolon-keeper --store-backend kubernetes\n",
    "executor that starts pods": '[[runners]]\n  executor = "kubernetes"\n',
    "launcher that starts pods": "run_launcher:\n  module: dagster_k8s\n  class: K8sRunLauncher\n",
    "worker that starts pods": "zeppelin.run.mode=k8s\n",
    "login with the pod's token": 'auto_auth {\n  method "kubernetes" {\n    mount_path = "auth/kubernetes"\n  }\n}\n',
    "login at Vault": "curl --request POST $VAULT_ADDR/v1/auth/kubernetes/login",
    "login at MongoDB": "mongodb://db/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s",
    "login at Conjur": "CONJUR_AUTHN_URL: https://conjur.example.com/authn-k8s/prod\n",
    "SPIRE plugin": 'WorkloadAttestor "k8s" {\n  plugin_data {}\n}\n',
    "state in the cluster": 'terraform {\n  backend "kubernetes" {\n    secret_suffix = "state"\n  }\n}\n',
    "Telegraf input": "[[inputs.kube_inventory]]\n",
    "fluent-bit kubernetes events": "[INPUT]\n    Name kubernetes_events\n",
    "Quarkus or Camel on Kubernetes": "quarkus.kubernetes-config.enabled=true\n",
    "Kopf as a module": "exec python -m kopf run main.py\n",
    "Ray autoscaler": "enableInTreeAutoscaling: true\n",
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
    ("discovery-method", "akka {\n  discovery {\n    method = kubernetes-api\n  }\n}\n"),
    ("discovery-method", "pekko.discovery.method=kubernetes-api"),
    ("discovery through the API", "discovery:\n  kubernetes:\n    service:\n      schema: https\n"),
    ("discovery through the API", "druid.discovery.type=k8s"),
    ("discovery through the API", "quarkus.stork.my-service.service-discovery.type=kubernetes"),
    ("discovery through the API", '{"discovery": {"type": "kubernetes"}}'),
    ("discovery through the API", "cluster { discovery = kubernetes }"),
    ("Hazelcast join", '<join><kubernetes enabled="true"><service-name>cart</service-name></kubernetes></join>'),
    ("Hazelcast join", "hazelcast:\n  network:\n    join:\n      kubernetes:\n        enabled: true\n"),
    ("class that uses the API", "nifi.cluster.leader.election.implementation=KubernetesLeaderElectionManager"),
    ("class that uses the API", "config.providers.secrets.class=io.strimzi.kafka.KubernetesSecretConfigProvider"),
    ("class that uses the API", '<discovery-strategy class="com.hazelcast.kubernetes.HazelcastKubernetesDiscoveryStrategy"/>'),
    ("class that uses the API", '{"ServiceDiscoveryProvider": {"Type": "KubernetesServiceDiscoveryProvider"}}'),
    ("executor that starts pods", "[core]\nexecutor = KubernetesExecutor\n"),
    ("executor that starts pods", "executor = LocalExecutor,KubernetesExecutor"),
    ("executor that starts pods", "executor:\n    plugin: k8s\n"),
    ("executor that starts pods", "process.executor = 'k8s'"),
    ("executor that starts pods", "executor {\n  name = 'k8s'\n}\n"),
    ("executor that starts pods", "airflow:\n  executor: CeleryKubernetesExecutor\n"),
    ("launcher that starts pods", 'c.DaskGateway.backend_class = "dask_gateway_server.backends.kubernetes.KubeBackend"'),
    (
        "launcher that starts pods",
        "functionRuntimeFactoryClassName: org.apache.pulsar.functions.runtime.kubernetes.KubernetesRuntimeFactory",
    ),
    (
        "launcher that starts pods",
        "whisk.spi { ContainerFactoryProvider = org.apache.openwhisk.core.containerpool.kubernetes.KubernetesContainerFactoryProvider }",
    ),
    ("launcher that starts pods", "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator"),
    ("login with the pod's token", '{"auto_auth": {"method": [{"type": "kubernetes", "config": {}}]}}'),
    ("login with the pod's token", 'method {\n  type = "kubernetes"\n}\n'),
    ("login with the pod's token", "vault login -method=kubernetes role=shop"),
    ("login with the pod's token", "bao login -method kubernetes role=shop"),
    ("login with the pod's token", "join_params:\n  method: kubernetes\n  token_name: agents\n"),
    ("login with the pod's token", "spring.cloud.vault.authentication=KUBERNETES"),
    ("login with the pod's token", "spring:\n  cloud:\n    vault:\n      authentication: KUBERNETES\n"),
    ("login with the pod's token", "quarkus.vault.authentication.kubernetes.role=prices"),
    ("login with the pod's token", "vault:\n  authentication:\n    kubernetes:\n      role: prices\n"),
    ("login with the pod's token", "auth:\n  type: kubernetes\n  identity: x\n"),
    ("login with the pod's token", "consul login -bearer-token-file /t -method=k8s"),
    ("login at Vault", 'vault write auth/k8s-prod/login role=shop jwt="$JWT"'),
    ("login at Vault", 'vault {\n  k8s_auth_role_name = "shop"\n}\n'),
    ("state in the cluster", 'remote_state {\n  backend = "kubernetes"\n}\n'),
    ("state in the cluster", '{"terraform": {"backend": {"kubernetes": {}}}}'),
    ("state in the cluster", "storage:\n  type: kubernetes\n  config:\n    inCluster: true\n"),
    ("SPIRE plugin", '{"plugins": {"NodeAttestor": {"k8s_psat": {}}}}'),
    ("Patroni", "bootstrap: {}\nkubernetes:\n  scope_label: cluster\n"),
    ("Telegraf input", "[[inputs.prometheus]]\n  monitor_kubernetes_pods = true\n"),
    ("fluent-bit kubernetes events", "pipeline:\n  inputs:\n    - name: kubernetes_events\n"),
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
    "hazelcast by DNS": "hazelcast:\n  network:\n    join:\n      kubernetes:\n        enabled: true\n        service-dns: cart.shop.svc\n",
    "hazelcast by DNS, its name first": "hazelcast:\n  network:\n    join:\n      kubernetes:\n        service-dns: x\n        enabled: true\n",
    "hazelcast by multicast": "hazelcast:\n  network:\n    join:\n      kubernetes:\n        enabled: false\n      multicast:\n        enabled: true\n",
    "hazelcast by DNS in XML": '<join><kubernetes enabled="true"><service-dns>x</service-dns></kubernetes></join>',
    "an akka discovery by DNS": "akka {\n  discovery {\n    method = akka-dns\n  }\n}\n",
    "emqx by DNS": "cluster.discovery_strategy = dns",
    "a shell runner": '[[runners]]\n  executor = "shell"\n',
    "a local executor": "executor = LocalExecutor  # once a KubernetesExecutor\n",
    "an executor's pool": "executor:\n  threads: 4\nplatform: kubernetes\n",
    "a login by approle": 'auto_auth {\n  method "approle" {\n  }\n}\n',
    "spring's login by approle": "spring.cloud.vault.authentication=APPROLE\n",
    "a method in prose": "# the method kubernetes users know\n",
    "state in a bucket": 'terraform {\n  backend "s3" {}\n}\n',
    "dex in memory": "storage:\n  type: memory\n",
    "mongo on azure": "authMechanismProperties=ENVIRONMENT:azure",
    "another cassandra seed provider": "class_name: org.apache.cassandra.locator.SimpleSeedProvider\n",
    "traefik's provider off": "providers.kubernetescrd=false",
    "ray without autoscaler": "enableInTreeAutoscaling: false\n",
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
        pytest.param("run.py", "from lightkube import Client\n", Level.LIKELY, id="a library's import"),
        pytest.param("run.py", "import os\nimport kopf\n", Level.LIKELY, id="an operator"),
        pytest.param("run.py", "# import kopf\nprint(1)\n", Level.NONE, id="an import in a comment"),
        pytest.param("run.js", "import * as k8s from '@kubernetes/client-node'", Level.LIKELY, id="Node.js: import"),
        pytest.param("run.mjs", "kc.loadFromDefault();", Level.LIKELY, id="Node.js: its credentials"),
        pytest.param("run.rb", "require 'kubeclient'", Level.LIKELY, id="Ruby"),
        pytest.param("greet.py", "print('good morning')", Level.NONE, id="a script without the API"),
        pytest.param("readme", "kubectl get pods", Level.NONE, id="not a script"),
    ],
)
def test_mounted_scripts(key: str, content: str, level: Level) -> None:
    assert verdict(mounted(content, key)).level is level


@pytest.mark.parametrize(
    ("content", "is_found"),
    [
        pytest.param(argv("agent", '-retry-join=provider=k8s label_selector="app=agents"'), True, id="an argument"),
        pytest.param(argv("--providers.file.directory=/x", "--providers.kubernetescrd"), True, id="one of several"),
        pytest.param(argv("vault", "login", "-method", "kubernetes"), True, id="over two elements"),
        pytest.param(argv("prefect", "worker", "start", "--type", "kubernetes"), True, id="a worker's type"),
        pytest.param(command("python3", "-m", "kopf", "run", "main.py"), True, id="an operator as a module"),
        pytest.param(argv("snakemake", "--executor", "kubernetes"), True, id="an executor"),
        pytest.param(argv("--config", "receivers:\n  k8s_cluster:\n    x: 1\n"), True, id="a whole configuration"),
        pytest.param(env(SEEDS="io.k8s.cassandra.KubernetesSeedProvider"), True, id="a class in a variable"),
        pytest.param(env(DB="mongodb://db/?authMechanismProperties=ENVIRONMENT:k8s"), True, id="a connection"),
        pytest.param(env(CONJUR_AUTHN_URL="https://conjur/authn-jwt/prod"), True, id="a login"),
        pytest.param(argv("--providers.file.directory=/x"), False, id="another provider"),
        pytest.param(argv("--executor", "local", "kubernetes"), False, id="another executor"),
        pytest.param(env(CONJUR_AUTHN_URL="https://conjur/authn"), False, id="another login"),
    ],
)
def test_configuration_on_the_command_line_and_in_variables(content: str, is_found: bool) -> None:
    found = [item for item in verdict(content).evidence if item.sign is Sign.MOUNTED_CONFIG]
    assert bool(found) is is_found
    assert all(item.pointer.startswith("/spec/template/spec/containers/0/") for item in found)


def test_evidence_from_several_elements_points_to_the_last() -> None:
    found = [item for item in verdict(argv("vault", "login", "-method", "kubernetes", "x")).evidence if item.sign is Sign.MOUNTED_CONFIG]
    assert [item.pointer for item in found] == ["/spec/template/spec/containers/0/args/3"]


RAY = "apiVersion: ray.io/v1\nkind: RayCluster\nmetadata: {name: r, namespace: shop}\nspec:\n  {fields}\n  headGroupSpec: {template: {spec: {containers: [{name: head, image: acme/head}]}}}\n"


@pytest.mark.parametrize(
    ("fields", "level", "where"),
    [
        pytest.param("enableInTreeAutoscaling: true", Level.LIKELY, "/spec", id="a field"),
        pytest.param("enableInTreeAutoscaling: false", Level.NONE, None, id="a field that is off"),
        pytest.param("config: {receivers: {k8s_cluster: {x: 1}}}", Level.LIKELY, "/spec", id="configuration as fields"),
        pytest.param(
            'conf: {text: "a: 1\\nstorage:\\n  type: kubernetes\\n"}', Level.LIKELY, "/spec/conf/text", id="configuration as text"
        ),
        pytest.param("auth: {key: /var/run/secrets/kubernetes.io/serviceaccount/token}", Level.REQUIRED, "/spec", id="the token's path"),
        pytest.param("rayVersion: 2.9.0", Level.NONE, None, id="nothing"),
    ],
)
def test_fields_of_a_custom_resource(fields: str, level: Level, where: str | None) -> None:
    found = verdict(RAY.replace("{fields}", fields))
    assert found.level is level
    assert {item.pointer for item in found.evidence} == ({where} if where else set())


def test_a_container_of_another_pod_of_the_object_says_nothing() -> None:
    worker = 'workerGroupSpecs: [{template: {spec: {containers: [{name: w, image: x, args: ["--storage=kubernetes"]}]}}}]'
    assert verdict(RAY.replace("{fields}", worker)).level is Level.NONE


def test_a_config_map_that_nobody_mounts_says_nothing() -> None:
    content = mounted(STANZAS["kubernetes_sd_configs"]).replace("configMap: {name: conf}", "emptyDir: {}")
    assert told(verdict(content)) == set()
