"""Edited programs are run: what the real library makes of them is what was planned, and is valid for Kubernetes."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from kubernetes import client

from samigrate.files import python_files
from samigrate.files.dialects import dialects
from tests.command import invoke
from tests.support import libraries

VERSION = "1.31"
MODELS = '''\
"""Makes the shop."""
from kubernetes import client
from kubernetes.client import V1Container, V1PodSpec, V1PodTemplateSpec, V1SecretVolumeSource, V1Volume, V1VolumeMount


def web():
    container = V1Container(
        name="web",
        image="nginx:1.29",  # pinned
        env=[client.V1EnvVar(name="NS", value_from=client.V1EnvVarSource(
            secret_key_ref=client.V1SecretKeySelector(name="reader-token-x7k2p", key="namespace")))],
    )
    template = V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels={"app": "web"}),
        spec=V1PodSpec(containers=[container], host_ipc=False),
    )
    return client.V1Deployment(
        api_version="apps/v1",
        kind="Deployment",
        metadata=client.V1ObjectMeta(name="web", namespace="shop"),
        spec=client.V1DeploymentSpec(selector=client.V1LabelSelector(match_labels={"app": "web"}), template=template),
    )


def reader():
    return client.V1Pod(
        api_version="v1", kind="Pod",
        metadata=client.V1ObjectMeta(
            name="reader",
            namespace="shop",
            annotations={"team": "shop"},  # who to call
        ),
        spec=V1PodSpec(
            service_account="reader",
            # Reads what it may.
            containers=[V1Container(name="reader", image="busybox", volume_mounts=[V1VolumeMount(name="t", mount_path="/etc/kube")])],
            volumes=[
                V1Volume(name="t", secret=V1SecretVolumeSource(
                    secret_name="reader-token-x7k2p", default_mode=256, items=[{"key": "token", "path": "tok"}])),
            ],
        ),
    )


MANIFESTS = [
    {
        'apiVersion': 'batch/v1', 'kind': 'CronJob',
        'metadata': {'name': 'report', 'namespace': 'shop'},
        'spec': {'schedule': '@daily', 'jobTemplate': {'spec': {'template': {'spec': {
            'restartPolicy': 'Never',
            'containers': [{'name': 'report', 'image': 'busybox'}],
        }}}}},
    },
]

OBJECTS = [web(), reader(), *MANIFESTS]
'''


def migrated(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    """The program after `migrate --write`; a second run must change nothing."""
    path = folder / "program.py"
    path.write_text(text)
    (folder / "account.yaml").write_text("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: reader, namespace: shop}\n")
    monkeypatch.chdir(folder)
    result = invoke(["migrate", "--write", "--python", "--max-risk", "L4", *options, "."])
    assert result.exit == 0, result.stderr
    once = path.read_text()
    assert invoke(["migrate", "--write", "--python", "--max-risk", "L4", *options, "."]).exit == 0
    assert path.read_text() == once, "a second run changed the program"
    compile(once, "program.py", "exec")
    return once


def declared(text: str) -> dict[tuple[str, str], Any]:
    """The objects that we read in a program, by kind and name."""
    found = [(value, value["metadata"]) for _, value in python_files.values(text)]
    return {(value["kind"], named.get("name") or named["generateName"].rstrip("-")): value for value, named in found}


def made(path: Path) -> dict[tuple[str, str], Any]:
    """The objects that the program makes, as the official client would send them."""
    send: Any = client.ApiClient().sanitize_for_serialization
    found = [send(each) for each in runpy.run_path(str(path))["OBJECTS"]]
    return {(value["kind"], value["metadata"]["name"]): value for value in found}


def test_what_is_read_is_what_the_client_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "program.py"
    path.write_text(MODELS)
    assert declared(MODELS) == made(path)
    new = migrated(MODELS, tmp_path, monkeypatch)
    after = made(path)
    assert declared(new) == after
    for value in after.values():
        kubernetes_validate.validate(value, VERSION, strict=True)


def test_what_the_edits_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrated(MODELS, tmp_path, monkeypatch)
    found = made(tmp_path / "program.py")
    web = found["Deployment", "web"]["spec"]["template"]["spec"]
    assert web["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in web, "nothing can be declared beside it"
    assert web["containers"][0]["env"][0]["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}
    reader = found["Pod", "reader"]["spec"]
    assert (reader["serviceAccountName"], reader.get("serviceAccount")) == ("reader", None)
    token = {"serviceAccountToken": {"path": "tok", "expirationSeconds": 3607}}
    assert reader["volumes"] == [{"name": "t", "projected": {"defaultMode": 256, "sources": [token]}}]
    assert found["ServiceAccount", "report"]["automountServiceAccountToken"] is False
    job = found["CronJob", "report"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert (job["serviceAccountName"], job["automountServiceAccountToken"]) == ("report", False)


def test_formatting_comments_and_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = migrated(MODELS, tmp_path, monkeypatch)
    assert all(comment in new for comment in ("# pinned", "# who to call", "# Reads what it may.", '"""Makes the shop."""'))
    imported = re.search(r"^from kubernetes\.client import \(\n(.*?)\n\)$", new, re.MULTILINE | re.DOTALL)
    assert imported is not None, "the statement has become too long for its line"
    names = imported[1].replace(" ", "").rstrip(",").split(",\n")
    assert names == sorted(names) and {"V1ProjectedVolumeSource", "V1VolumeProjection", "V1ServiceAccountTokenProjection"} <= set(names)
    gone = [line for line in MODELS.splitlines() if line not in new.splitlines()]
    assert len(gone) < 15, gone


def test_the_dialect_spells_as_the_client_does() -> None:
    """Every field of every class that an object of the dialect may hold."""
    dialect = next(one for one in dialects() if one.id == "kubernetes")
    seen: set[str] = set()
    pending = [*dialect.objects, *dialect.fragments]
    while pending:
        name = pending.pop()
        if name in seen or not hasattr(getattr(client, name, None), "openapi_types"):
            continue
        seen.add(name)
        for attribute, kind in getattr(client, name).openapi_types.items():
            key = getattr(client, name).attribute_map[attribute]
            assert (dialect.key(attribute), dialect.spell(key)) == (key, attribute), name
            pending += re.findall(r"\w*V1\w+", kind)
            wanted = dialect.fields.get(name, {}).get(key)
            assert wanted is None or wanted in kind, f"{name}.{attribute}"
    assert set(dialect.fields) <= seen and len(seen) > 100


PULUMI = """\
import pulumi_kubernetes as k8s
from pulumi_kubernetes.apps.v1 import StatefulSet

labels = {"app_name": "web"}

web = k8s.apps.v1.Deployment(
    "web",
    metadata=k8s.meta.v1.ObjectMetaArgs(name="web", namespace="shop"),
    spec=k8s.apps.v1.DeploymentSpecArgs(
        selector=k8s.meta.v1.LabelSelectorArgs(match_labels=labels),
        template=k8s.core.v1.PodTemplateSpecArgs(
            metadata=k8s.meta.v1.ObjectMetaArgs(labels=labels),
            spec=k8s.core.v1.PodSpecArgs(
                containers=[k8s.core.v1.ContainerArgs(name="web", image="nginx")],
                volumes=[k8s.core.v1.VolumeArgs(name="t", secret=k8s.core.v1.SecretVolumeSourceArgs(secret_name="default-token-x7k2p"))],
            ),
        ),
    ),
)

StatefulSet("db", metadata={"name": "db", "namespace": "shop"}, spec={
    "service_name": "db",
    "selector": {"match_labels": {"app_name": "db"}},
    "template": {
        "metadata": {"labels": {"app_name": "db"}},
        "spec": {
            "host_network": False,
            "containers": [{"name": "db", "image": "postgres"}],
        },
    },
})
"""
RUN_PULUMI = """\
import json, pulumi
made = []
class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        made.append(args.inputs)
        return [args.name, args.inputs]
    def call(self, args):
        return {}
pulumi.runtime.set_mocks(Mocks())
@pulumi.runtime.test
def run():
    import program
run()
print(json.dumps(made))
"""
CDK8S = """\
from cdk8s import Chart
from cdk8s_plus_33 import k8s
from constructs import Construct


class Shop(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        k8s.KubeDeployment(
            self, "web",
            metadata=k8s.ObjectMeta(name="web", namespace="shop"),
            spec=k8s.DeploymentSpec(
                selector=k8s.LabelSelector(match_labels={"app": "web"}),
                template=k8s.PodTemplateSpec(
                    metadata=k8s.ObjectMeta(labels={"app": "web"}),
                    spec=k8s.PodSpec(containers=[k8s.Container(name="web", image="nginx")], volumes=[
                        k8s.Volume(name="t", secret=k8s.SecretVolumeSource(secret_name="default-token-x7k2p"))]),
                ),
            ),
        )
"""
RUN_CDK8S = """\
import json
from cdk8s import Testing
import program
print(json.dumps(Testing.synth(program.Shop(Testing.app(), "shop"))))
"""
AIRFLOW = """\
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import models as k8s

extract = KubernetesPodOperator(
    task_id="extract",
    name="extract",
    namespace="etl",
    image="postgres:16",
    cmds=["psql"],
    random_name_suffix=False,
    env_vars={"PGHOST": "db"},
    volumes=[k8s.V1Volume(name="t", secret=k8s.V1SecretVolumeSource(secret_name="default-token-x7k2p"))],
)
"""
RUN_AIRFLOW = """\
import json, os
cluster, user = {"name": "x", "cluster": {"server": "http://127.0.0.1:1"}}, {"name": "x", "user": {}}
config = {"current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}], "clusters": [cluster], "users": [user]}
with open("kubeconfig", "w") as file:
    json.dump(config, file)
os.environ["KUBECONFIG"] = "kubeconfig"
from kubernetes.client import ApiClient
import program
pod = program.extract.build_pod_request_obj()
print(json.dumps([ApiClient().sanitize_for_serialization(pod)]))
"""


@pytest.mark.parametrize(
    ("program", "runner"),
    [pytest.param(PULUMI, RUN_PULUMI, id="pulumi"), pytest.param(CDK8S, RUN_CDK8S, id="cdk8s")],
)
def test_programs_that_deploy(program: str, runner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts are declared as the workloads are, and what the library sends is what we read."""
    new = migrated(program, tmp_path, monkeypatch)
    found = {(value["kind"], value["metadata"]["name"]): value for value in libraries.run(runner, tmp_path)}
    assert found == declared(new)
    assert found["ServiceAccount", "web"]["automountServiceAccountToken"] is False
    assert ('web_account.metadata["name"]' in new) is (program is PULUMI), "Pulumi makes first what another resource asks"
    for (kind, name), value in found.items():
        kubernetes_validate.validate(value, VERSION, strict=True)
        if kind != "ServiceAccount":
            spec = value["spec"]["template"]["spec"]
            assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == (name, False)
            assert "secret" not in str(spec.get("volumes"))


def test_airflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = migrated(AIRFLOW, tmp_path, monkeypatch)
    (pod,) = libraries.run(RUN_AIRFLOW, tmp_path)
    read = declared(new)["KubernetesPodOperator", "extract"]["spec"]
    assert pod["spec"]["automountServiceAccountToken"] is read["automountServiceAccountToken"] is False
    assert pod["spec"]["volumes"] == read["volumes"] and "projected" in pod["spec"]["volumes"][0]
    assert {key: pod["spec"]["containers"][0][key] for key in ("name", "image", "command", "env")} == {
        "name": "base",
        **{key: read["containers"][0][key] for key in ("image", "command", "env")},
    }
    kubernetes_validate.validate({**pod, "metadata": {"name": "extract", "namespace": "etl"}}, VERSION)


PLUS = """\
from cdk8s import ApiObjectMetadata, Chart, Cron
from cdk8s_plus_33 import ContainerProps, CronJob, EnvValue, Pod, ServiceAccount
import cdk8s_plus_33 as kplus
from constructs import Construct


class Shop(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        web_account = "taken"
        kplus.Deployment(
            self, "web", metadata=ApiObjectMetadata(name="web", namespace="shop"),
            containers=[kplus.ContainerProps(image="nginx", command=["nginx"], env_variables={"A": kplus.EnvValue.from_value("b")})],
        )
        own = ServiceAccount(self, "own", metadata=ApiObjectMetadata(name="own", namespace="shop"))
        kplus.StatefulSet(
            self, "db", metadata={"name": "db", "namespace": "shop"}, service_account=own, automount_service_account_token=True,
            containers=[ContainerProps(name="db", image="postgres", port_number=5432)],
            service=kplus.Service(self, "db-service", ports=[kplus.ServicePort(port=5432)]),
        )
        CronJob(self, "report", schedule=Cron.daily(), containers=[ContainerProps(image="postgres")])
        kplus.DaemonSet(
            self, "agent", metadata=ApiObjectMetadata(name="agent", namespace="shop"), containers=[{"name": "a", "image": "nginx"}],
            service_account=ServiceAccount.from_service_account_name(self, "elsewhere", "elsewhere"),
        )
        kplus.Job(self, "job", metadata=ApiObjectMetadata(name="job"), containers=[ContainerProps(image="postgres")])
        Pod(self, "pod", metadata=ApiObjectMetadata(name="pod"), containers=[ContainerProps(image="postgres")])
"""


def stated(value: Any, real: Any, where: str = "") -> None:
    """Whatever we read is in what the library makes; it says more by itself."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "generateName":
                assert f"-{item}" in real["name"], where
            else:
                stated(item, real[key], f"{where}/{key}")
    elif isinstance(value, list):
        assert len(value) == len(real), where
        for place, (item, other) in enumerate(zip(value, real, strict=True)):
            stated(item, other, f"{where}/{place}")
    else:
        assert value == real, where


def test_cdk8s_plus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts are handed on as objects; a workload that asks for its token keeps it, the others have none as before."""
    new = migrated(PLUS, tmp_path, monkeypatch)
    found = libraries.run(RUN_CDK8S, tmp_path)
    real = {(value["kind"], value["metadata"]["name"].removeprefix("shop-").rsplit("-c8", 1)[0]): value for value in found}
    read = declared(new)
    for key, value in read.items():
        stated(value, real[key], "/".join(key))
        kubernetes_validate.validate(real[key], VERSION)
    pods = {name: manifest_pod(value) for (kind, name), value in read.items() if kind != "ServiceAccount"}
    assert {name: (pod["serviceAccountName"], pod["automountServiceAccountToken"]) for name, pod in pods.items()} == {
        "web": ("web", False),
        "db": ("own", True),
        "report": ("report", False),
        "agent": ("elsewhere", False),
        "job": ("job", False),
        "pod": ("pod", False),
    }
    accounts = {name: value["automountServiceAccountToken"] for (kind, name), value in read.items() if kind == "ServiceAccount"}
    assert accounts == {"web": False, "own": False, "report": False, "job": False, "pod": False}
    assert "web_account_2 = kplus.ServiceAccount(" in new and "report_account = ServiceAccount(" in new


def manifest_pod(value: Any) -> Any:
    """The pod spec of a workload."""
    spec = value["spec"]
    return spec if value["kind"] == "Pod" else (spec.get("jobTemplate", {}).get("spec") or spec)["template"]["spec"]
