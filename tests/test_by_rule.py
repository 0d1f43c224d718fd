"""Domain rules that no golden vector names, each by its number, through the whole pipeline."""

from __future__ import annotations

import pytest

from samigrate import kinds
from samigrate.domain.model import Risk
from tests.stream import Run, migrate
from tests.test_vectors import FIELD, SECRET, account, binding, deployment, role, stream, token_pod, token_secret


def moved(run: Run, name: str = "web") -> bool:
    return run.spec(name).get("serviceAccountName") == name


# ---------------------------------------------------------------- A: identity and tokens


@pytest.mark.parametrize(
    "field", ['serviceAccountName: ""', "serviceAccountName: null", "serviceAccountName: ~", "serviceAccountName: default"]
)
def test_ra2_empty_means_default(field: str) -> None:
    run = migrate(deployment(field))
    assert moved(run)
    assert run.report().account_before == "default"


def test_ra4_no_stale_alias_beside_a_new_account() -> None:
    run = migrate(deployment("serviceAccount: default\nserviceAccountName: default"))
    assert moved(run)
    assert "serviceAccount" not in run.spec()


def test_ra15_a_pod_with_pull_secrets_of_its_own_takes_none_from_its_account() -> None:
    run = migrate(stream(account("default", more="imagePullSecrets: [{name: reg}]\n"), deployment("imagePullSecrets: [{name: mine}]")))
    assert "imagePullSecrets" not in run.account()
    assert run.spec()["imagePullSecrets"] == [{"name": "mine"}]


def test_ra16_enforced_mountable_secrets_keep_the_account_at_any_risk() -> None:
    more = '  annotations:\n    kubernetes.io/enforce-mountable-secrets: "T"\n'
    run = migrate(stream(account("default", more=more), deployment()), risk=Risk.L4)
    assert not moved(run)
    assert "enforces mountable secrets" in run.finding("above-max-risk").message


def test_ra20_the_pod_says_it_and_so_does_the_new_account() -> None:
    run = migrate(deployment())
    assert (run.spec()[FIELD], run.account()[FIELD]) == (False, False)


def test_ra21_an_account_that_is_there_is_not_changed() -> None:
    text = stream(account("web"), deployment("serviceAccountName: web"))
    run = migrate(text)
    assert run.spec()[FIELD] is False
    assert FIELD not in run.account()


@pytest.mark.parametrize("spelling", ["0440", "0o440", "288"])
def test_ra24_modes_keep_their_spelling(spelling: str) -> None:
    run = migrate(stream(account("app"), token_pod(SECRET + f"  defaultMode: {spelling}\n")))
    assert f"projected:\n          defaultMode: {spelling}\n" in run.after


def test_ra26_duplicate_keys_leave_the_document_alone() -> None:
    assert migrate(deployment("restartPolicy: Always\nrestartPolicy: Always")).is_untouched


def test_ra26_an_edit_that_would_reach_a_second_user_is_refused() -> None:
    one = deployment().replace("    spec:\n", "    spec: &pod\n")
    other = one.replace("name: web\n", "name: api\n", 1)
    both = f"apiVersion: v1\nkind: List\nitems:\n- {_nested(one)}- {_nested(other.split('    spec: &pod')[0])}      spec: *pod\n"
    run = migrate(both)
    assert FIELD not in run.after
    assert run.finding("cannot-edit").rule == "R-A26"


def _nested(text: str) -> str:
    return text.replace("\n", "\n  ").rstrip(" ")


# ---------------------------------------------------------------- B: legacy tokens


@pytest.mark.parametrize(
    ("secret", "is_converted"),
    [("app-token-x7k2p", True), ("app-token-x7k2a", False), ("app-token-x7k2", False), ("app-token-X7K2P", False), ("my-token", False)],
)
def test_rb5_rb6_generated_names(secret: str, is_converted: bool) -> None:
    run = migrate(stream(account("app"), token_pod(f"secret:\n  secretName: {secret}\n")))
    assert ("projected" in run.spec()["volumes"][0]) is is_converted


@pytest.mark.parametrize("mode", ["", "0440", "0o440", "288"])
def test_rb12_a_whole_volume_keeps_its_name_its_mounts_and_its_mode(mode: str) -> None:
    line = f"defaultMode: {mode}"
    run = migrate(stream(account("app"), token_pod(SECRET + f"  {line}\n" * bool(mode), mount="mountPath: /etc/kube\n    readOnly: true")))
    (volume,) = run.spec()["volumes"]
    assert (volume["name"], "secret" in volume) == ("token", False)
    assert [next(iter(source)) for source in volume["projected"]["sources"]] == ["serviceAccountToken", "configMap", "downwardAPI"]
    assert run.spec()["containers"][0]["volumeMounts"] == [{"name": "token", "mountPath": "/etc/kube", "readOnly": True}]
    assert [one.strip() for one in run.after.splitlines() if "defaultMode" in one] == [line] * bool(mode), (
        "none it had not, in its own spelling"
    )


def test_rb13_foreign_keys_stay_in_their_secret() -> None:
    items = "  items:\n  - {key: token, path: t}\n  - {key: service-ca.crt, path: ca}\n"
    run = migrate(stream(account("app"), token_pod(SECRET + items)))
    sources = run.spec()["volumes"][0]["projected"]["sources"]
    assert sources[1] == {"secret": {"name": "app-token-x7k2p", "items": [{"key": "service-ca.crt", "path": "ca"}]}}
    assert run.finding("token-secret-extra-key").rule == "R-B13"


@pytest.mark.parametrize("path", ["/token", "../token", "a/../token", "..token"])
def test_rb13_unusable_paths(path: str) -> None:
    run = migrate(stream(account("app"), token_pod(SECRET + f"  items:\n  - {{key: token, path: {path}}}\n")))
    assert "secret" in run.spec()["volumes"][0]
    assert run.finding("invalid-item-path").rule == "R-B13"


def test_rb14_a_usual_mode_is_written_on_the_others() -> None:
    items = "  items:\n  - {key: token, path: t, mode: 0400}\n  - {key: namespace, path: space}\n"
    projected = migrate(stream(account("app"), token_pod(SECRET + items))).spec()["volumes"][0]["projected"]
    assert projected["defaultMode"] == 0o400
    assert projected["sources"][1]["downwardAPI"]["items"][0]["mode"] == 0o644


@pytest.mark.parametrize(
    ("security", "says"),
    [("securityContext: {fsGroup: 2000}", "0640, group 2000"), ("securityContext: {runAsUser: 1000}", "0600, owner 1000"), ("", None)],
)
def test_rb16_who_owns_the_token_file(security: str, says: str | None) -> None:
    pod = "serviceAccountName: app\n" + security
    run = migrate(stream(account("app"), token_pod(SECRET + "  defaultMode: 0440\n", pod=pod)))
    assert ("token-file-mode" in run.said()) is (says is not None)
    if says:
        assert says in run.finding("token-file-mode").message


@pytest.mark.parametrize(
    ("security", "says"),
    [
        ("securityContext: {runAsUser: 0}", True),
        ("securityContext: {runAsUser: 1000}", False),
        ("securityContext: {runAsUser: 0, fsGroup: 2000}", False),
    ],
)
def test_rb16_a_program_that_leaves_root_cannot_read_the_file(security: str, says: bool) -> None:
    run = migrate(stream(account("app"), token_pod(SECRET, pod="serviceAccountName: app\n" + security)))
    assert "projected" in run.spec()["volumes"][0]
    assert ("token-file-mode" in run.said()) is says


def test_rb16_a_container_that_says_null_has_the_pods_user() -> None:
    pod = "serviceAccountName: app\nsecurityContext: {runAsUser: 7}"
    text = token_pod(SECRET + "  defaultMode: 0440\n", pod=pod).replace("image: ", "securityContext: {runAsUser: null}\n        image: ", 1)
    run = migrate(stream(account("app"), text))
    assert "0600, owner 7" in run.finding("token-file-mode").message


def test_rb13_a_token_under_two_paths() -> None:
    run = migrate(stream(account("app"), token_pod(SECRET + "  items:\n  - {key: token, path: a}\n  - {key: token, path: b}\n")))
    sources = run.spec()["volumes"][0]["projected"]["sources"]
    assert [source["serviceAccountToken"]["path"] for source in sources] == ["a", "b"]
    assert run.report().tokens_after == run.report().tokens_before


def test_rb14_a_token_under_two_paths_with_two_modes_stays() -> None:
    items = "  items:\n  - {key: token, path: a, mode: 0400}\n  - {key: token, path: b}\n"
    run = migrate(stream(account("app"), token_pod(SECRET + items)))
    assert "secret" in run.spec()["volumes"][0]
    assert run.finding("projection-mode").rule == "R-B14"


@pytest.mark.parametrize(("order", "says"), [("token first", True), ("token last", False)])
def test_rb15_a_whole_secret_behind_the_token_may_replace_it(order: str, says: bool) -> None:
    sources = ["  - secret: {name: app-token-x7k2p}\n", "  - secret: {name: other}\n"]
    lines = "".join(sources if order == "token first" else sources[::-1])
    run = migrate(stream(account("app"), token_pod("projected:\n  sources:\n" + lines)))
    assert sum("serviceAccountToken" in source for source in run.spec()["volumes"][0]["projected"]["sources"]) == 1
    assert ("projection-clash" in run.said()) is says


def test_rb19_a_variable_that_may_be_missing_still_may() -> None:
    variable = "env: [{name: CA, valueFrom: {secretKeyRef: {name: app-token-x7k2p, key: ca.crt, optional: true}}}]"
    text = token_pod(SECRET, pod="serviceAccountName: app").replace("image: ", variable + "\n        image: ", 1)
    (env,) = migrate(stream(account("app"), text)).spec()["containers"][0]["env"]
    assert env["valueFrom"] == {"configMapKeyRef": {"name": "kube-root-ca.crt", "key": "ca.crt", "optional": True}}


@pytest.mark.parametrize("holds", [True, False], ids=["the account is there", "the account may not exist"])
def test_rb11_an_optional_secret_takes_no_pod_to_an_account_that_may_not_exist(holds: bool) -> None:
    """Such a pod runs without the Secret; under an account that is not there no pod starts (R-A3)."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app-token-x7k2p\n  annotations:\n"
    secret += "    kubernetes.io/service-account.name: app\ntype: kubernetes.io/service-account-token\n"
    text = token_pod(SECRET + "  optional: true\n", pod="dnsPolicy: Default")
    run = migrate(stream(secret, text, *([account("app")] if holds else [])), risk=Risk.L4)
    assert run.spec().get("serviceAccountName") == ("app" if holds else "web")
    assert ("token-of-another-account" in run.said()) is not holds


@pytest.mark.parametrize(
    ("more", "image", "says"),
    [
        pytest.param("", "registry.example.com/app:1", True, id="default may hold some that the account has not"),
        pytest.param("imagePullSecrets: [{name: registry}]\n", "registry.example.com/app:1", False, id="the account has its own"),
        pytest.param("", "nginx:1.29", False, id="a public image"),
    ],
)
def test_rd4_a_switch_of_account_may_leave_pull_secrets_behind(more: str, image: str, says: bool) -> None:
    text = token_pod(SECRET, pod="dnsPolicy: Default").replace("image: nginx:1.29", f"image: {image}")
    run = migrate(stream(token_secret("app-token-x7k2p", "app"), account("app", more=more), text))
    assert run.spec()["serviceAccountName"] == "app"
    assert ("unseen-pull-secrets" in run.said()) is says


@pytest.mark.parametrize(
    ("audience", "stays"),
    [("vault", True), ("sts.amazonaws.com", True), ("https://kubernetes.default.svc", False), ("", False)],
    ids=["Vault's", "a cloud's", "the API server's", "none"],
)
def test_re5_who_takes_a_projected_token_knows_its_account(audience: str, stays: bool) -> None:
    """A role of Vault, or a cloud's trust policy, names default: under another account the pod is refused."""
    source = f"serviceAccountToken: {{path: token, audience: '{audience}'}}" if audience else "serviceAccountToken: {path: token}"
    text = token_pod(f"projected:\n  sources:\n  - {source}\n", pod="dnsPolicy: Default")
    run = migrate(text, risk=Risk.L3 if stays else Risk.L4)
    assert ("serviceAccountName" not in run.spec()) is stays
    if stays:
        assert run.spec()[FIELD] is False, "the token at the default path goes all the same"
        assert f"a projected token for {audience} names the account, R-E5" in run.finding("above-max-risk").message
        assert migrate(text, risk=Risk.L4).spec()["serviceAccountName"] == "web"


def test_rb17_rb20_expiry() -> None:
    text = stream(account("app"), token_pod(SECRET))
    assert "expirationSeconds: 3607\n" in migrate(text).after
    assert "expirationSeconds: 7200\n" in migrate(text, settings={"token_expiration": 7200}).after


@pytest.mark.parametrize("name", ["VAULT_ADDR", "AWS_WEB_IDENTITY_TOKEN_FILE"])
def test_rb21_a_token_for_somebody_else(name: str) -> None:
    run = migrate(stream(account("app"), token_pod(SECRET, env=f"env: [{{name: {name}, value: x}}]")))
    assert "secret" in run.spec()["volumes"][0]
    assert run.finding("token-audience").rule == "R-B21"


def test_rb24_mounts_stay_as_they_are() -> None:
    mount = "mountPath: /etc/kube\n    readOnly: true\n    recursiveReadOnly: IfPossible\n    mountPropagation: None"
    run = migrate(stream(account("app"), token_pod(SECRET, mount=mount)))
    mounts = run.spec()["containers"][0]["volumeMounts"]
    assert mounts == [
        {"name": "token", "mountPath": "/etc/kube", "readOnly": True, "recursiveReadOnly": "IfPossible", "mountPropagation": "None"}
    ]


def test_rb25_the_workload_says_that_its_token_expires_now() -> None:
    run = migrate(stream(account("app"), token_pod(SECRET)))
    assert "expires" in run.object("Deployment", "web")["metadata"]["annotations"]["samigrate.dev/reason"]


# ---------------------------------------------------------------- C, J: kinds and shapes


def test_rc11_a_custom_field_is_no_alias() -> None:
    text = "apiVersion: jaegertracing.io/v1\nkind: Jaeger\nmetadata:\n  name: web\nspec:\n  serviceAccount: tracing\n  strategy: allInOne\n"
    assert migrate(text, recipes=("account-alias",)).is_untouched


def test_rc8_ray_clusters_are_only_reported() -> None:
    text = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata:
  name: web
spec:
  headGroupSpec:
    rayStartParams: {}
    template:
      spec:
        containers:
        - name: ray-head
          image: rayproject/ray:2.9.0
"""
    run = migrate(text, risk=Risk.L5)
    assert run.is_untouched
    assert "reported-only" in run.said()


def test_rj5_kinds_of_one_name_are_told_apart_by_their_group() -> None:
    run = migrate(deployment(name="plain") + "---\n" + deployment(name="other").replace("apps/v1", "example.com/v1"))
    assert moved(run, "plain")
    assert "serviceAccountName" not in run.spec("other")
    assert "unsupported-kind" in run.said()


@pytest.mark.parametrize("name", ["${SA}", "$(SA)", "<name>", "%SA%", "HELMSUBST_SA"])
def test_rj7_a_placeholder_is_an_unknown_account(name: str) -> None:
    run = migrate(deployment(f'serviceAccountName: "{name}"'))
    assert run.is_untouched
    assert "unknown-api-use" in run.said()


# ---------------------------------------------------------------- D: who names the account


def test_rd5_secrets_that_are_no_tokens_go_along() -> None:
    old = account("default", more="secrets:\n- name: git\n- name: default-token-x7k2p\n- name: default-dockercfg-x7k2p\n")
    assert migrate(stream(old, deployment())).account()["secrets"] == [{"name": "git"}]


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("eks.amazonaws.com/role-arn", id="R-D6"),
        pytest.param("iam.gke.io/gcp-service-account", id="R-D8"),
        pytest.param("azure.workload.identity/client-id", id="R-D9"),
    ],
)
def test_cloud_identities_are_copied_above_the_usual_risk(key: str) -> None:
    text = stream(account("default", more=f"  annotations:\n    {key}: x\n"), deployment())
    kept, run = migrate(text), migrate(text, risk=Risk.L4)
    assert not moved(kept)
    assert key in kept.finding("above-max-risk").message
    assert run.account()["metadata"]["annotations"][key] == "x"


def test_rd10_other_annotations_are_named() -> None:
    run = migrate(stream(account("default", more="  annotations:\n    example.com/owner: x\n"), deployment()))
    assert "example.com/owner" not in run.account()["metadata"]["annotations"]
    assert "example.com/owner" in run.finding("account-annotation").message


def test_rd27_token_secrets_stay() -> None:
    run = migrate(stream(account("default"), token_secret("robot", "default"), deployment()))
    assert moved(run)
    assert token_secret("robot", "default") in run.after


def test_rd28_the_pod_reads_its_account_s_name() -> None:
    pod = (
        "containers:\n- name: app\n  image: nginx\n  env:\n  - name: ME\n    valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}\n"
    )
    assert migrate(deployment(pod)).finding("downward-account").rule == "R-D28"


@pytest.mark.parametrize("kind", ["RoleBinding", "ClusterRoleBinding"])
def test_rd32_rd37_rights_go_along_and_the_role_stays(kind: str) -> None:
    grant = binding("{kind: ServiceAccount, name: default, namespace: shop}", namespace="shop" * (kind == "RoleBinding"), kind=kind)
    run = migrate(stream(role(namespace="shop"), grant, deployment(namespace="shop", image="bitnami/kubectl")))
    found = run.object(kind, "readers")
    assert [subject["name"] for subject in found["subjects"]] == ["default", "web"]
    assert found["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}


def test_rd3_a_grant_in_another_namespace() -> None:
    grant = binding("{kind: ServiceAccount, name: default, namespace: shop}", namespace="infra")
    run = migrate(stream(role(namespace="infra"), grant, deployment(namespace="shop", image="bitnami/kubectl")))
    assert {"kind": "ServiceAccount", "name": "web", "namespace": "shop"} in run.object("RoleBinding", "readers")["subjects"]


USER = "system:serviceaccount:shop:default"
OUTSIDE = {
    "R-D12": ("security.openshift.io/v1", "SecurityContextConstraints", f"users: ['{USER}']", "add"),
    "R-D14": (
        "security.istio.io/v1",
        "AuthorizationPolicy",
        "spec: {rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/default]}}]}]}",
        "add",
    ),
    "R-D15": (
        "policy.linkerd.io/v1alpha1",
        "MeshTLSAuthentication",
        "spec: {identityRefs: [{kind: ServiceAccount, name: default}]}",
        "add",
    ),
    "R-D16": (
        "cilium.io/v2",
        "CiliumNetworkPolicy",
        "spec: {endpointSelector: {matchLabels: {io.cilium.k8s.policy.serviceaccount: default}}}",
        "flag",
    ),
    "R-D17": ("projectcalico.org/v3", "NetworkPolicy", "spec: {ingress: [{source: {serviceAccounts: {names: [default]}}}]}", "add"),
    "R-D18": ("crd.antrea.io/v1beta1", "NetworkPolicy", "spec: {appliedTo: [{serviceAccount: {name: default, namespace: shop}}]}", "flag"),
    "R-D20": ("redhatcop.redhat.io/v1alpha1", "KubernetesAuthEngineRole", "spec: {targetServiceAccounts: [default]}", "add"),
    "R-D7": ("eks.services.k8s.aws/v1alpha1", "PodIdentityAssociation", "spec: {namespace: shop, serviceAccount: default}", "flag"),
    "R-D9": ("managedidentity.azure.com/v1api20230131", "FederatedIdentityCredential", f"spec: {{subject: '{USER}'}}", "flag"),
    "R-D22": ("spire.spiffe.io/v1alpha1", "ClusterStaticEntry", "spec: {selectors: ['k8s:ns:shop', 'k8s:sa:default']}", "flag"),
    "R-D29": ("eventing.knative.dev/v1alpha1", "EventPolicy", f"spec: {{from: [{{sub: '{USER}'}}]}}", "flag"),
    "R-D23": (
        "kyverno.io/v1",
        "ClusterPolicy",
        "spec: {rules: [{exclude: {any: [{subjects: [{kind: ServiceAccount, name: default, namespace: shop}]}]}}]}",
        "flag",
    ),
    "R-D26": (
        "flowcontrol.apiserver.k8s.io/v1",
        "FlowSchema",
        "spec: {rules: [{subjects: [{kind: ServiceAccount, serviceAccount: {name: default, namespace: shop}}]}]}",
        "add",
    ),
}


@pytest.mark.parametrize("rule", OUTSIDE)
def test_objects_outside_rbac_that_name_the_account(rule: str) -> None:
    """The rows of D.2: kept at the usual risk, and with a higher one added to where the row says so."""
    api, kind, content, action = OUTSIDE[rule]
    text = stream(f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: other, namespace: shop}}\n{content}\n", deployment(namespace="shop"))
    kept = migrate(text)
    assert not moved(kept)
    assert kept.finding("identity-string").rule == rule
    run = migrate(text, risk=Risk.L4)
    assert moved(run)
    other = str(run.object(kind, "other"))
    assert "default" in other, "the old account keeps what it has"
    assert ("web" in other) is (action == "add")


# ---------------------------------------------------------------- E: evidence


@pytest.mark.parametrize("file", ["token", "ca.crt", "namespace", "service-ca.crt"])
def test_re3_any_file_of_the_default_path_counts(file: str) -> None:
    pod = f"containers:\n- name: app\n  image: nginx\n  args: [--file=/var/run/secrets/kubernetes.io/serviceaccount/{file}]\n"
    run = migrate(deployment(pod), risk=Risk.L4)
    assert run.verdict() == "required"
    assert run.spec()[FIELD] is True


def test_re13_an_image_that_nobody_knows_is_no_signal() -> None:
    run = migrate(deployment(image="registry.example.com/thing:1"))
    assert run.verdict() == "none"


# ---------------------------------------------------------------- F: what is written


LABELLED = """\
labels:
  app.kubernetes.io/name: web
  app.kubernetes.io/instance: shop
  app.kubernetes.io/component: front
  app.kubernetes.io/part-of: shop
  app.kubernetes.io/version: 1.2.3
  app.kubernetes.io/managed-by: Helm
  helm.sh/chart: web-1
  pod-template-hash: abc
"""


def test_rf5_nothing_is_said_on_objects_that_pass_annotations_on() -> None:
    own = kinds.parse_rules([{"group": "example.com", "kind": "Site", "pods": ["spec.template.spec"], "annotate": False}], "kinds.yaml")
    run = migrate(deployment().replace("apps/v1", "example.com/v1").replace("Deployment", "Site"), settings={"kinds": tuple(own)})
    assert run.spec("web", "Site")["serviceAccountName"] == "web"
    assert "annotations" not in run.object("Site", "web")["metadata"]


def test_rf6_nothing_is_said_where_nothing_changes() -> None:
    text = stream(account("web"), deployment("serviceAccountName: web\nautomountServiceAccountToken: false"))
    assert migrate(text, recipes=("least-privilege", "account-alias")).is_untouched


def test_rf7_labels_of_the_new_account() -> None:
    labels = migrate(deployment(above=LABELLED)).account()["metadata"]["labels"]
    assert sorted(labels) == [f"app.kubernetes.io/{part}" for part in ("component", "instance", "managed-by", "name", "part-of")]
    assert labels["app.kubernetes.io/managed-by"] == "Helm"


def test_rf3_rf4_what_is_said_stands_on_the_object_and_never_on_the_pods() -> None:
    run = migrate(deployment())
    said = run.object("Deployment", "web")["metadata"]["annotations"]
    assert said["samigrate.dev/previous-service-account"] == "default"
    assert said["samigrate.dev/previous-automount"] == "unset"
    assert all(len(value.encode()) < 1024 for value in said.values())
    assert run.object("Deployment", "web")["spec"]["template"]["metadata"] == {"labels": {"app": "web"}}


def test_rf1_rf2_only_keys_of_our_own_prefix() -> None:
    run = migrate(deployment(), settings={"prefix": "ops.example.com"})
    keys = {*run.object("Deployment", "web")["metadata"]["annotations"], *run.account()["metadata"]["annotations"]}
    assert {key.partition("/")[0] for key in keys} == {"ops.example.com"}


def test_rf3_long_evidence_is_cut() -> None:
    containers = "containers:\n" + "".join(
        f"- name: c{index}\n  image: registry.example.com/a-rather-long-path/to/number-{index}/kubectl\n" for index in range(40)
    )
    said = migrate(deployment(containers), risk=Risk.L4).object("Deployment", "web")["metadata"]["annotations"]["samigrate.dev/evidence"]
    assert said.endswith("; …")
    assert len(said.encode()) < 1024


def test_rf8_names_are_labels() -> None:
    run = migrate(deployment(name="web.shop"))
    assert run.accounts() == ["web-shop"]


def test_rf10_built_in_accounts_of_kube_system_are_not_taken() -> None:
    run = migrate(deployment(name="node-controller", namespace="kube-system"), settings={"unknown": "account"})
    assert run.accounts() == ["node-controller-sa"]


def test_rf10_a_token_secret_of_that_name_would_come_alive() -> None:
    run = migrate(stream(token_secret("old", "web"), deployment()))
    assert run.accounts() == ["web-sa"]


def test_rf12_a_new_account_is_minimal_and_in_order() -> None:
    run = migrate(stream(account("default", more="imagePullSecrets: [{name: reg}]\nsecrets: [{name: git}]\n"), deployment()))
    assert list(run.account()) == ["apiVersion", "kind", "metadata", "imagePullSecrets", "secrets", FIELD]
    assert list(run.account()["metadata"]) == ["name", "labels", "annotations"]


def test_rf12_no_automount_on_the_account_without_one_on_the_pod() -> None:
    run = migrate(deployment(), recipes=("dedicated-accounts",))
    assert moved(run)
    assert FIELD not in run.account()
    assert FIELD not in run.spec()


def test_rf16_a_test_hook_keeps_its_account() -> None:
    run = migrate(deployment(above="annotations:\n  helm.sh/hook: test"))
    assert not moved(run)
    assert run.spec()[FIELD] is False


def test_rf18_the_account_of_a_kept_workload_is_kept() -> None:
    run = migrate(deployment(above="annotations:\n  helm.sh/resource-policy: keep"))
    assert run.account()["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert "helm.sh/resource-policy" not in migrate(deployment()).account()["metadata"]["annotations"]


def test_rf20_tracking_is_not_copied() -> None:
    above = "annotations:\n  argocd.argoproj.io/tracking-id: a:b\n  argocd.argoproj.io/sync-options: Prune=false"
    said = migrate(deployment(above=above)).account()["metadata"]["annotations"]
    assert not [key for key in said if key.startswith("argocd")]


# ---------------------------------------------------------------- G: order


def test_rg1_an_account_stands_before_its_first_user() -> None:
    run = migrate(stream(deployment(name="a"), "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n", deployment(name="b")))
    order = [(one["kind"], one["metadata"]["name"]) for one in run.documents]
    assert order == [("ServiceAccount", "a"), ("Deployment", "a"), ("Namespace", "shop"), ("ServiceAccount", "b"), ("Deployment", "b")]


@pytest.mark.parametrize(
    ("documents", "settings", "says"),
    [
        pytest.param([], {}, True, id="nothing gives default a right"),
        pytest.param([binding("{kind: ServiceAccount, name: default}")], {}, False, id="a binding moves along"),
        pytest.param([], {"assume_complete_input": True}, False, id="there is nothing elsewhere"),
    ],
)
def test_rd35_rights_that_the_input_does_not_show_are_told(documents: list[str], settings: dict[str, object], says: bool) -> None:
    """A binding in the cluster alone names default: the pod would keep its token and lose what it may do."""
    pod = "containers:\n- name: app\n  image: nginx:1.29\n  command: [kubectl, get, pods]\n"
    run = migrate(stream(deployment(pod), *documents), settings=settings)
    assert ("serviceAccountName" not in run.spec()) is says, "it would lose the right, so it leaves default at L4 only"
    assert ("unseen-rights" in run.said()) is says
    assert migrate(stream(deployment(pod), *documents), settings=settings, risk=Risk.L4).spec()["serviceAccountName"] == "web"


def test_rd35_who_has_no_use_for_the_api_has_no_rights_to_lose() -> None:
    assert "unseen-rights" not in migrate(deployment()).said()
