"""What is said whatever a recipe does: moves, rollouts, leftovers, near misses, and what cannot be seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from samigrate.domain.model import Risk
from samigrate.report.conditions import reason
from tests.command import invoke
from tests.stream import Run, migrate
from tests.transforms.manifests import account, binding, deployment, role, stream, token_secret

OWN = stream(account("own"), deployment("serviceAccountName: own"))


def volume(text: str) -> str:
    return deployment(f"volumes:\n- name: v\n  {text}")


# ---------------------------------------------------------------- moves (R-D29 to R-D31)

DRIVER = "apiVersion: storage.k8s.io/v1\nkind: CSIDriver\nmetadata: {name: disks.example.com}\nspec: {tokenRequests: [{audience: disks}]}\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(volume("csi: {driver: secrets-store.csi.k8s.io}"), id="a driver that is known"),
        pytest.param(stream(DRIVER, volume("csi: {driver: disks.example.com}")), id="a driver that asks for tokens"),
    ],
)
def test_a_csi_driver_is_handed_another_token(text: str) -> None:
    assert migrate(text, risk=Risk.L4).finding("csi-token").rule == "R-D29"
    kept = migrate(text)
    assert "serviceAccountName" not in kept.spec()
    assert "is handed a token of the account, R-D29" in kept.finding("above-max-risk").message


def test_other_drivers_and_those_that_stay_are_not_told() -> None:
    assert "csi-token" not in migrate(volume("csi: {driver: disks.example.com}")).said()
    stays = stream(account("own"), deployment("serviceAccountName: own\nvolumes:\n- name: v\n  csi: {driver: s3.csi.aws.com}"))
    assert "csi-token" not in migrate(stays).said()


KYVERNO = """\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: accounts}
spec:
  rules:
  - name: set
    match: {any: [{resources: {kinds: [Pod]}}]}
    %s: {patchStrategicMerge: {spec: {serviceAccountName: given}}}
"""


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(KYVERNO % "mutate", id="kyverno"),
        pytest.param(
            "apiVersion: kubeflow.org/v1alpha1\nkind: PodDefault\nmetadata: {name: d, namespace: shop}\nspec: {serviceAccountName: given}\n",
            id="PodDefault",
        ),
        pytest.param(
            "apiVersion: admissionregistration.k8s.io/v1beta1\nkind: MutatingAdmissionPolicy\nmetadata: {name: m}\n"
            "spec: {mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{spec: Object.spec{serviceAccountName: \"x\"}}'}}]}\n",
            id="MutatingAdmissionPolicy",
        ),
    ],
)
def test_who_overrides_accounts_is_named(policy: str) -> None:
    assert migrate(stream(policy, deployment())).finding("account-overridden").rule == "R-D30"


def test_a_policy_that_only_checks_overrides_nothing() -> None:
    assert "account-overridden" not in migrate(stream(KYVERNO % "validate", deployment())).said()


def test_a_default_for_runs_is_told() -> None:
    """R-D31."""
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-defaults, namespace: tekton-pipelines}\n"
    assert (
        "runner"
        in migrate(stream(config + "data: {default-service-account: runner}\n", deployment())).finding("default-account-config").message
    )


DENY = """\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: keep-accounts}
spec:
  validationFailureAction: Enforce
  rules:
  - name: keep
    match: {any: [{resources: {kinds: [Deployment], operations: [UPDATE]}}]}
    validate:
      deny:
        conditions:
          any:
          - key: "{{ request.object.spec.template.spec.serviceAccountName }}"
            operator: NotEquals
            value: "{{ request.oldObject.spec.template.spec.serviceAccountName }}"
"""
CEL = (
    "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: keep-accounts}\nspec:\n  validations:\n"
    "  - expression: object.spec.template.spec.serviceAccountName == oldObject.spec.template.spec.serviceAccountName\n"
)


@pytest.mark.parametrize("policy", [pytest.param(DENY, id="kyverno"), pytest.param(CEL, id="CEL")])
def test_a_policy_that_refuses_the_move_keeps_the_account(policy: str) -> None:
    """R-D24: the change would be rejected when it is applied, so no risk option short of L5 makes it."""
    run = migrate(stream(policy, deployment()), risk=Risk.L4)
    assert "serviceAccountName" not in run.spec()
    assert run.spec()["automountServiceAccountToken"] is False
    assert "R-D24" in run.finding("above-max-risk").message
    assert migrate(stream(policy, deployment()), risk=Risk.L5).spec()["serviceAccountName"] == "web"


BOUND = (
    "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: b}\n"
    "spec: {policyName: keep-accounts, validationActions: [%s]}\n"
)


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(KYVERNO % "validate", id="it compares nothing"),
        pytest.param(DENY.replace("Enforce", "Audit"), id="kyverno only writes it down"),
        pytest.param(stream(CEL, BOUND % "Warn, Audit"), id="its binding only warns"),
    ],
)
def test_other_policies_are_no_obstacle(policy: str) -> None:
    assert migrate(stream(policy, deployment())).spec()["serviceAccountName"] == "web"


def test_a_binding_that_denies_is_one() -> None:
    assert "serviceAccountName" not in migrate(stream(CEL, BOUND % "Deny", deployment())).spec()


SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: storefront, namespace: shop}\nspec: {selector: {app: web}}\n"


def in_consul(more: str = "") -> str:
    annotations = f"      annotations: {{consul.hashicorp.com/connect-inject: 'true'{more}}}\n"
    return deployment().replace("      labels: {app: web}\n    spec", f"      labels: {{app: web}}\n{annotations}    spec")


@pytest.mark.parametrize(
    ("text", "account"),
    [
        pytest.param(stream(SERVICE, in_consul()), "storefront", id="the one Service of its pods"),
        pytest.param(stream(SERVICE, in_consul(", consul.hashicorp.com/connect-service: front")), "front", id="the one it states"),
    ],
)
def test_consul_wants_the_name_of_the_service(text: str, account: str) -> None:
    """R-D19."""
    run = migrate(text, risk=Risk.L4)
    assert run.spec()["serviceAccountName"] == account
    assert "consul-service-name" not in run.said()


def test_where_the_service_is_not_known_the_name_is_told() -> None:
    run = migrate(in_consul(), risk=Risk.L4)
    assert run.spec()["serviceAccountName"] == "web"
    assert "not known" in run.finding("consul-service-name").message


# ---------------------------------------------------------------- rollouts (R-G8 to R-G18)


def of_kind(kind: str, more: str) -> str:
    return deployment(kind=kind).replace("spec:\n", f"spec:\n  {more}\n", 1)


CLAIM = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: disk, namespace: shop}\nspec: {accessModes: [%s]}\n"
ON_DISK = volume("persistentVolumeClaim: {claimName: disk}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(of_kind("DaemonSet", "minReadySeconds: 1"), "all nodes", id="R-G9"),
        pytest.param(of_kind("DaemonSet", "updateStrategy: {type: OnDelete}"), "OnDelete", id="R-G9 OnDelete"),
        pytest.param(of_kind("StatefulSet", "updateStrategy: {type: OnDelete}"), "OnDelete", id="R-G8 OnDelete"),
        pytest.param(of_kind("StatefulSet", "updateStrategy: {rollingUpdate: {partition: 2}}"), "partition of 2", id="R-G8 partition"),
        pytest.param(of_kind("StatefulSet", "replicas: 1"), "single replica", id="R-G18 single replica"),
        pytest.param(of_kind("Deployment", "strategy: {type: Recreate}"), "Recreate", id="R-G18 Recreate"),
        pytest.param(deployment("containers:\n- name: a\n  image: nginx\n  ports: [{hostPort: 80}]"), "host port", id="R-G18 host port"),
        pytest.param(stream(CLAIM % "ReadWriteOnce", ON_DISK), "one node at a time", id="R-G18 claim for one node"),
    ],
)
def test_a_rollout_that_is_not_plain_is_told(text: str, said: str) -> None:
    assert said in migrate(text).finding("rollout").message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(deployment(), id="a plain Deployment"),
        pytest.param(of_kind("Deployment", "replicas: 3").replace("image: nginx:1.29", "image: nginx\n        ports: [{hostPort: 80}]"), id="several"),
        pytest.param(stream(CLAIM % "ReadWriteOnce, ReadWriteMany", ON_DISK), id="a claim for many nodes"),
        pytest.param(stream(account("own"), of_kind("DaemonSet", "minReadySeconds: 1").replace("      containers", "      serviceAccountName: own\n      automountServiceAccountToken: false\n      containers")), id="nothing changes"),
    ],
)  # fmt: skip
def test_a_plain_rollout_is_not_told(text: str) -> None:
    """R-G16, R-G17."""
    assert "rollout" not in migrate(text).said()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {name: j, namespace: shop}\n"
            "spec: {jobTargetRef: {template: {spec: {containers: [{name: a, image: nginx}]}}}}\n",
            "may end jobs",
            id="R-G12",
        ),
        pytest.param(
            "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s, namespace: shop}\n"
            "spec: {template: {spec: {containers: [{name: a, image: nginx}]}}}\n",
            "new Revision",
            id="R-G15",
        ),
    ],
)
def test_kinds_with_rollouts_of_their_own(text: str, said: str) -> None:
    assert said in migrate(text, risk=Risk.L4).finding("rollout").message


# ---------------------------------------------------------------- legacy Secrets (R-B9), mounts (R-A9), accounts (R-A3)


def test_labels_of_the_cluster_are_told_and_the_secret_stays() -> None:
    """R-B9, R-B10."""
    invalid = token_secret("old", "web", labels="{kubernetes.io/legacy-token-invalid-since: 2025-01-02}")
    used = token_secret("odd", "web", labels="{kubernetes.io/legacy-token-last-used: 2025-01-02}")
    run = migrate(stream(invalid, used, token_secret("plain", "web")))
    assert run.is_untouched
    assert "kubectl delete secret old -n shop" in run.finding("invalid-token-secret").action
    assert "2025-01-02" in run.finding("used-token-secret").message
    assert not [one for one in run.outcome.findings if "plain" in one.message]


def mounted(path: str, more: str = "") -> str:
    return deployment(
        f"serviceAccountName: own\n{more}containers:\n- name: a\n  image: bitnami/kubectl\n"
        f"  volumeMounts: [{{name: v, mountPath: {path}}}]\nvolumes: [{{name: v, emptyDir: {{}}}}]"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/var/run/secrets/kubernetes.io/serviceaccount/",
        "/run/secrets/kubernetes.io/serviceaccount",
        "/var/run/secrets",
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
    ],
)
def test_a_mount_that_only_looks_like_it_is_told(path: str) -> None:
    run = migrate(stream(account("own"), mounted(path)))
    assert path in run.finding("near-miss-mount").message
    assert run.report().tokens_before == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(mounted("/var/run/secrets/kubernetes.io/serviceaccount"), id="the exact path does keep it away"),
        pytest.param(mounted("/var/run/secrets/tokens"), id="a folder beside it"),
        pytest.param(mounted("/var/run"), id="a folder far above it"),
        pytest.param(mounted("/var/run/secrets", "automountServiceAccountToken: false\n"), id="no token is mounted"),
    ],
)
def test_other_mounts_are_not(text: str) -> None:
    assert "near-miss-mount" not in migrate(stream(account("own"), text)).said()


def test_an_account_that_is_defined_nowhere_is_told() -> None:
    run = migrate(deployment("serviceAccountName: elsewhere"))
    assert "elsewhere" in run.finding("undefined-account").message
    assert "undefined-account" not in migrate(OWN).said() | migrate(deployment()).said()


# ---------------------------------------------------------------- what cannot be seen (R-D35)


def commands(run: Run) -> str:
    return run.finding("unseen-grants").action


def test_what_grants_rights_unseen_is_said_once_for_each_scope() -> None:
    run = migrate(stream(OWN, deployment(name="b"), deployment(name="c")))
    assert [one.id for one in run.outcome.findings].count("unseen-grants") == 1
    assert "--as=system:serviceaccount:shop:" in commands(run)
    assert not any(word in commands(run) for word in ("aws", "gcloud", "vault"))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        pytest.param(account("own").replace("shop\n", "shop\n  annotations: {eks.amazonaws.com/role-arn: x}\n"), "aws iam", id="IRSA"),
        pytest.param(
            account("own").replace("shop\n", "shop\n  annotations: {iam.gke.io/gcp-service-account: x}\n"), "gcloud iam", id="GKE"
        ),
        pytest.param(
            account("own").replace("shop\n", "shop\n  annotations: {azure.workload.identity/client-id: x}\n"), "az identity", id="Azure"
        ),
        pytest.param(
            deployment("containers: [{name: a, image: nginx, env: [{name: VAULT_ADDR, value: x}]}]", name="v"), "vault list", id="Vault"
        ),
    ],
)
def test_the_commands_fit_what_the_scope_shows(text: str, command: str) -> None:
    assert command in commands(migrate(stream(text, deployment("serviceAccountName: own"))))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r}\n", "HelmRelease r", id="Flux"),
        pytest.param("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n", "Application a", id="Argo CD"),
        pytest.param("apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: a}\n", "ApplicationSet a", id="Argo CD set"),
    ],
)
def test_what_brings_objects_from_elsewhere_is_said(text: str, said: str) -> None:
    many = stream(*(text.replace("name: ", f"name: {letter}") for letter in "pqst"), text)
    finding = migrate(stream(text, OWN)).finding("unseen-source")
    assert said in finding.message
    assert [one.id for one in migrate(many).outcome.findings].count("unseen-source") == 1


def test_what_always_stands_fails_no_audit() -> None:
    assert not reason(migrate(OWN).outcome, "note")


# ---------------------------------------------------------------- findings that concern several workloads


def test_a_shared_account_is_told_once_with_all_who_share_it() -> None:
    shared = stream(account("own"), *(deployment("serviceAccountName: own", name=name) for name in ("a", "b", "c")))
    elsewhere = stream(account("own"), deployment("serviceAccountName: own", name="a")).replace("namespace: shop", "namespace: ops")
    found = migrate(stream(shared, elsewhere))
    (one,) = [finding for finding in found.outcome.findings if finding.id == "shared-account"]
    assert one.message == "the account own is shared by Deployment shop/a, Deployment shop/b, Deployment shop/c"
    assert [str(resource.id) for resource in one.concerns] == ["Deployment shop/a", "Deployment shop/b", "Deployment shop/c"]


def test_accounts_of_one_name_in_two_environments_are_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("dev", "prod"):
        (tmp_path / folder).mkdir()
        both = stream(account("own"), *(deployment("serviceAccountName: own", name=name) for name in ("a", "b")))
        (tmp_path / folder / "all.yaml").write_text(both)
    report = json.loads(invoke(["audit", "--format", "json", "."]).stdout)
    found = [one for one in report["findings"] if one["id"] == "shared-account"]
    assert [[(each["name"], each["path"]) for each in one["workloads"]] for one in found] == [
        [("a", "dev/all.yaml"), ("b", "dev/all.yaml")],
        [("a", "prod/all.yaml"), ("b", "prod/all.yaml")],
    ]


def test_an_audit_of_one_workload_shows_what_concerns_it_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all.yaml").write_text(stream(deployment(name="a"), deployment(name="b"), deployment("serviceAccountName: c", name="c")))
    (tmp_path / "rbac.yaml").write_text(stream(role(), binding("shop/default")))
    for name, is_told in (("a", True), ("b", True), ("c", False)):
        for options in (["-v"], []):
            told = invoke(["audit", "--workload", f"Deployment/{name}", *options, "."]).stdout.decode()
            assert ("shared-default-binding" in told) is is_told


def test_a_plan_says_of_each_workload_that_its_account_is_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shared = [deployment("serviceAccountName: own", name=name, image="bitnami/kubectl:1.34") for name in ("a", "b")]
    (tmp_path / "all.yaml").write_text(stream(account("own"), *shared))
    plan = invoke(["plan", "-q", "."]).stdout.decode()
    assert plan.count("the account own is shared by Deployment shop/a, Deployment shop/b; give each an account of its own") == 2


def test_a_workload_that_may_use_the_api_is_said_to_stay_only_where_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    unknown = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {serviceAccount: web, containers: [{name: a, image: example.com/web:1}]}\n"
    )
    Path("web.yaml").write_text(unknown)
    assert "so it stays as it is" in invoke(["migrate", "."]).stderr
    told = invoke(["migrate", "--recipe", "account-alias", "."])
    assert b"serviceAccountName: web" in told.stdout
    assert "stays as it is" not in told.stderr


def test_a_finding_leads_to_its_own_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("web.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: a, image: nginx}]\n  automountServiceAccountToken: 'false'\n"
    )
    found = next(
        one for one in json.loads(invoke(["audit", "--format", "json", "."]).stdout)["findings"] if one["id"] == "invalid-automount"
    )
    assert (found["line"], found["column"], found["pointer"]) == (6, 3, "/spec/automountServiceAccountToken")
