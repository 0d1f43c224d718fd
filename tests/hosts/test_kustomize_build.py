"""Repositories of kustomizations: every case is built by the real kubectl before and after."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from samigrate.cli.options import Options
from samigrate.cli.running import find_roots, run
from samigrate.hosts import builds
from tests.command import Result, invoke
from tests.support import tools

Tree = Mapping[str, str]


def workload(kind: str = "Deployment", name: str = "web", spec: str = "", metadata: str = "") -> str:
    group = {"CronJob": "batch/v1", "Rollout": "argoproj.io/v1alpha1"}.get(kind, "apps/v1")
    return f"""\
apiVersion: {group}
kind: {kind}
metadata:
  name: {name}
{metadata}spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
{spec}      containers:
      - name: app
        image: nginx:1.29
"""


BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
"""
NAMED = workload(spec="      serviceAccountName: web\n")
WORKER = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: worker}\n"
WEB = {"base/kustomization.yaml": "resources:\n- web.yaml\n", "base/web.yaml": workload()}
OVER = "namePrefix: p-\nnameSuffix: -s\nnamespace: prod\nresources:\n- ../base\n"


@pytest.fixture(autouse=True)
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kubectl that `--verify-build` finds."""
    found = tools.need("kubectl")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl").symlink_to(found)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    (tmp_path / "tree").mkdir()
    monkeypatch.chdir(tmp_path / "tree")
    return found


def plant(tree: Tree) -> None:
    for path, content in tree.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(content)


def migrate(tree: Tree, *options: str) -> Result:
    """Migrate the tree in place, with every build verified; a second run must find nothing."""
    plant(tree)
    ran = invoke(["migrate", "--write", "--verify-build", "-v", *options, "."])
    assert ran.exit == 0, ran.stderr
    again = invoke(["migrate", "--check", *options, "."])
    assert again.exit == 0, again.stderr
    return ran


def build(folder: str, kubectl: str) -> dict[tuple[str, str], Any]:
    """What a root renders, by kind and name."""
    ran = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(ran.stdout)}


def pod(one: Any) -> Any:
    return one["spec"]["template"]["spec"]


# ---------------------------------------------------------------- where the account goes


def test_a_base_is_edited_for_all_its_overlays(kubectl: str) -> None:
    ran = migrate({**WEB, "dev/kustomization.yaml": OVER.replace("p-", "d-"), "prod/kustomization.yaml": OVER})
    assert "all 2 kustomize builds that change differ by exactly the plan" in ran.stderr
    for folder, name in (("dev", "d-web-s"), ("prod", "p-web-s")):
        built = build(folder, kubectl)
        assert pod(built["Deployment", name])["serviceAccountName"] == name
        assert built["ServiceAccount", name]["metadata"]["namespace"] == "prod"
    assert Path("base/kustomization.yaml").read_text() == WEB["base/kustomization.yaml"]


def test_a_file_of_its_own_is_listed_once_in_the_kustomizations_style(kubectl: str) -> None:
    listed = "# what the shop is made of\nresources:\n    - web.yaml # the shop\n    - ./db.yaml\n\nimages: []\n"
    config = "apiVersion: samigrate.dev/v1\nkind: Config\naccount-file: serviceaccount.yaml\n"
    tree = {"samigrate.yaml": config, "base/kustomization.yaml": listed, "base/web.yaml": workload(), "base/db.yaml": workload(name="db")}
    migrate({**tree, "over/kustomization.yaml": OVER})
    assert Path("base/kustomization.yaml").read_text() == listed.replace("./db.yaml\n", "./db.yaml\n    - serviceaccount.yaml\n")
    assert "kind: ServiceAccount" not in Path("base/web.yaml").read_text()
    built = build("over", kubectl)
    assert {name for kind, name in built if kind == "ServiceAccount"} == {"p-web-s", "p-db-s"}


def test_the_sibling_of_a_json_file_is_listed(kubectl: str) -> None:
    web = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "a", "image": "nginx:1"}]}}\n'
    migrate({"kustomization.yaml": "namePrefix: p-\nresources: [web.json]\n", "web.json": web})
    assert Path("kustomization.yaml").read_text() == "namePrefix: p-\nresources: [web.json, web-serviceaccount.json]\n"
    built = build(".", kubectl)
    assert built["Pod", "p-web"]["spec"]["serviceAccountName"] == "p-web"
    assert ("ServiceAccount", "p-web") in built


def test_an_account_that_another_file_of_the_build_brings_is_taken(kubectl: str) -> None:
    """A second document of that name would end the build: may not add resource with an already registered id."""
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n"
    migrate({**WEB, "over/kustomization.yaml": OVER + "- more.yaml\n", "over/more.yaml": account.replace("web", "p-web-s")})
    assert build("over", kubectl)


def test_a_base_that_one_build_reaches_twice_is_decided_for_both_its_names(kubectl: str) -> None:
    """What stands in `all` alone is built; `prod` binds the account of its own namespace, which `staging` is not."""
    rights = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader}\nrules:\n- {apiGroups: [''], resources: [pods], verbs: [get]}\n"
    bound = binding("RoleBinding", "reader").replace(", namespace: system", "")
    migrate(
        {
            **WEB,
            "base/web.yaml": workload().replace("nginx:1.29", "bitnami/kubectl"),
            "staging/kustomization.yaml": "namePrefix: s-\nnamespace: staging\nresources: [../base]\n",
            "prod/kustomization.yaml": "namePrefix: p-\nnamespace: prod\nresources: [../base, rbac.yaml]\n",
            "prod/rbac.yaml": f"{rights}---\n{bound}",
            "all/kustomization.yaml": "resources: [../staging, ../prod]\n",
        }
    )
    built = build("all", kubectl)
    for name in ("s-web", "p-web"):
        assert pod(built["Deployment", name])["serviceAccountName"] == name
        assert pod(built["Deployment", name])["automountServiceAccountToken"] is True
        assert ("ServiceAccount", name) in built
    subjects = [(one["namespace"], one["name"]) for one in built["RoleBinding", "p-readerbinding"]["subjects"]]
    assert subjects == [("prod", "default"), ("prod", "p-web")]


def test_a_base_that_two_namespaces_share_under_one_name(kubectl: str) -> None:
    migrate(
        {
            **WEB,
            "a/kustomization.yaml": "namespace: a\nresources: [../base]\n",
            "b/kustomization.yaml": "namespace: b\nresources: [../base]\n",
            "all/kustomization.yaml": "resources: [../a, ../b]\n",
        }
    )
    ran = subprocess.run([kubectl, "kustomize", "all"], capture_output=True, text=True, check=True)
    landed = [(one["kind"], one["metadata"]["namespace"]) for one in yaml.safe_load_all(ran.stdout)]
    assert sorted(landed) == [("Deployment", "a"), ("Deployment", "b"), ("ServiceAccount", "a"), ("ServiceAccount", "b")]


def test_a_loop_and_a_tree_that_doubles_on_every_level_end() -> None:
    """Of kustomizations that kustomize itself would refuse, or build for ever."""
    doubling = {
        f"l{level}/{side}/kustomization.yaml": f"resources: [../../l{level + 1}/a, ../../l{level + 1}/b]\n"
        for level in range(30)
        for side in "ab"
    }
    plant(
        {
            **doubling,
            "l30/a/kustomization.yaml": "resources: [web.yaml]\n",
            "l30/a/web.yaml": workload(),
            "loop/kustomization.yaml": "resources: [../loop]\n",
        }
    )
    ran = invoke(["migrate", "."])
    assert ran.exit == 0
    assert b"+      serviceAccountName: web" in ran.stdout


@pytest.mark.parametrize("by", ["components: [../more]\n", "- ../more\n"], ids=["a component", "a second base"])
def test_an_account_of_that_name_that_stands_elsewhere_in_the_build(by: str, kubectl: str) -> None:
    """A second one would end the build: may not add resource with an already registered id."""
    head = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" if "components" in by else ""
    more = {"more/kustomization.yaml": f"{head}resources: [account.yaml]\n", "more/account.yaml": WORKER.replace("worker", "web")}
    migrate({**WEB, **more, "over/kustomization.yaml": OVER + by})
    built = build("over", kubectl)
    account = pod(built["Deployment", "p-web-s"]).get("serviceAccountName", "default")
    assert account == "default" or ("ServiceAccount", account) in built


def test_a_file_that_is_listed_already_is_not_listed_again(kubectl: str) -> None:
    config = "apiVersion: samigrate.dev/v1\nkind: Config\naccount-file: account.yaml\n"
    listed = "resources:\n- web.yaml\n- ./account.yaml\n"
    migrate({"samigrate.yaml": config, "base/kustomization.yaml": listed, "base/web.yaml": workload(), "base/account.yaml": WORKER})
    assert Path("base/kustomization.yaml").read_text() == listed
    assert {name for kind, name in build("base", kubectl) if kind == "ServiceAccount"} == {"web", "worker"}


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_every_name_of_a_kustomization(name: str, kubectl: str) -> None:
    migrate({f"base/{name}": "resources: [web.yaml]\n", "base/web.yaml": workload(), f"over/{name}": OVER.replace("resources", "bases")})
    assert pod(build("over", kubectl)["Deployment", "p-web-s"])["serviceAccountName"] == "p-web-s"


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param({"over/Kustomization": OVER}, id="two in one folder"),
        pytest.param({"over/kustomization.yaml": OVER.replace("resources", "resource")}, id="an unknown key"),
        pytest.param({"over/kustomization.yaml": OVER + "- ../../../etc\n- gone.yaml\n- 7\n"}, id="what is not there"),
        pytest.param({"over/kustomization.yaml": "- ../base\n"}, id="a list"),
    ],
)
def test_what_kustomize_refuses_is_done_as_far_as_it_goes(tree: Tree) -> None:
    plant({**WEB, "over/kustomization.yaml": OVER, **tree})
    ran = invoke(["migrate", "--write", "."])
    assert ran.exit == 0, ran.stderr
    assert "serviceAccountName: web" in Path("base/web.yaml").read_text()


def test_labels_and_annotations_that_a_build_adds_are_no_difference(kubectl: str) -> None:
    adds = "commonLabels: {team: shop}\nlabels:\n- {pairs: {tier: front}, includeSelectors: true}\ncommonAnnotations: {owner: me}\n"
    migrate({**WEB, "over/kustomization.yaml": OVER + adds})
    account = build("over", kubectl)["ServiceAccount", "p-web-s"]
    assert account["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "samigrate", "team": "shop", "tier": "front"}
    assert account["metadata"]["annotations"]["owner"] == "me"


# ---------------------------------------------------------------- what is no manifest of the build


def test_patches_and_data_are_no_workloads(kubectl: str) -> None:
    partial = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: side, image: redis:7}]}}}\n"
    tree = {
        **WEB,
        "over/kustomization.yaml": OVER
        + "patches:\n- path: side.yaml\n"
        + "configMapGenerator:\n- name: examples\n  files: [example.yaml, named=other.yaml]\n",
        "over/side.yaml": partial,
        "over/example.yaml": workload(name="example"),
        "over/other.yaml": workload(name="other"),
    }
    ran = migrate(tree)
    for name in ("side", "example", "other"):
        assert Path(f"over/{name}.yaml").read_text() == tree[f"over/{name}.yaml"]
    assert "read by a kustomization as data" in ran.stderr
    assert pod(build("over", kubectl)["Deployment", "p-web-s"])["serviceAccountName"] == "p-web-s"


def test_what_is_not_seen_is_said(kubectl: str) -> None:
    remote = ["https://example.com/x?ref=v1", "github.com/acme/base//web?ref=v2", "git@example.com:acme/base.git", "ssh://example.com/base"]
    seen = "".join(f"- {one}\n" for one in remote)
    plant({"kustomization.yaml": f"resources:\n{seen}helmCharts: [{{name: a}}]\ntransformers: [t.yaml]\ngenerators: [g.yaml]\n"})
    told = invoke(["audit", "-v", "."]).stdout.decode()
    for one in remote:
        assert f"a kustomization: {one} is not seen here" in told
    assert "the charts it inflates are not seen here" in told
    assert "what its transformers change is not seen here" in told
    assert "what its generators make is not seen here" in told


def test_what_a_kustomization_lists_and_nobody_has_read_is_said(kubectl: str) -> None:
    """kustomize would refuse it; here it would be a workload or a binding that nothing knows of."""
    plant({**WEB, "over/kustomization.yaml": OVER + "- rbca.yaml\n- ../gone\n- notes.txt\n", "over/notes.txt": "none"})
    told = invoke(["audit", "-v", "."]).stdout.decode()
    assert "a kustomization: it lists over/rbca.yaml and 2 more, not among the files that are read  over/kustomization.yaml:1" in told


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("kind", ["ReplicaSet", "Rollout"])
def test_where_kustomize_would_not_rename_the_reference_the_account_stays(kind: str, kubectl: str) -> None:
    tree = {"base/kustomization.yaml": "resources:\n- web.yaml\n", "base/web.yaml": workload(kind), "over/kustomization.yaml": OVER}
    ran = migrate(tree)
    assert f"renames the account, but not its name in a {kind}" in ran.stderr
    assert f"nameReference from ServiceAccount to {kind} spec/template/spec/serviceAccountName" in ran.stderr
    built = build("over", kubectl)
    assert "serviceAccountName" not in pod(built[kind, "p-web-s"])
    assert pod(built[kind, "p-web-s"])["automountServiceAccountToken"] is False


def test_a_name_reference_in_the_configurations_lets_it_go(kubectl: str) -> None:
    rule = "nameReference:\n- {kind: ServiceAccount, version: v1, fieldSpecs: [{kind: ReplicaSet, path: spec/template/spec/serviceAccountName}]}\n"
    tree = {"base/kustomization.yaml": "resources:\n- web.yaml\n", "base/web.yaml": workload("ReplicaSet"), "over/rule.yaml": rule}
    migrate({**tree, "over/kustomization.yaml": OVER + "configurations: [rule.yaml]\n"})
    assert pod(build("over", kubectl)["ReplicaSet", "p-web-s"])["serviceAccountName"] == "p-web-s"


def test_the_alias_goes_since_kustomize_would_leave_its_name(kubectl: str) -> None:
    migrate({**WEB, "base/web.yaml": workload(spec="      serviceAccount: default\n"), "over/kustomization.yaml": OVER})
    spec = pod(build("over", kubectl)["Deployment", "p-web-s"])
    assert spec["serviceAccountName"] == "p-web-s"
    assert "serviceAccount" not in spec


def test_a_user_of_the_accounts_name_would_be_renamed_with_it(kubectl: str) -> None:
    user = BINDING + "- {apiGroup: rbac.authorization.k8s.io, kind: User, name: web}\n"
    migrate(
        {**WEB, "base/kustomization.yaml": "resources:\n- web.yaml\n- user.yaml\n", "base/user.yaml": user, "over/kustomization.yaml": OVER}
    )
    built = build("over", kubectl)
    assert built["ClusterRoleBinding", "p-reader-s"]["subjects"][0]["name"] == "web"
    assert pod(built["Deployment", "p-web-s"])["serviceAccountName"] == "p-web-sa-s"


# ---------------------------------------------------------------- namespaces


@pytest.mark.parametrize("stated", ["", "  namespace: system\n"], ids=["no namespace", "a placeholder"])
def test_the_subject_lands_in_the_builds_namespace(stated: str, kubectl: str) -> None:
    """Kustomize moves the subject `default` whatever its namespace, any other only together with its account."""
    binding = BINDING + "- {kind: ServiceAccount, name: default, namespace: system}\n"
    tree = {
        "base/kustomization.yaml": "resources: [web.yaml, binding.yaml]\n",
        "base/web.yaml": workload(metadata=stated),
        "base/binding.yaml": binding,
        "over/kustomization.yaml": OVER,
    }
    ran = migrate(tree)
    built = build("over", kubectl)
    subjects = built["ClusterRoleBinding", "p-reader-s"]["subjects"]
    account = pod(built["Deployment", "p-web-s"]).get("serviceAccountName")
    if account is None:
        assert "keeps the account" in ran.stderr
        assert [one["name"] for one in subjects] == ["default"]
    else:
        assert {"kind": "ServiceAccount", "name": account, "namespace": "prod"} in subjects


@pytest.mark.parametrize("kind", ["RoleBinding", "ClusterRoleBinding"])
@pytest.mark.parametrize("stated", [None, "system"], ids=["an account without a namespace", "an account in a placeholder"])
@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        ("default", None),
        ("default", "other"),
        ("web", None),
        ("web", "default"),
        ("web", "system"),
        ("web", "prod"),
        ("outside", None),
        ("outside", "prod"),
    ],
)
def test_who_a_subject_means_is_what_kustomize_makes_of_it(
    name: str, namespace: str | None, stated: str | None, kind: str, kubectl: str
) -> None:
    """The account has the grant as evidence where, and only where, the build's subject names it."""
    subject = f"{{kind: ServiceAccount, name: {name}{f', namespace: {namespace}' if namespace else ''}}}"
    home = f"  namespace: {stated}\n" if stated else ""
    account = WORKER.replace("worker", f"web{f', namespace: {stated}' if stated else ''}")
    bound = BINDING.replace("ClusterRoleBinding", kind) + f"- {subject}\n"
    runs_as = "default" if name == "default" else "web"
    web = workload(metadata=home, spec=f"      serviceAccountName: {runs_as}\n")
    plant(
        {
            "base/kustomization.yaml": "resources: [web.yaml, bound.yaml]\n",
            "base/web.yaml": f"{account}---\n{web}",
            "base/bound.yaml": bound,
        }
    )
    plant({"over/kustomization.yaml": "namespace: prod\nresources: [../base]\n"})
    [made] = build("over", kubectl)[kind, "reader"]["subjects"]
    means = (made.get("namespace", "prod" if kind == "RoleBinding" else None), made["name"]) == ("prod", runs_as)
    told = json.loads(invoke(["audit", "--format", "json", "."]).stdout)["workloads"][0]["evidence"]
    sees = any(one["source"] in ("rbac-binding", "shared-default-binding") and one["strength"] in ("proof", "strong") for one in told)
    assert sees is means, made


def binding(kind: str, name: str) -> str:
    reference = f"{{apiGroup: rbac.authorization.k8s.io, kind: {kind.removesuffix('Binding')}, name: {name}}}"
    subjects = "- {kind: ServiceAccount, name: default, namespace: system}"
    return f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: {name}binding}}\nroleRef: {reference}\nsubjects:\n{subjects}\n"


def test_the_old_kubebuilder_scaffold_comes_out_right(kubectl: str) -> None:
    """R-J4: bindings of `default` in the placeholder namespace, kustomize's namespace and prefix on top."""
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: {}\nmetadata: {{name: {}}}\nrules:\n- {{apiGroups: [''], resources: [pods], verbs: [get]}}\n"
    manager = workload(name="controller-manager", metadata="  namespace: system\n") + "        args: [--leader-elect]\n"
    migrate(
        {
            "config/default/kustomization.yaml": "namespace: shop-system\nnamePrefix: shop-\nresources:\n- ../rbac\n- ../manager\n",
            "config/manager/kustomization.yaml": "resources:\n- manager.yaml\n",
            "config/manager/manager.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: system\n---\n" + manager,
            "config/rbac/kustomization.yaml": "resources: [role.yaml, role_binding.yaml, leader.yaml, leader_binding.yaml]\n",
            "config/rbac/role.yaml": role.format("ClusterRole", "manager-role"),
            "config/rbac/role_binding.yaml": binding("ClusterRoleBinding", "manager-role"),
            "config/rbac/leader.yaml": role.format("Role", "leader-role"),
            "config/rbac/leader_binding.yaml": binding("RoleBinding", "leader-role"),
        }
    )
    built = build("config/default", kubectl)
    name = "shop-controller-manager"
    assert pod(built["Deployment", name])["serviceAccountName"] == name
    assert built["ServiceAccount", name]["metadata"]["namespace"] == "shop-system"
    for kind, of in (("ClusterRoleBinding", "shop-manager-rolebinding"), ("RoleBinding", "shop-leader-rolebinding")):
        subjects = [(one["namespace"], one["name"]) for one in built[kind, of]["subjects"]]
        assert subjects == [("shop-system", "default"), ("shop-system", name)]


# ---------------------------------------------------------------- patches

TOKEN = """\
      volumes:
      - name: token
        secret: {secretName: default-token-x7x8z}
"""
SPEC = TOKEN + "      serviceAccountName: default\n"
MOUNTED = workload(spec=SPEC).rstrip() + "\n        volumeMounts: [{name: token, mountPath: /var/run/token}]\n"
MERGED = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {volumes: [{name: token, secret: {defaultMode: 256}}]}}}\n"
INDEXED = "- {op: replace, path: /spec/template/spec/volumes/0/secret/secretName, value: other}\n"
ACCOUNT = "- {op: add, path: /spec/template/spec/serviceAccountName, value: theirs}\n"
TARGET = "patches:\n- target: {kind: Deployment, name: web}\n  path: patch.yaml\n"


@pytest.mark.parametrize(
    ("listed", "patch", "said"),
    [
        pytest.param(
            "patches:\n- path: patch.yaml\n", MERGED, "patch.yaml patches its volume token", id="a strategic merge would leave both sources"
        ),
        pytest.param("patchesStrategicMerge: [patch.yaml]\n", MERGED, "patches its volume token", id="the old way to list it"),
        pytest.param(TARGET, INDEXED, "patches its volume token", id="a JSON patch by index"),
    ],
)
def test_a_volume_that_an_overlay_patches_is_left(listed: str, patch: str, said: str, kubectl: str) -> None:
    tree = {**WEB, "base/web.yaml": MOUNTED, "over/kustomization.yaml": OVER + listed, "over/patch.yaml": patch}
    ran = migrate(tree)
    assert said in ran.stderr
    volume = pod(build("over", kubectl)["Deployment", "p-web-s"])["volumes"][0]
    assert "projected" not in volume


def test_what_a_projected_volume_names_is_renamed_as_far_as_it_should_be(kubectl: str) -> None:
    """`kube-root-ca.crt` is the cluster's; a generated ConfigMap of the build gets prefix and hash beside it."""
    sources = "projected: {sources: [{configMap: {name: names}}, {secret: {name: default-token-x7x8z}}]}"
    spec = SPEC.replace("secret: {secretName: default-token-x7x8z}", sources)
    names = "configMapGenerator:\n- {name: names, literals: [a=b]}\n"
    base = {"base/kustomization.yaml": WEB["base/kustomization.yaml"] + names, "base/web.yaml": MOUNTED.replace(SPEC, spec)}
    migrate({**base, "over/kustomization.yaml": OVER})
    held = pod(build("over", kubectl)["Deployment", "p-web-s"])["volumes"][0]["projected"]["sources"]
    named = [one["configMap"]["name"] for one in held if "configMap" in one]
    assert "kube-root-ca.crt" in named
    assert any(name.startswith("p-names-s-") for name in named)
    assert any("serviceAccountToken" in one for one in held)


def test_a_token_of_an_account_that_the_build_renames_is_in_doubt(kubectl: str) -> None:
    """kustomize leaves the annotation that ties a Secret to its account: in the build it is a token of another."""
    secret = "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\nmetadata:\n  name: held\n  annotations: {kubernetes.io/service-account.name: web}\n"
    web = MOUNTED.replace("default-token-x7x8z", "held").replace("serviceAccountName: default", "serviceAccountName: web")
    objects = "---\n".join([WORKER.replace("worker", "web"), secret, web])
    tree = {"base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": objects, "over/kustomization.yaml": OVER}
    migrate(tree)
    built = build("over", kubectl)
    assert built["Secret", "p-held-s"]["metadata"]["annotations"]["kubernetes.io/service-account.name"] == "web"
    assert pod(built["Deployment", "p-web-s"])["serviceAccountName"] == "p-web-s"
    assert "secret" in pod(built["Deployment", "p-web-s"])["volumes"][0]


EXPORTED = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: app
    image: nginx:1.29
    volumeMounts:
    - {name: kube-api-access-x7k2p, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
    - {name: cache, mountPath: /cache}
  volumes:
  - name: kube-api-access-x7k2p
    projected: {sources: [{serviceAccountToken: {path: token}}]}
  - name: cache
    emptyDir: {}
"""


@pytest.mark.parametrize("path", ["/spec/volumes/1/emptyDir", "/spec/containers/0/volumeMounts/1/mountPath"], ids=["a volume", "a mount"])
def test_a_patch_by_index_behind_what_would_be_removed(path: str, kubectl: str) -> None:
    value = "{medium: Memory}" if "emptyDir" in path else "/other"
    patch = f"patches:\n- target: {{kind: Pod}}\n  patch: |-\n    - {{op: replace, path: {path}, value: {value}}}\n"
    ran = migrate(
        {"base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": EXPORTED, "over/kustomization.yaml": OVER + patch}
    )
    spec = build("over", kubectl)["Pod", "p-web-s"]["spec"]
    assert [one for one in spec["volumes"] if one["name"] == "cache" and ("emptyDir" in one)]
    assert "patches by its place" in ran.stderr
    assert len(spec["volumes"]) == 2


@pytest.mark.parametrize(
    "over",
    [
        pytest.param(TARGET, id="a file"),
        pytest.param("patches:\n- target: {kind: Deployment}\n  patch: |-\n    " + ACCOUNT, id="in the kustomization"),
        pytest.param("components: [../part]\n", id="of a component"),
    ],
)
def test_an_account_that_an_overlay_sets_is_left(over: str, kubectl: str) -> None:
    part = f"apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n{TARGET}"
    ran = migrate(
        {
            **WEB,
            "over/kustomization.yaml": OVER + over,
            "over/patch.yaml": ACCOUNT,
            "part/kustomization.yaml": part,
            "part/patch.yaml": ACCOUNT,
        },
        "--unknown",
        "account",
    )
    assert "patches its serviceAccountName" in ran.stderr
    assert not any(kind == "ServiceAccount" for kind, _ in build("over", kubectl))


def test_an_account_that_one_overlay_alone_defines_is_not_made_again(kubectl: str) -> None:
    """Made in the base, it would stand twice in that overlay's build, which kustomize refuses."""
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n"
    ran = migrate(
        {
            **WEB,
            "one/kustomization.yaml": "namespace: one\nresources: [../base, account.yaml]\n",
            "one/account.yaml": account,
            "two/kustomization.yaml": "namespace: two\nresources: [../base]\n",
        }
    )
    assert "only some of the builds" in ran.stderr
    for overlay in ("one", "two"):
        made = build(overlay, kubectl)
        assert pod(made["Deployment", "web"])["serviceAccountName"] == "web-sa"
        assert ("ServiceAccount", "web-sa") in made


REPLACED = """\
- source: {kind: ConfigMap, name: names, fieldPath: data.account}
  targets:
  - select: {kind: Deployment}
    fieldPaths: [spec.template.spec.serviceAccountName]
    options: {create: true}
"""


@pytest.mark.parametrize("is_inline", [True, False], ids=["in the kustomization", "a file"])
def test_an_account_that_a_replacement_writes_is_left(is_inline: bool, kubectl: str) -> None:
    names = "configMapGenerator:\n- {name: names, literals: [account=theirs], options: {disableNameSuffixHash: true}}\n"
    listed = f"replacements:\n{REPLACED}" if is_inline else "replacements: [{path: replace.yaml}]\n"
    over = "resources:\n- ../base\n" + names + listed
    ran = migrate({**WEB, "over/kustomization.yaml": over, "over/replace.yaml": REPLACED}, "--unknown", "account")
    assert "writes its serviceAccountName" in ran.stderr
    assert pod(build("over", kubectl)["Deployment", "web"])["serviceAccountName"] == "theirs"


def test_a_patch_for_every_account_is_told(kubectl: str) -> None:
    patch = "patches:\n- target: {kind: ServiceAccount}\n  patch: |-\n    - {op: add, path: /metadata/annotations/role, value: admin}\n"
    plant({**WEB, "over/kustomization.yaml": OVER + patch})
    ran = invoke(["migrate", "-v", "."])
    assert "patch-meets-account" in ran.stderr


def test_patches_beside_what_is_edited_are_no_obstacle(kubectl: str) -> None:
    patch = "- {op: add, path: /spec/template/spec/containers/0/env, value: []}\n- {op: add, path: /spec/replicas, value: 3}\n"
    migrate({**WEB, "over/kustomization.yaml": OVER + TARGET, "over/patch.yaml": patch})
    assert pod(build("over", kubectl)["Deployment", "p-web-s"])["serviceAccountName"] == "p-web-s"


# ---------------------------------------------------------------- what a report says of the builds


ONE = "namePrefix: p-\nnamespace: prod\nresources: [../base]\n"
OTHER = "nameSuffix: -s\nresources: [../base]\n"
SETS = "patches:\n- target: {kind: Deployment, name: web}\n  patch: |-\n    " + ACCOUNT.replace("theirs", "worker")
MERGES = "patches:\n- patch: |-\n    {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {serviceAccountName: worker}}}}\n"
PART = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
REFERENCE = (
    "nameReference:\n- {kind: ServiceAccount, version: v1, fieldSpecs: [{kind: ReplicaSet, path: spec/template/spec/serviceAccountName}]}\n"
)


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param({"one": ONE, "other": OTHER}, id="two builds"),
        pytest.param({"one": ONE, "other": OTHER, "all": "nameSuffix: -x\nresources: [../one, ../other]\n"}, id="one build of both"),
        pytest.param({"base/web.yaml": f"{WORKER}---\n{NAMED}", "one": ONE}, id="an account that the build does not have"),
        pytest.param(
            {"base/web.yaml": WORKER.replace("worker", "web") + f"---\n{NAMED}", "one": ONE, "other": OTHER}, id="one that it has"
        ),
        pytest.param({"base/web.yaml": f"{WORKER}---\n{NAMED}", "one": ONE + SETS, "other": OTHER}, id="a JSON patch sets it"),
        pytest.param({"base/web.yaml": f"{WORKER}---\n{NAMED}", "one": ONE + MERGES, "other": OTHER}, id="a merge sets it"),
        pytest.param({"base/web.yaml": NAMED, "one": ONE + SETS.replace("add", "remove", 1), "other": OTHER}, id="a patch takes it away"),
        pytest.param(
            {"base/web.yaml": f"{WORKER}---\n{NAMED}", "one": ONE + MERGES, "all": "resources: [../one]\n" + SETS.replace("worker", "top")},
            id="the outermost patch wins",
        ),
        pytest.param(
            {
                "one": ONE + "patches:\n- patch: |-\n    {$patch: delete, apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}\n",
                "other": OTHER,
            },
            id="one of them deletes it",
        ),
        pytest.param(
            {
                "base/more.yaml": workload("StatefulSet", name="web-two")
                + "---\n"
                + workload("Deployment", name="web-two").replace("kind: Deployment", "kind: DaemonSet"),
                "base/kustomization.yaml": "resources: [web.yaml, more.yaml, other.yaml]\n",
                "base/other.yaml": WORKER,
                "one": ONE
                + "patches:\n- target: {kind: Deployment, name: web-.*}\n  patch: |-\n    "
                + ACCOUNT
                + "- path: sets.yaml\n- path: gone.yaml\n",
                "one/sets.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {serviceAccountName: worker}}}\n",
                "one/gone.yaml": "$patch: delete\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web-two}\n",
            },
            id="patches of others whose names are alike",
        ),
        pytest.param(
            {"base/kustomization.yaml": "namePrefix: z-\nresources: [web.yaml]\n", "one": ONE, "other": OTHER}, id="a base's prefix"
        ),
        pytest.param(
            {"part": f"{PART}namePrefix: c-\n{SETS}", "one": ONE + "components: [../part]\n", "other": OTHER},
            id="a component of one of them",
        ),
        pytest.param(
            {
                "inner": f"{PART}namePrefix: i-\nnameSuffix: -i\nnamespace: inner\n",
                "part": f"{PART}namePrefix: c-\nnameSuffix: -c\ncomponents: [../inner]\n",
                "later": f"{PART}namePrefix: l-\nnameSuffix: -l\nnamespace: later\n",
                "one": "namePrefix: p-\nnameSuffix: -p\nresources: [../base]\ncomponents: [../part, ../later]\n",
            },
            id="components of components, one after the other",
        ),
        pytest.param(
            {
                "base/kustomization.yaml": "resources: []\n",
                "first": f"{PART}namePrefix: f-\nnameSuffix: -f\nnamespace: first\nresources: [web.yaml]\n",
                "first/web.yaml": workload(),
                "later": f"{PART}namePrefix: l-\nnameSuffix: -l\n",
                "one": "namePrefix: p-\nnameSuffix: -p\nresources: [../base]\ncomponents: [../first, ../later]\n",
            },
            id="a component's own workload",
        ),
        pytest.param(
            {"base/web.yaml": WORKER + "---\n" + workload("ReplicaSet", spec="      serviceAccountName: worker\n"), "one": ONE},
            id="a kind whose reference is not known",
        ),
        pytest.param(
            {
                "base/web.yaml": WORKER + "---\n" + workload("ReplicaSet", spec="      serviceAccountName: worker\n"),
                "one": ONE + "configurations: [ref.yaml]\n",
                "one/ref.yaml": REFERENCE,
            },
            id="a kind whose reference is configured",
        ),
    ],
)
def test_a_report_tells_what_every_build_makes_of_a_workload(tree: Tree, kubectl: str) -> None:
    """Namespace, name and account of each, as kubectl builds them: before, and after the change."""
    files = {path if "." in path else f"{path}/kustomization.yaml": content for path, content in tree.items()}
    plant({**{path: content for path, content in WEB.items() if "first/web.yaml" not in files}, **files})
    told = json.loads(invoke(["audit", "--format", "json", "."]).stdout)
    roots = [folder for folder in ("all",) if folder in tree] or [folder for folder in ("one", "other") if folder in tree]
    assert runs(told, "before") == built_of(roots, kubectl)
    invoke(["migrate", "--write", "."])
    assert runs(told, "after") == built_of(roots, kubectl)


def runs(report: Any, when: str) -> set[tuple[str | None, str, str | None]]:
    one = next(one for one in report["workloads"] if one["resource"]["name"] == "web")
    return {(each["namespace"], each["name"], each["account"][when]) for each in one["builds"]}


def built_of(roots: list[str], kubectl: str) -> set[tuple[str | None, str, str | None]]:
    found: set[tuple[str | None, str, str | None]] = set()
    for root in roots:
        ran = subprocess.run([kubectl, "kustomize", root], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        for one in yaml.safe_load_all(ran.stdout):
            if one["kind"] in ("Deployment", "ReplicaSet"):
                found.add((one["metadata"].get("namespace"), one["metadata"]["name"], pod(one).get("serviceAccountName", "default")))
    return found


@pytest.mark.parametrize("asked", ["Deployment/web", "deployment/p-web", "Deployment/prod/p-web", "Deployment/web-s"])
def test_a_workload_is_found_by_any_of_its_names(asked: str) -> None:
    plant({**WEB, "one/kustomization.yaml": ONE, "other/kustomization.yaml": OTHER})
    told = json.loads(invoke(["audit", "--format", "json", "--workload", asked, "."]).stdout)
    assert [one["resource"]["name"] for one in told["workloads"]] == ["web"]


def test_markdown_tells_them_in_the_workloads_cell() -> None:
    plant({**WEB, "one/kustomization.yaml": ONE, "other/kustomization.yaml": OTHER})
    told = invoke(["audit", "--format", "markdown", "."]).stdout.decode()
    assert "### `one, other`" in told
    assert "| `Deployment web`<br>runs `prod/p-web as default → p-web`<br>runs `web-s as default → web-s` |" in told


def test_what_a_replacement_will_write_is_known_where_its_source_is() -> None:
    over = f"namespace: prod\nresources:\n- ../base\nreplacements:\n{REPLACED}"
    names = "configMapGenerator:\n- {name: names, literals: [account=theirs]}\n"
    plant({**WEB, "over/kustomization.yaml": over + names})
    told = json.loads(invoke(["audit", "--format", "json", "."]).stdout)
    assert runs(told, "before") == {("prod", "web", "theirs")}
    plant({"over/kustomization.yaml": over + "generators: [names.yaml]\n"})
    told = json.loads(invoke(["audit", "--format", "json", "."]).stdout)
    assert runs(told, "before") == {("prod", "web", None)}
    assert told["workloads"][0]["verdict"] != "none"
    assert "prod/web as an account that a replacement writes" in invoke(["audit", "."]).stdout.decode()


# ---------------------------------------------------------------- the proof


def test_a_field_that_is_not_followed_is_named() -> None:
    """The namespace that the configuration writes into accounts, too: no bug of ours, and not written."""
    config = "namespace:\n- {path: home, kind: ServiceAccount, create: true}\n"
    plant({**WEB, "over/kustomization.yaml": OVER + "configurations: [config.yaml]\n", "over/config.yaml": config})
    ran = invoke(["migrate", "--write", "--verify-build", "."])
    assert ran.exit == 2
    assert "what `configurations` does is not followed here" in ran.stderr
    assert "bug in samigrate" not in ran.stderr
    assert Path("base/web.yaml").read_text() == WEB["base/web.yaml"]


@pytest.fixture
def verify(kubectl: str) -> Iterator[Any]:
    """Verifies an outcome whose changes were tampered with."""
    plant({**WEB, "over/kustomization.yaml": OVER})
    options = Options((".",))

    def verified(change: Any) -> Any:
        outcome = run(options, with_lines=False)
        tampered = outcome._replace(changes=tuple(one._replace(new=change(one.new)) for one in outcome.changes))
        return builds.verified(tampered, find_roots(options).roots, builds.program())

    yield verified


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda new: new.replace("nginx:1.29", "nginx:1.30"), "nginx:1.30", id="more than planned"),
        pytest.param(lambda new: new.replace("      serviceAccountName: web\n", ""), "serviceAccountName", id="less than planned"),
        pytest.param(lambda new: new[new.index("apiVersion: apps/v1") :], "ServiceAccount web is planned, and not there", id="no account"),
        pytest.param(lambda new: new + "---\n" + workload(name="new"), "Deployment prod/p-new-s is new", id="one object more"),
        pytest.param(lambda new: new[: new.index("---")], "Deployment prod/p-web-s is gone", id="one object less"),
        pytest.param(lambda new: new.replace("kind: Deployment", "kind: [", 1), "would not build any more", id="no build"),
    ],
)
def test_a_build_that_differs_by_anything_but_the_plan_is_refused(change: Any, said: str, verify: Any) -> None:
    outcome = verify(change)
    assert not outcome.changes
    [report] = outcome.workloads
    assert (report.applied, report.account_after, report.tokens_after) == ((), report.account_before, report.tokens_before)
    assert {built.account_after for built in report.builds} == {built.account_before for built in report.builds}
    assert all(problem.ours for problem in outcome.problems)
    assert said in " ".join(problem.message for problem in outcome.problems)


def test_what_a_refused_build_shares_a_change_with_is_not_changed_either(verify: Any) -> None:
    account, binding = (
        "account-file: sa.yaml\n",
        BINDING.replace("Cluster", "").replace("{name: reader}", "{name: reader, namespace: prod}"),
    )
    plant(
        {
            "samigrate.yaml": 'apiVersion: samigrate.dev/v1\nkind: Config\nscopes: ["*"]\n' + account,
            "shop/reader.yaml": binding + "- {kind: ServiceAccount, name: default, namespace: prod}\n",
            **{
                f"shop/{path}": text.replace("nginx:1.29", "bitnami/kubectl")
                for path, text in {**WEB, "over/kustomization.yaml": OVER.replace("namePrefix: p-\n", "")}.items()
            },
        }
    )
    whole, refused = verify(lambda new: new), verify(lambda new: new.replace("bitnami/kubectl", "bitnami/kubectl:2"))
    mine = {change.path for change in whole.changes if change.path.startswith("shop/")}
    assert mine == {"shop/base/kustomization.yaml", "shop/base/sa.yaml", "shop/base/web.yaml", "shop/reader.yaml"}
    assert not any(change.path.startswith("shop/") for change in refused.changes)


def test_the_plan_itself_passes(verify: Any) -> None:
    outcome = verify(lambda new: new)
    assert len(outcome.changes) == 1
    assert not outcome.problems


def test_a_root_that_did_not_build_before_is_named_and_done(kubectl: str) -> None:
    plant({**WEB, "over/kustomization.yaml": OVER + "- gone.yaml\n"})
    ran = invoke(["migrate", "--verify-build", "."])
    assert ran.exit == 0
    assert b"+      serviceAccountName: web" in ran.stdout
    assert "does not build, so the change is not verified" in ran.stderr


def test_without_a_program_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(WEB)
    monkeypatch.setenv("PATH", "/nowhere")
    ran = invoke(["migrate", "--verify-build", "."])
    assert (ran.exit, ran.stdout) == (2, b"")
    assert "needs kustomize or kubectl" in ran.stderr


@pytest.mark.parametrize(
    "broken",
    [
        "secretGenerator:\n- {name: s, literals: [password hunter2]}\n",
        "patches:\n- target: {kind: Secret}\n  patch: 'data: [hunter2'\n",
    ],
)
def test_what_kustomize_says_of_a_secret_is_not_repeated(kubectl: str, broken: str) -> None:
    plant({**WEB, "over/kustomization.yaml": OVER + broken})
    ran = invoke(["migrate", "--verify-build", "."])
    assert "does not build" in ran.stderr
    assert "says why" in ran.stderr
    assert "hunter2" not in ran.stderr + ran.stdout.decode()
