"""`harden-default` sets `default` to mount nothing once nothing runs as it (R-G21, R-A21)."""

from __future__ import annotations

import json

import pytest

from tests.stream import Run, migrate
from tests.transforms.manifests import account, deployment, stream

RUNS_AS_WEB = stream(account("web"), deployment("serviceAccountName: web"))
FIELD = "automountServiceAccountToken"


def hardened(text: str) -> Run:
    return migrate(text, recipes=("harden-default",))


def test_default_mounts_nothing() -> None:
    run = hardened(stream(account("default", more="imagePullSecrets:\n- name: registry\n"), RUNS_AS_WEB))
    assert run.after.startswith(account("default", more="imagePullSecrets:\n- name: registry\nautomountServiceAccountToken: false\n"))


def test_an_explicit_true_is_replaced() -> None:
    run = hardened(stream(account("default", more=f"{FIELD}: true # for now\n"), RUNS_AS_WEB))
    assert f"{FIELD}: false # for now\n" in run.after


@pytest.mark.parametrize(
    "user",
    [
        pytest.param(deployment(), id="by default"),
        pytest.param(deployment("serviceAccountName: default"), id="by name"),
        pytest.param(deployment(f"{FIELD}: true"), id="that asks for its token"),
        pytest.param(deployment(namespace=""), id="maybe, its namespace being unknown"),
        pytest.param(
            "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: r, namespace: shop}\nspec: {pod: {containers: [{name: a, image: b}]}}\n",
            id="of a kind that nobody knows",
        ),
    ],
)
def test_default_stays_while_something_runs_as_it(user: str) -> None:
    run = hardened(stream(account("default"), user))
    assert run.is_untouched
    assert "run" in run.finding("default-in-use").message


def config(text: str, key: str = "conf", namespace: str = "shop", kind: str = "ConfigMap", section: str = "data") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: settings{where}}}\n{section}: {{{key}: {json.dumps(text)}}}\n"


def engine(spec: str) -> str:
    return deployment(f"serviceAccountName: engine\ncontainers: [{{name: a, {spec}}}]", name="engine")


POD = "apiVersion: v1\nkind: Pod\nspec:\n  {account}containers:\n  - name: base\n    image: tasks\n"
RUNNER = '[[runners]]\nexecutor = "kubernetes"\n[runners.kubernetes]\n{more}'
RUN = "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {{name: r, namespace: shop}}\nspec: {{pipelineRef: {{name: p}}{more}}}\n"
SPARK = "apiVersion: sparkoperator.k8s.io/v1beta2\nkind: SparkApplication\nmetadata: {{name: s, namespace: shop}}\nspec: {{driver: {{cores: 1{more}}}}}\n"
STARTERS = [
    pytest.param(config(RUNNER.format(more="")), True, id="a runner's configuration"),
    pytest.param(config(RUNNER.format(more='namespace = "shop"\n')), True, id="that names this namespace"),
    pytest.param(config(RUNNER.format(more='namespace = "shop"\n'), namespace="ci"), True, id="from another namespace"),
    pytest.param(config(RUNNER.format(more='namespace = "ci"\n')), False, id="that names another namespace"),
    pytest.param(config(RUNNER.format(more='service_account = "builds"\n')), False, id="that names an account"),
    pytest.param(config(RUNNER.format(more='service_account = "default"\n')), True, id="that names default"),
    pytest.param(config(RUNNER.format(more=""), kind="Secret", section="stringData"), True, id="in a Secret"),
    pytest.param(config(RUNNER.format(more=""), namespace=""), True, id="in a namespace that nobody states"),
    pytest.param(config('[[runners]]\nexecutor = "shell"\n'), False, id="a runner that starts none"),
    pytest.param(config("[core]\nexecutor = KubernetesExecutor\n"), True, id="airflow's file"),
    pytest.param(config(POD.format(account="")), True, id="a pod's template"),
    pytest.param(config(POD.format(account="serviceAccountName: default\n  ")), True, id="a pod's template that says default"),
    pytest.param(config(POD.format(account="serviceAccountName: tasks\n  ")), False, id="a pod's template with an account"),
    pytest.param(config("kind: Podcast\ncontainers: none\n"), False, id="no pod's template"),
    pytest.param(config("default", key="default-service-account"), True, id="tekton's default"),
    pytest.param(config("pipelines", key="default-service-account"), False, id="tekton's default is another"),
    pytest.param(RUN.format(more=""), True, id="a run of tekton"),
    pytest.param(RUN.format(more=", taskRunTemplate: {serviceAccountName: p}"), False, id="a run with an account"),
    pytest.param(SPARK.format(more=""), True, id="spark"),
    pytest.param(SPARK.format(more=", serviceAccount: spark"), False, id="spark with an account"),
    pytest.param(config("spark.kubernetes.container.image acme/job"), True, id="spark's properties"),
    pytest.param(config("spark.kubernetes.authenticate.driver.serviceAccountName=spark\n"), False, id="spark's properties with an account"),
    pytest.param(config("run_launcher:\n  class: K8sRunLauncher\n"), True, id="dagster"),
    pytest.param(config("c.JupyterHub.spawner_class = 'kubespawner.KubeSpawner'\n"), True, id="jupyterhub"),
    pytest.param(engine("image: x, env: [{name: AIRFLOW__CORE__EXECUTOR, value: KubernetesExecutor}]"), True, id="airflow's variable"),
    pytest.param(engine("image: x, env: [{name: AIRFLOW__CORE__EXECUTOR, value: LocalExecutor}]"), False, id="airflow's other executor"),
    pytest.param(engine("image: x, env: [{name: RUNNER_EXECUTOR, value: kubernetes}]"), True, id="a runner's variable"),
    pytest.param(
        engine("image: x, env: [{name: RUNNER_EXECUTOR, value: kubernetes}, {name: KUBERNETES_SERVICE_ACCOUNT, value: builds}]"), False,
        id="a runner's variable beside its account",
    ),
    pytest.param(engine("image: gitlab/gitlab-runner"), True, id="a runner's image"),
    pytest.param(engine("image: quay.io/argoproj/workflow-controller"), True, id="a workflow engine's image"),
    pytest.param(engine("image: acme/web, args: [--executor, local]"), False, id="an ordinary program"),
]  # fmt: skip


@pytest.mark.parametrize(("starter", "is_held"), STARTERS)
def test_default_stays_while_something_may_start_pods_as_it(starter: str, is_held: bool) -> None:
    run = hardened(stream(account("default"), account("engine"), starter))
    assert (run.account("default").get(FIELD) is None) is is_held
    if is_held:
        assert "may run as it" in run.finding("default-in-use").message


def test_the_other_namespaces_do_not_count() -> None:
    run = hardened(stream(account("default"), RUNS_AS_WEB, deployment(namespace="ops", name="job")))
    assert run.account("default")[FIELD] is False
    assert "ops" in run.finding("default-in-use").message


def test_where_default_has_no_manifest_the_command_is_given_once() -> None:
    run = hardened(stream(RUNS_AS_WEB, deployment("serviceAccountName: web", name="api")))
    assert run.is_untouched
    (finding,) = [one for one in run.outcome.findings if one.id == "default-not-here"]
    assert finding.action == "kubectl patch serviceaccount default -n shop -p '{\"automountServiceAccountToken\": false}'"


def test_what_an_unseen_release_runs_may_need_the_token() -> None:
    release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: more, namespace: shop}\n"
    run = hardened(stream(account("default"), release, RUNS_AS_WEB))
    assert run.is_untouched
    assert "HelmRelease" in run.finding("above-max-risk").message


def test_a_second_run_has_nothing_to_do() -> None:
    once = hardened(stream(account("default"), RUNS_AS_WEB)).after
    assert hardened(once).is_untouched
