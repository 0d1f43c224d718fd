"""Where each kind keeps its pod specs (domain C.1, C.2), and how rules are written."""

from __future__ import annotations

import re
from typing import Any

import pytest

from samigrate import kinds
from samigrate.base.errors import InputError
from samigrate.base.values import parts
from samigrate.domain.model import Automount, Location, Resource

KINDS = kinds.load()
POD = {"containers": [{"name": "app", "image": "example/app"}]}
T = "/spec/template/spec"
LWT = "leaderWorkerTemplate"


def ray(root: str) -> dict[str, str]:
    return {f"{root}/headGroupSpec{T[5:]}": "head", f"{root}/workerGroupSpecs/0{T[5:]}": "worker-<gpu>"}


PLACES: list[tuple[str, str, dict[str, str]]] = [
    ("v1", "Pod", {"/spec": ""}),
    ("v1", "PodTemplate", {"/template/spec": ""}),
    ("v1", "ReplicationController", {T: ""}),
    *(("apps/v1", kind, {T: ""}) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
    *(("apps/v1beta2", kind, {T: ""}) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
    ("apps/v1beta1", "Deployment", {T: ""}),
    ("apps/v1beta1", "StatefulSet", {T: ""}),
    *(("extensions/v1beta1", kind, {T: ""}) for kind in ("Deployment", "DaemonSet", "ReplicaSet")),
    ("batch/v1", "Job", {T: ""}),
    *((f"batch/{version}", "CronJob", {"/spec/jobTemplate" + T: ""}) for version in ("v1", "v1beta1", "v2alpha1")),
    ("argoproj.io/v1alpha1", "Rollout", {T: ""}),
    ("argoproj.io/v1alpha1", "Experiment", {"/spec/templates/0/template/spec": "a", "/spec/templates/1/template/spec": "b"}),
    *(
        ("argoproj.io/v1alpha1", kind, {"/spec/metrics/0/provider/job" + T: ""})
        for kind in ("AnalysisTemplate", "AnalysisRun", "ClusterAnalysisTemplate")
    ),
    *(("argoproj.io/v1alpha1", kind, {"/spec": ""}) for kind in ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate")),
    ("argoproj.io/v1alpha1", "CronWorkflow", {"/spec/workflowSpec": ""}),
    *(("apps.kruise.io/v1alpha1", kind, {T: ""}) for kind in ("CloneSet", "StatefulSet", "DaemonSet", "BroadcastJob")),
    ("apps.kruise.io/v1alpha1", "AdvancedCronJob", {"/spec/template/jobTemplate" + T: ""}),
    ("apps.kruise.io/v1alpha1", "AdvancedCronJob", {"/spec/template/broadcastJobTemplate" + T: ""}),
    *(
        ("apps.kruise.io/v1alpha1", "UnitedDeployment", {f"/spec/template/{kind}Template" + T: ""})
        for kind in ("statefulSet", "advancedStatefulSet", "cloneSet", "deployment")
    ),
    ("serving.knative.dev/v1", "Service", {T: ""}),
    ("serving.knative.dev/v1", "Configuration", {T: ""}),
    ("serving.knative.dev/v1", "Revision", {"/spec": ""}),
    ("sources.knative.dev/v1", "ContainerSource", {T: ""}),
    ("keda.sh/v1alpha1", "ScaledJob", {"/spec/jobTargetRef/template/spec": ""}),
    ("ray.io/v1", "RayCluster", ray("/spec")),
    ("ray.io/v1", "RayService", ray("/spec/rayClusterConfig")),
    ("ray.io/v1", "RayJob", {**ray("/spec/rayClusterSpec"), "/spec/submitterPodTemplate/spec": "submitter"}),
    ("ray.io/v1", "RayCronJob", {**ray("/spec/jobTemplate/rayClusterSpec"), "/spec/jobTemplate/submitterPodTemplate/spec": "submitter"}),
    ("batch.volcano.sh/v1alpha1", "Job", {"/spec/tasks/0/template/spec": "ps", "/spec/tasks/1/template/spec": "worker"}),
    ("batch.volcano.sh/v1alpha1", "CronJob", {"/spec/jobTemplate/spec/tasks/0/template/spec": ""}),
    ("flow.volcano.sh/v1alpha1", "JobTemplate", {"/spec/tasks/0/template/spec": ""}),
    ("flow.volcano.sh/v1alpha1", "JobFlow", {"/spec/flows/0/patch/jobSpec/tasks/0/template/spec": ""}),
    (
        "jobset.x-k8s.io/v1alpha2",
        "JobSet",
        {"/spec/replicatedJobs/0/template" + T: "leader", "/spec/replicatedJobs/1/template" + T: "workers"},
    ),
    (
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        {f"/spec/{LWT}/leaderTemplate/spec": "leader", f"/spec/{LWT}/workerTemplate/spec": "worker"},
    ),
    (
        "disaggregatedset.x-k8s.io/v1alpha1",
        "DisaggregatedSet",
        {
            f"/spec/roles/0/spec/{LWT}/leaderTemplate/spec": "<prefill>-leader",
            f"/spec/roles/0/spec/{LWT}/workerTemplate/spec": "<prefill>-worker",
            f"/spec/roles/1/spec/{LWT}/leaderTemplate/spec": "<decode>-leader",
        },
    ),
    *(
        (
            "kubeflow.org/v1",
            kind,
            {f"/spec/{key}ReplicaSpecs/Master/template/spec": "master", f"/spec/{key}ReplicaSpecs/Worker/template/spec": "worker"},
        )
        for kind, key in (
            ("TFJob", "tf"),
            ("PyTorchJob", "pytorch"),
            ("MPIJob", "mpi"),
            ("XGBoostJob", "xgb"),
            ("PaddleJob", "paddle"),
            ("JAXJob", "jax"),
        )
    ),
    ("kubeflow.org/v2beta1", "MPIJob", {"/spec/mpiReplicaSpecs/Launcher/template/spec": ""}),
    ("kubeflow.org/v1", "Notebook", {T: ""}),
    *(
        ("trainer.kubeflow.org/v1alpha1", kind, {"/spec/template/spec/replicatedJobs/0/template" + T: ""})
        for kind in ("TrainingRuntime", "ClusterTrainingRuntime")
    ),
    (
        "serving.kserve.io/v1beta1",
        "InferenceService",
        {"/spec/predictor": "predictor", "/spec/transformer": "transformer", "/spec/explainer": "explainer"},
    ),
    ("agones.dev/v1", "GameServer", {T: ""}),
    ("agones.dev/v1", "Fleet", {"/spec/template" + T: ""}),
    ("agones.dev/v1", "GameServerSet", {"/spec/template" + T: ""}),
    ("apps.openshift.io/v1", "DeploymentConfig", {T: ""}),
    (
        "operators.coreos.com/v1alpha1",
        "ClusterServiceVersion",
        {"/spec/install/spec/deployments/0" + T: "a", "/spec/install/spec/deployments/1" + T: "b"},
    ),
    *(
        (
            api,
            "FlinkDeployment",
            {
                "/spec/podTemplate/spec": "",
                "/spec/jobManager/podTemplate/spec": "jobmanager",
                "/spec/taskManager/podTemplate/spec": "taskmanager",
            },
        )
        for api in ("flink.apache.org/v1beta1", "platform.confluent.io/v1beta1")
    ),
    ("platform.confluent.io/v1beta1", "FlinkBlueGreenDeployment", {"/spec/template/spec/jobManager/podTemplate/spec": ""}),
    (
        "sparkoperator.k8s.io/v1beta2",
        "SparkApplication",
        {"/spec/driver/template/spec": "driver", "/spec/executor/template/spec": "executor"},
    ),
    (
        "sparkoperator.k8s.io/v1beta2",
        "ScheduledSparkApplication",
        {"/spec/template/driver/template/spec": "driver", "/spec/template/executor/template/spec": "executor"},
    ),
    ("sparkoperator.k8s.io/v1alpha1", "SparkConnect", {"/spec/server/template/spec": "server", "/spec/executor/template/spec": "executor"}),
    ("postgresql.cnpg.io/v1", "Pooler", {T: ""}),
    ("kueue.x-k8s.io/v1beta1", "Workload", {"/spec/podSets/0/template/spec": ""}),
    ("actions.github.com/v1alpha1", "AutoscalingRunnerSet", {T: "", "/spec/listenerTemplate/spec": "listener"}),
    ("actions.github.com/v1alpha1", "AutoscalingListener", {T: ""}),
    ("actions.github.com/v1alpha1", "EphemeralRunnerSet", {"/spec/ephemeralRunnerSpec/spec": ""}),
    ("actions.github.com/v1alpha1", "EphemeralRunner", {"/spec/spec": ""}),
    *(("actions.summerwind.dev/v1alpha1", kind, {T: ""}) for kind in ("RunnerDeployment", "RunnerReplicaSet", "RunnerSet")),
    ("actions.summerwind.dev/v1alpha1", "Runner", {"/spec": ""}),
    *(("monitoring.coreos.com/v1", kind, {"/spec": ""}) for kind in ("Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler")),
    (
        "elasticsearch.k8s.elastic.co/v1",
        "Elasticsearch",
        {"/spec/nodeSets/0/podTemplate/spec": "hot", "/spec/nodeSets/1/podTemplate/spec": "cold"},
    ),
    *(
        (f"{group}.k8s.elastic.co/v1", kind, {"/spec/podTemplate/spec": ""})
        for group, kind in (
            ("kibana", "Kibana"),
            ("apm", "ApmServer"),
            ("logstash", "Logstash"),
            ("maps", "ElasticMapsServer"),
            ("enterprisesearch", "EnterpriseSearch"),
        )
    ),
    *(("beat.k8s.elastic.co/v1beta1", "Beat", {f"/spec/{key}/podTemplate/spec": ""}) for key in ("daemonSet", "deployment")),
    *(
        ("agent.k8s.elastic.co/v1alpha1", "Agent", {f"/spec/{key}/podTemplate/spec": ""})
        for key in ("daemonSet", "deployment", "statefulSet")
    ),
    ("k8s.keycloak.org/v2alpha1", "Keycloak", {"/spec/unsupported/podTemplate/spec": ""}),
    ("grafana.integreatly.org/v1beta1", "Grafana", {"/spec/deployment" + T: ""}),
    ("cluster.redpanda.com/v1alpha2", "Redpanda", {"/spec/clusterSpec/statefulset/podTemplate/spec": ""}),
    ("rabbitmq.com/v1beta1", "RabbitmqCluster", {"/spec/override/statefulSet" + T: ""}),
    ("pkg.crossplane.io/v1beta1", "DeploymentRuntimeConfig", {"/spec/deploymentTemplate" + T: ""}),
    ("logging.banzaicloud.io/v1beta1", "Logging", {"/spec/syslogNG/statefulSet" + T: ""}),
    ("vault.banzaicloud.com/v1alpha1", "Vault", {"/spec/vaultPodSpec": "vault", "/spec/vaultConfigurerPodSpec": "vaultconfigurer"}),
    ("db.atlasgo.io/v1alpha1", "AtlasSchema", {"/spec/devDB/spec": ""}),
    ("db.atlasgo.io/v1alpha1", "AtlasMigration", {"/spec/devDB/spec": ""}),
    ("k8up.io/v1", "PreBackupPod", {"/spec/pod/spec": ""}),
    ("k8up.io/v1", "PodConfig", {T: ""}),
    ("temporal.io/v1alpha1", "TemporalWorkerDeployment", {T: ""}),
    ("temporal.io/v1alpha1", "WorkerDeployment", {T: ""}),
    (
        "mysql.oracle.com/v2",
        "InnoDBCluster",
        {"/spec/podSpec": "", "/spec/router/podSpec": "router", "/spec/readReplicas/0/podSpec": "readreplicas-<eu>"},
    ),
    *(
        ("clickhouse.altinity.com/v1", kind, {"/spec/templates/podTemplates/0/spec": ""})
        for kind in ("ClickHouseInstallation", "ClickHouseInstallationTemplate")
    ),
    ("clickhouse-keeper.altinity.com/v1", "ClickHouseKeeperInstallation", {"/spec/templates/podTemplates/0/spec": ""}),
    ("mongodbcommunity.mongodb.com/v1", "MongoDBCommunity", {"/spec/statefulSet" + T: ""}),
    ("hivemq.com/v1", "HiveMQPlatform", {"/spec/statefulSet" + T: ""}),
    ("gravitee.io/v1alpha1", "GatewayClassParameters", {"/spec/kubernetes/deployment/template/spec": ""}),
    ("capi.weave.works/v1alpha1", "ClusterBootstrapConfig", {"/spec/jobTemplate/spec": ""}),
    ("k6.io/v1alpha1", "PrivateLoadZone", {"/spec/podTemplate/spec": ""}),
]


def resource(api: str, kind: str, value: dict[str, Any] | None = None) -> Resource:
    return Resource(Location("x.yaml"), {"apiVersion": api, "kind": kind, "metadata": {"name": "x"}, **(value or {})})


def sample(api: str, kind: str, places: dict[str, str]) -> Resource:
    """An object with a pod spec at each place. The items of lists on the way bear the name of the component, or what of it
    stands in <>."""
    value: dict[str, Any] = {}
    for where, component in places.items():
        inside: Any = value
        steps = parts(where)
        for step, following in zip(steps, [*steps[1:], ""], strict=True):
            fresh: Any = dict(POD) if not following else [] if following.isdigit() else {}
            if isinstance(inside, list):
                while len(inside) <= int(step):
                    inside.append({})
                item = inside[int(step)]
                marked = re.search("<(.+)>", component)
                item.setdefault("groupName" if "GroupSpecs" in where else "name", marked[1] if marked else component)
                inside = item
            else:
                inside = inside.setdefault(step, fresh)
    return resource(api, kind, value)


@pytest.mark.parametrize(
    ("api", "kind", "places"), [pytest.param(*row, id=f"{row[0]} {row[1]} {number}") for number, row in enumerate(PLACES)]
)
def test_places(api: str, kind: str, places: dict[str, str]) -> None:
    found = list(kinds.workloads(sample(api, kind, places), KINDS))
    assert {workload.pod: workload.component for workload in found} == {pod: re.sub("[<>]", "", name) for pod, name in places.items()}
    assert all(workload.spec.value["containers"] == POD["containers"] for workload in found)


def test_every_rule_with_pod_specs_has_a_sample() -> None:
    covered = {(api.rpartition("/")[0], kind) for api, kind, _ in PLACES}
    in_manifests = {key for key, rule in KINDS.rules.items() if rule.pods and not key[0].endswith(".samigrate.dev")}
    assert covered == in_manifests  # what only programs declare is tested with them


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("k6.io/v1alpha1", "TestRun"), ("tekton.dev/v1", "TaskRun"), ("tekton.dev/v1beta1", "PipelineRun"), ("tekton.dev/v1", "Task"),
        ("apps.kruise.io/v1alpha1", "SidecarSet"), ("trainer.kubeflow.org/v1alpha1", "TrainJob"), ("kubeflow.org/v1alpha1", "PodDefault"),
        ("argoproj.io/v1alpha1", "Sensor"), ("argoproj.io/v1alpha1", "EventSource"), ("build.openshift.io/v1", "BuildConfig"),
        ("serving.kserve.io/v1alpha1", "ServingRuntime"),
    ],
)  # fmt: skip
def test_known_kinds_without_a_pod_spec(api: str, kind: str) -> None:
    object_ = resource(api, kind, {"spec": dict(POD)})
    rule = KINDS.rule(object_.id.group, kind)
    assert rule is not None
    assert rule.report_only
    assert list(kinds.workloads(object_, KINDS)) == []


@pytest.mark.parametrize(
    ("api", "kind", "where", "template"),
    [
        pytest.param("v1", "Pod", "/spec", "", id="a Pod's metadata is the object's"),
        pytest.param("apps/v1", "Deployment", T, "/spec/template", id="a template's stands beside its spec"),
        pytest.param("serving.kserve.io/v1", "InferenceService", "/spec/predictor", None, id="a bare pod spec has none"),
    ],
)
def test_templates(api: str, kind: str, where: str, template: str | None) -> None:
    (workload,) = kinds.workloads(sample(api, kind, {where: ""}), KINDS)
    assert workload.template == template
    assert workload.metadata == (workload.resource.value["metadata"] if template == "" else {})


@pytest.mark.parametrize(
    ("value", "count"),
    [
        pytest.param({"spec": {"template": {"spec": None}}}, 0, id="an empty pod spec"),
        pytest.param({"spec": {"template": "x"}}, 0, id="no mapping on the way"),
        pytest.param({"spec": []}, 0, id="a list where a mapping should be"),
        pytest.param(
            {"spec": {"workloadRef": {"kind": "Deployment", "name": "web"}, "template": {"spec": POD}}},
            0,
            id="a Rollout that refers to another",
        ),
        pytest.param({"spec": {"template": {"spec": {}}}}, 1, id="a pod spec that says nothing"),
    ],
)
def test_a_workload_is_a_pod_spec_that_is_there(value: dict[str, Any], count: int) -> None:
    assert len(list(kinds.workloads(resource("argoproj.io/v1alpha1", "Rollout", value), KINDS))) == count


def test_groups_tell_kinds_of_one_name_apart() -> None:
    assert list(kinds.workloads(resource("v1", "Service", {"spec": {"template": {"spec": POD}}}), KINDS)) == []
    assert KINDS.rule("batch.volcano.sh", "Job") != KINDS.rule("batch", "Job")
    assert {"Deployment", "RayCluster"} <= KINDS.names


def test_components_are_unique_labels() -> None:
    tasks = [{"name": "A b", "template": {"spec": POD}}, {"name": "a.b", "template": {"spec": POD}}, {"template": {"spec": POD}}, "x"]
    found = kinds.workloads(resource("batch.volcano.sh/v1alpha1", "Job", {"spec": {"tasks": tasks}}), KINDS)
    assert [workload.component for workload in found] == ["a-b", "a-b-2", "2"]


@pytest.mark.parametrize(
    ("group", "kind", "attributes"),
    [
        pytest.param("", "Pod", {"one_shot": "needs-recreate", "risk": "L3"}, id="R-G4"),
        pytest.param("batch", "Job", {"one_shot": "needs-recreate", "risk": "L3"}, id="R-G5"),
        pytest.param("batch", "CronJob", {"one_shot": "", "risk": "L0", "report_only": ""}, id="R-G6"),
        pytest.param("apps", "Deployment", {"one_shot": "", "risk": "L0", "report_only": "", "annotate": True}, id="R-G7"),
        pytest.param("apps", "StatefulSet", {"risk": "L3"}, id="R-G8"),
        pytest.param("apps", "DaemonSet", {"risk": "L3"}, id="R-G9"),
        pytest.param("apps", "ReplicaSet", {"one_shot": "needs-restart"}, id="R-G10"),
        pytest.param("jobset.x-k8s.io", "JobSet", {"one_shot": "needs-recreate", "risk": "L4", "report_only": ""}, id="R-G11"),
        pytest.param("keda.sh", "ScaledJob", {"risk": "L3", "report_only": ""}, id="R-G12"),
        pytest.param("ray.io", "RayCluster", {"one_shot": "needs-restart"}, id="R-G13"),
        pytest.param("serving.knative.dev", "Service", {"automount": Automount.FALSE_ONLY, "annotate": True}, id="R-C5"),
        pytest.param("argoproj.io", "Workflow", {"annotate": False, "one_shot": "needs-recreate"}, id="R-C7"),
    ],
)
def test_what_may_be_done(group: str, kind: str, attributes: dict[str, object]) -> None:
    rule = KINDS.rule(group, kind)
    assert rule is not None
    assert {name: getattr(rule, name) for name in attributes} == attributes


@pytest.mark.parametrize(
    ("group", "kind"),
    [("serving.knative.dev", "Revision"), ("agones.dev", "Fleet"), ("argoproj.io", "Workflow"), ("ray.io", "RayCluster"), ("monitoring.coreos.com", "Prometheus"),
     ("sparkoperator.k8s.io", "SparkApplication"), ("kueue.x-k8s.io", "Workload")],
)  # fmt: skip
def test_special_kinds_are_only_reported(group: str, kind: str) -> None:
    """R-G13, R-G14 and others."""
    rule = KINDS.rule(group, kind)
    assert rule is not None
    assert rule.report_only


def test_argo_workflows_never_lose_their_token() -> None:
    for key, rule in KINDS.rules.items():
        if "Workflow" in key[1]:
            assert rule.never_false
            assert rule.api
            assert not rule.annotate


# ---------------------------------------------------------------- rules as written


def test_extra_rules_replace_packaged_ones() -> None:
    extra = kinds.parse_rules([{"group": "apps", "kind": "Deployment", "pods": ["spec.pod"], "risk": "L2"}], "kinds.yaml")
    loaded = kinds.load(extra)
    assert loaded.rules["apps", "Deployment"].pods == ("spec.pod",)
    assert loaded.rules["apps", "StatefulSet"] == KINDS.rules["apps", "StatefulSet"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param({}, "must be a list", id="no list"),
        pytest.param(["x"], "entry 1: must be a mapping", id="no mapping"),
        pytest.param([{"group": "a", "kind": "A", "pods": ["spec"], "oneshot": ""}], "entry 1: unknown key oneshot", id="unknown key"),
        pytest.param([{"kind": "A", "pods": ["spec"]}], "entry 1: group must be text", id="no group"),
        pytest.param([{"group": "apps/v1", "kind": "A", "pods": ["spec"]}], "leave the version out", id="a version"),
        pytest.param([{"group": "a", "pods": ["spec"]}], "give kind or kinds", id="no kind"),
        pytest.param([{"group": "a", "kind": "A", "kinds": ["B"], "pods": ["spec"]}], "give kind or kinds", id="kind and kinds"),
        pytest.param([{"group": "a", "kinds": [], "pods": ["spec"]}], "kind must be text", id="no kinds"),
        pytest.param([{"group": "a", "kind": "A"}], "pods must be a list", id="no pods"),
        pytest.param([{"group": "a", "kind": "A", "pods": "spec"}], "pods must be a list", id="pods is text"),
        pytest.param([{"group": "a", "kind": "A", "pods": []}], "report_only must say why", id="empty pods"),
        pytest.param([{"group": "a", "kind": "A", "pods": ["/spec"]}], "/spec is no path", id="a pointer"),
        pytest.param([{"group": "a", "kind": "A", "pods": ["spec[0].x"]}], "is no path", id="an index"),
        pytest.param([{"group": "a", "kind": "A", "pods": ["spec"], "automount": False}], "automount must be one of", id="automount is no word"),
        pytest.param([{"group": "a", "kind": "A", "pods": ["spec"], "risk": "L9"}], "risk must be one of L0", id="no such risk"),
        pytest.param([{"group": "a", "kind": "A", "pods": ["spec"], "one_shot": "yes"}], "one_shot must be one of", id="no such one_shot"),
        pytest.param([{"group": "a", "kind": "A", "pods": ["spec"], "annotate": "no"}], "annotate must be true or false", id="annotate is text"),
        pytest.param([{"group": "a", "kind": "A", "pods": ["spec"]}, {"group": "a", "kind": "B", "pods": ["spec"], "api": 1}], "entry 2: api must be text", id="second"),
    ],
)  # fmt: skip
def test_malformed_rules(value: object, message: str) -> None:
    with pytest.raises(InputError, match=r"^kinds\.yaml: ") as caught:
        kinds.parse_rules(value, "kinds.yaml")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param("- {group: a, kind: A, pods: [spec]}\n- {group: a, kind: B}\n", 2, id="a malformed entry"),
        pytest.param("- {group: a\n  kind: [}\n", 2, id="no YAML"),
    ],
)
def test_a_malformed_data_file_names_its_line(content: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        kinds.read("kinds/x.yaml", content)
    assert (caught.value.path, caught.value.line) == ("kinds/x.yaml", line)
