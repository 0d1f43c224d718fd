"""Charts that lie elsewhere are given with --chart, and edited where the repository installs them or depends on them (R-F22)."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from tests.command import invoke
from tests.helm.charts import ACCOUNT, BINDING, CONTAINERS, POD, chart
from tests.helm.test_charts import changes, texts, write

BY_VALUE = "      automountServiceAccountToken: {{ .Values.pod.automountServiceAccountToken }}\n"
VALUES = "image: nginx\npod:\n  automountServiceAccountToken: true\n"
WEB = chart(POD + BY_VALUE + CONTAINERS.replace("nginx", "{{ .Values.image }}"), VALUES)
SET = ["pod:", "  automountServiceAccountToken: false"]
FLUX = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  chart: {spec: {chart: web, version: '%s', sourceRef: {kind: HelmRepository, name: all}}}
"""
OCI = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: of-web}
spec: {url: 'oci://example.com/charts/web', ref: {tag: 0.1.0}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web}
spec:
  chartRef: {kind: OCIRepository, name: of-web}
  values:
    image: redis # pinned
"""
ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  destination: {namespace: shop}
  source:
    chart: web
    repoURL: https://example.com/charts
    targetRevision: 0.1.0
"""


def indented(lines: list[str], by: int) -> list[str]:
    return ["+" + " " * by + line for line in lines]


@pytest.mark.parametrize(
    ("path", "text", "changed"),
    [
        pytest.param("a.yaml", FLUX % "0.1.0", ["+  values:", *indented(SET, 4)], id="a HelmRelease without values"),
        pytest.param("a.yaml", FLUX % ">=0.1 <1" + "  values:\n    image: redis\n", indented(SET, 4), id="a HelmRelease with a range"),
        pytest.param(
            "a.yaml",
            FLUX % "0.1.0" + "  values:\n    pod: # why\n      automountServiceAccountToken: null # ours\n",
            [
                "-      automountServiceAccountToken: null # ours",
                "+      automountServiceAccountToken: false # ours",
            ],
            id="a value that is there",
        ),
        pytest.param("a.yaml", OCI, indented(SET, 4), id="a HelmRelease of an OCIRepository"),
        pytest.param("a.yaml", ARGO, ["+    helm:", "+      valuesObject:", *indented(SET, 8)], id="an Application without values"),
        pytest.param(
            "a.yaml", ARGO + "    helm:\n      valuesObject:\n        image: redis\n", indented(SET, 8), id="an Application with an object"
        ),
        pytest.param(
            "a.yaml",
            ARGO + "    helm:\n      values: |\n        # ours\n        image: redis   # pinned\n\n      releaseName: front\n",
            indented(SET, 8),
            id="an Application with a text",
        ),
        pytest.param(
            "a.yaml",
            ARGO.replace("  source:\n    chart", "  sources:\n  - chart").replace("    repoURL", "    repoURL"),
            ["+    helm:", "+      valuesObject:", *indented(SET, 8)],
            id="an Application with several sources",
        ),
        pytest.param(
            "helmfile.yaml",
            "releases:\n  - name: web\n    chart: all/web\n    version: 0.1.0\n",
            ["+    values:", "+      - pod:", "+          automountServiceAccountToken: false"],
            id="a helmfile without values",
        ),
        pytest.param(
            "helmfile.yaml",
            "releases:\n  - name: web\n    chart: all/web\n    values:\n      - image: redis\n",
            indented(SET, 8),
            id="a helmfile with values",
        ),
        pytest.param(
            "kustomization.yaml",
            "helmCharts:\n  - name: web\n    repo: https://example.com\n    releaseName: web\n",
            ["+    valuesInline:", *indented(SET, 6)],
            id="a kustomization",
        ),
    ],
)
def test_its_values_are_set(path: str, text: str, changed: list[str], helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "elsewhere/web", WEB)
    write(tmp_path / "repo", {path: text})
    monkeypatch.chdir(tmp_path / "repo")
    before = texts(tmp_path)
    command = ["migrate", "--charts", "--chart", "web=../elsewhere/web"]
    result = invoke([*command, "--write", "-v", "."])
    assert changes(before, texts(tmp_path)) == {f"repo/{path}": changed}, result.stderr
    assert invoke([*command, "--check", "."]).exit == 0


def test_a_packed_chart(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "elsewhere/web", WEB)
    with tarfile.open("web-0.1.0.tgz", "w:gz") as archive:
        archive.add("elsewhere/web", "web")
    write(tmp_path / "repo", {"a.yaml": FLUX % "0.1.0"})
    result = invoke(["migrate", "--charts", "--chart", "web=web-0.1.0.tgz", "repo"])
    assert b"+      automountServiceAccountToken: false" in result.stdout, result.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(FLUX % "2.x", "it asks for web 2.x, and 0.1.0 is given", id="another version"),
        pytest.param(FLUX % "" + "  valuesFrom: [{kind: Secret, name: prod}]\n", "takes values from Secret prod", id="a Secret"),
        pytest.param(FLUX % "" + "  postRenderers: [{kustomize: {}}]\n", "takes values from its postRenderers", id="a post-renderer"),
        pytest.param(
            ARGO + "    helm: {parameters: [{name: pod.automountServiceAccountToken, value: ''}]}\n",
            "lies over the values",
            id="a parameter that lies over it",
        ),
        pytest.param(ARGO + '    helm: {values: "image: redis"}\n', "a text in quotes", id="values in quotes"),
        pytest.param(ARGO + "    helm: {valueFiles: [$values/prod.yaml]}\n", "$values/prod.yaml", id="a reference to nothing"),
        pytest.param(ARGO + "    helm: {valueFiles: [../../../outside.yaml]}\n", "outside.yaml, which are not read", id="outside"),
    ],
)
def test_what_is_not_proven_is_left(text: str, told: str, helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "elsewhere/web", WEB)
    write(tmp_path, {"outside.yaml": "image: redis\n", "repo/a.yaml": text})
    monkeypatch.chdir(tmp_path / "repo")
    result = invoke(["migrate", "--charts", "--chart", "web=../elsewhere/web", "-v", "."])
    assert result.stdout == b"" and told in result.stderr and " chart-left " in result.stderr


def test_what_it_runs_there_decides(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "elsewhere/web", WEB)
    write(tmp_path / "repo", {"a.yaml": FLUX % "" + "  values: {image: bitnami/kubectl}\n"})
    monkeypatch.chdir(tmp_path / "repo")
    assert invoke(["migrate", "--charts", "--chart", "web=../elsewhere/web", "."]).stdout == b""


def test_a_reference_to_the_repository_is_followed(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = (
        "  sources:\n  - {repoURL: 'https://example.com/this.git', ref: values}\n  - chart: web\n    repoURL: https://example.com/charts\n"
    )
    text = ARGO[: ARGO.index("  source:")] + sources + "    helm: {valueFiles: [$values/envs/prod.yaml]}\n"
    write(tmp_path / "elsewhere/web", WEB)
    write(tmp_path / "repo", {"a.yaml": text, "envs/prod.yaml": "image: bitnami/kubectl\n"})
    monkeypatch.chdir(tmp_path / "repo")
    command = ["migrate", "--charts", "--chart", "web=../elsewhere/web", "."]
    assert invoke(command).stdout == b""
    write(tmp_path / "repo", {"envs/prod.yaml": "image: redis\n"})
    assert b"automountServiceAccountToken: false" in invoke(command).stdout


def binding(account: str, namespace: str = "shop") -> str:
    return (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: web}\n"
        "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\n"
        f"subjects: [{{kind: ServiceAccount, name: {account}, namespace: {namespace}}}]\n"
    )


@pytest.mark.parametrize(
    ("account", "namespace", "is_edited"),
    [("web", "shop", False), ("web", "other", True), ("another", "shop", True)],
    ids=["its account", "in another namespace", "another account"],
)
def test_a_binding_beside_the_release_counts(
    account: str, namespace: str, is_edited: bool, helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account that a chart makes may get its rights from a manifest of the repository."""
    named = POD + "      serviceAccountName: {{ .Release.Name }}\n" + BY_VALUE + CONTAINERS
    made = {"templates/account.yaml": ACCOUNT.replace("-web", "")}
    write(tmp_path / "elsewhere/web", chart(named, VALUES) | made)
    write(tmp_path / "repo", {"a.yaml": FLUX % "", "rbac.yaml": binding(account, namespace)})
    monkeypatch.chdir(tmp_path / "repo")
    result = invoke(["migrate", "--charts", "--chart", "web=../elsewhere/web", "."])
    assert (b"automountServiceAccountToken: false" in result.stdout) == is_edited, result.stderr


@pytest.mark.parametrize(("account", "is_edited"), [("web", False), ("prod-web", False), ("db", True), ("prodweb", True)])
def test_a_binding_beside_the_chart_counts(
    account: str, is_edited: bool, helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody says under which name it is installed."""
    named = POD + "      serviceAccountName: {{ .Release.Name }}-web\n" + CONTAINERS
    write(tmp_path, {f"charts/web/{path}": text for path, text in (chart(named) | {"templates/account.yaml": ACCOUNT}).items()})
    write(tmp_path, {"rbac.yaml": binding(account)})
    monkeypatch.chdir(tmp_path)
    result = invoke(["migrate", "--charts", "-v", "."])
    assert (b"automountServiceAccountToken: false" in result.stdout) == is_edited, result.stderr


def test_a_binding_of_all_accounts_counts(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = binding("web")[: binding("web").index("subjects")] + "subjects: [{kind: Group, name: 'system:serviceaccounts:%s'}]\n"
    write(tmp_path / "elsewhere/web", WEB)
    monkeypatch.chdir(tmp_path)
    for namespace, is_edited in (("shop", False), ("other", True)):
        write(tmp_path / "repo", {"a.yaml": FLUX % "", "rbac.yaml": group % namespace})
        result = invoke(["migrate", "--charts", "--chart", "web=elsewhere/web", "repo"])
        assert (b"automountServiceAccountToken: false" in result.stdout) == is_edited, result.stderr


def test_an_oci_repository_beside_it_is_the_one_that_it_names(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each folder may have its own of the same name."""
    write(tmp_path / "elsewhere/web", WEB)
    monkeypatch.chdir(tmp_path)
    other = OCI[: OCI.index("---")].replace("0.1.0", "2.0.0")
    write(tmp_path / "repo", {"one/a.yaml": OCI, "two/a.yaml": other, "three/a.yaml": OCI[OCI.index("---\n") + 4 :]})
    result = invoke(["migrate", "--charts", "--chart", "web=elsewhere/web", "-v", "repo"])
    assert result.stdout.count(b"+++ b/") == 1 and b"+++ b/repo/one/a.yaml" in result.stdout
    assert "repo/three/a.yaml installs of-web of of-web, which is not here" in result.stderr


def test_a_value_of_the_account_is_enough(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a chart has no value for its pods."""
    named = POD + "      serviceAccountName: {{ .Release.Name }}-web\n" + CONTAINERS
    account = ACCOUNT + "automountServiceAccountToken: {{ .Values.serviceAccount.automount }}\n"
    write(tmp_path / "elsewhere/web", chart(named, "serviceAccount: {automount: true}\n") | {"templates/account.yaml": account})
    write(tmp_path / "repo", {"a.yaml": FLUX % ""})
    monkeypatch.chdir(tmp_path / "repo")
    before = texts(tmp_path)
    command = ["migrate", "--charts", "--chart", "web=../elsewhere/web", "."]
    assert invoke([*command, "--write"]).exit == 0
    assert changes(before, texts(tmp_path)) == {"repo/a.yaml": ["+  values:", "+    serviceAccount:", "+      automount: false"]}
    assert invoke([*command, "--check"]).exit == 0


def test_not_where_the_account_serves_one_that_needs_it(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = POD + "      serviceAccountName: {{ .Release.Name }}-web\n" + CONTAINERS
    both = named + "---\n" + named.replace("-web\nspec", "-job\nspec").replace("nginx", "bitnami/kubectl")
    account = ACCOUNT + "automountServiceAccountToken: {{ .Values.serviceAccount.automount }}\n"
    write(tmp_path / "elsewhere/web", chart(both, "serviceAccount: {automount: true}\n") | {"templates/account.yaml": account})
    write(tmp_path / "repo", {"a.yaml": FLUX % ""})
    monkeypatch.chdir(tmp_path / "repo")
    result = invoke(["migrate", "--charts", "--chart", "web=../elsewhere/web", "."])
    assert result.stdout == b"" and "no value that was tried" in result.stderr


def test_a_release_and_a_workload_in_one_file(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = "apiVersion: v1\nkind: Pod\nmetadata: {name: plain}\nspec:\n  containers: [{name: a, image: nginx}]\n---\n"
    write(tmp_path / "elsewhere/web", WEB)
    write(tmp_path / "repo", {"a.yaml": plain + FLUX % "" + "---\n" + (FLUX % "").replace("name: web,", "name: two,")})
    monkeypatch.chdir(tmp_path / "repo")
    command = ["migrate", "--charts", "--chart", "web=../elsewhere/web", "."]
    assert invoke([*command, "--write"]).exit == 0
    text = (tmp_path / "repo/a.yaml").read_text()
    assert text.count("automountServiceAccountToken: false") == 4, text
    assert text.count("  values:\n    pod:\n") == 2
    assert invoke([*command, "--check"]).exit == 0


def test_what_is_not_at_hand_is_said(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.yaml": (FLUX % "").replace("chart: web", "chart: alertmanager")})
    monkeypatch.chdir(tmp_path)
    told = invoke(["migrate", "--charts", "-v", "."]).stderr
    assert "installs alertmanager of all, which is not here" in told
    assert "automountServiceAccountToken=false takes unused tokens in" in told and "--chart alertmanager=DIR" in told


@pytest.mark.parametrize("argument", ["web", "=x", "web="])
def test_a_chart_is_given_by_name(argument: str, helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"a.yaml": "kind: Pod\n"})
    result = invoke(["migrate", "--charts", "--chart", argument, "."])
    assert result.exit == 2 and "must be NAME=DIR" in result.stderr


@pytest.mark.parametrize("content", [None, b"", b"no archive"], ids=["missing", "empty", "no archive"])
def test_a_chart_that_cannot_be_read_is_an_error(
    content: bytes | None, helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"a.yaml": "kind: Pod\n"})
    if content is not None:
        (tmp_path / "web.tgz").write_bytes(content)
    result = invoke(["migrate", "--charts", "--chart", "web=web.tgz", "."])
    assert result.exit == 2 and "web.tgz" in result.stderr


# ---------------------------------------------------------------- dependencies

LIBRARY = {
    "Chart.yaml": "apiVersion: v2\nname: common\nversion: 1.2.3\ntype: library\n",
    "values.yaml": "automountServiceAccountToken: true\n",
    "templates/_all.tpl": '{{- define "common.all" }}\n'
    + POD
    + '      {{- $values := ternary .Values .Values.common (hasKey .Values "automountServiceAccountToken") }}\n'
    + "      automountServiceAccountToken: {{ $values.automountServiceAccountToken }}\n"
    + CONTAINERS
    + "{{- end }}\n",
}
DB = {"Chart.yaml": "apiVersion: v2\nname: db\nversion: 0.1.0\n"}
USES = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\ndependencies:\n"
    "- {name: common, version: 1.2.3, repository: 'https://example.com'}\n",
    "values.yaml": "# of the library\nimage: nginx\n",
    "templates/all.yaml": '{{ include "common.all" . }}\n',
}


def test_a_chart_of_a_library_is_edited_by_its_values(helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "elsewhere/common", LIBRARY)
    write(tmp_path / "repo/web", USES)
    monkeypatch.chdir(tmp_path / "repo")
    before = texts(tmp_path)
    assert "helm dependency build" in invoke(["migrate", "--charts", "."]).stderr
    command = ["migrate", "--charts", "--chart", "common=../elsewhere/common", "."]
    result = invoke([*command, "--write"])
    assert changes(before, texts(tmp_path)) == {"repo/web/values.yaml": ["+automountServiceAccountToken: false"]}, result.stderr
    assert invoke([*command, "--check"]).exit == 0


def test_a_library_of_another_version_is_refused(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Helm would leave it out without a word."""
    write(tmp_path / "elsewhere/common", LIBRARY | {"Chart.yaml": LIBRARY["Chart.yaml"].replace("1.2.3", "1.3.0")})
    write(tmp_path / "repo/web", USES)
    monkeypatch.chdir(tmp_path / "repo")
    result = invoke(["migrate", "--charts", "--chart", "common=../elsewhere/common", "."])
    assert result.stdout == b"" and "asks for common 1.2.3, and the one that is given is of another version" in result.stderr


def test_a_chart_that_asks_for_the_token_of_its_library_keeps_it(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "elsewhere/common", LIBRARY | {"values.yaml": "automountServiceAccountToken: false\n"})
    write(tmp_path / "repo/web", USES | {"values.yaml": "automountServiceAccountToken: true\n"})
    monkeypatch.chdir(tmp_path / "repo")
    assert invoke(["migrate", "--charts", "--chart", "common=../elsewhere/common", "."]).stdout == b""


def test_dependencies_in_the_repository_are_rendered_and_edited_where_they_lie(
    helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = USES["Chart.yaml"].replace("common", "db").replace("1.2.3", "0.1.0").replace("https://example.com", "file://../db")
    write(tmp_path / "charts/web", chart(POD + CONTAINERS) | {"Chart.yaml": parent})
    write(tmp_path / "charts/db", chart((POD + CONTAINERS).replace("-web", "-db")) | DB)
    monkeypatch.chdir(tmp_path)
    before = texts(tmp_path)
    result = invoke(["migrate", "--charts", "--write", "."])
    line = ["+      automountServiceAccountToken: false"]
    assert changes(before, texts(tmp_path)) == {f"charts/{name}/templates/deployment.yaml": line for name in ("db", "web")}, result.stderr
    assert invoke(["migrate", "--charts", "--check", "."]).exit == 0


def test_a_parent_that_makes_bindings_leaves_its_dependency_alone(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = USES["Chart.yaml"].replace("common", "db").replace("1.2.3", "0.1.0").replace("https://example.com", "file://../db")
    write(tmp_path / "charts/web", chart(POD + CONTAINERS, "rbac: {create: true}\n", templates__rbac=BINDING) | {"Chart.yaml": parent})
    (tmp_path / "charts/web/templates/rbac").rename(tmp_path / "charts/web/templates/rbac.yaml")
    write(tmp_path / "charts/db", chart((POD + CONTAINERS).replace("-web", "-db")) | DB)
    monkeypatch.chdir(tmp_path)
    result = invoke(["migrate", "--charts", "-v", "."])
    assert b"charts/db/" not in result.stdout
    assert "templates/rbac.yaml, which makes bindings, which are not read" in result.stderr


def test_a_dependency_outside_the_repository_is_not_read(helm4: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = USES["Chart.yaml"].replace("common", "db").replace("1.2.3", "0.1.0").replace("https://example.com", "file://../../db")
    write(tmp_path / "repo/web", chart(POD + CONTAINERS) | {"Chart.yaml": parent})
    write(tmp_path / "db", chart(POD + CONTAINERS) | DB)
    os.mkdir(tmp_path / "repo/.git")
    monkeypatch.chdir(tmp_path / "repo")
    assert "helm dependency build" in invoke(["migrate", "--charts", "."]).stderr


def test_values_that_say_true_by_default_are_set(helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chart's own `true` says what Kubernetes does anyway; the value of whoever installs it says what they want."""
    write(tmp_path / "web", WEB)
    monkeypatch.chdir(tmp_path)
    before = texts(tmp_path)
    invoke(["migrate", "--charts", "--write", "."])
    line = "  automountServiceAccountToken: "
    assert changes(before, texts(tmp_path)) == {"web/values.yaml": [f"-{line}true", f"+{line}false"]}
    write(tmp_path, {f"web/{path}": text for path, text in WEB.items()})
    write(tmp_path, {"a.yaml": (FLUX % "").replace("chart: web", "chart: ./web").replace("HelmRepository", "GitRepository")})
    with (tmp_path / "a.yaml").open("a") as file:
        file.write("  values: {pod: {automountServiceAccountToken: true}, image: bitnami/kubectl}\n")
    invoke(["migrate", "--charts", "--write", "."])
    assert changes(before, texts(tmp_path))["web/values.yaml"] == [f"-{line}true", f"+{line}false"]
    assert invoke(["audit", "--charts", "--fail-on", "token", "."]).exit == 1, "as it is installed, it has one"
