"""An audit of a dump: what runs, with which token, as which account, for whom."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import samigrate
from samigrate.domain.model import Problem
from samigrate.files import dumps
from samigrate.files.manifests import Manifest
from tests.cluster.dumps import TOKEN_PATH, Object, container, deployment, listed, live, pod
from tests.command import invoke


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def audited(*objects: Object, given: bytes = b"") -> dict[str, Any]:
    """The report for programs on a dump."""
    result = invoke(["audit", "--format", "json", "-"], given or listed(*objects))
    assert result.exit == 0, result.stderr
    report = json.loads(result.stdout)
    assert isinstance(report, dict)
    return report


def runs(*objects: Object) -> dict[str, tuple[str, list[str], list[tuple[str, str]]]]:
    """(account, pods, (container, how) of each token) by owner."""
    found = {}
    for one in audited(*objects)["workloads"]:
        running = one["running"]
        owner = f"{running['owner']['kind']} {running['owner']['namespace']}/{running['owner']['name']}"
        tokens = [(token["container"], token["how"]) for token in running["tokens"]]
        found[owner] = one["account"]["before"], [each["name"] for each in running["pods"]], tokens
    return found


def test_pods_of_one_workload_are_told_once_and_json_keeps_all() -> None:
    pods = [pod(f"web-5f6c7d8b9-abcd{letter}") for letter in "245"]
    assert runs(*pods) == {"Deployment shop/web": ("default", [f"web-5f6c7d8b9-abcd{letter}" for letter in "245"], [("main", "projected")])}
    told = invoke(["audit", "-"], listed(*pods)).stdout.decode()
    assert told.count("Deployment shop/web") == 1
    assert "Deployment shop/web     3  default  mounted by default in main  none" in told


@pytest.mark.parametrize(
    ("owner", "labels", "workload"),
    [
        (("apps/v1", "ReplicaSet", "web-5f6c7d8b9"), {"pod-template-hash": "5f6c7d8b9"}, "Deployment shop/web"),
        (("apps/v1", "ReplicaSet", "web-5f6c7d8b9"), {}, "Deployment shop/web"),
        (("apps/v1", "ReplicaSet", "web-5f6c7d8b9"), {"rollouts-pod-template-hash": "5f6c7d8b9"}, "Rollout shop/web"),
        (("apps/v1", "ReplicaSet", "by-hand"), {}, "ReplicaSet shop/by-hand"),
        (("apps/v1", "StatefulSet", "db"), {"controller-revision-hash": "db-7"}, "StatefulSet shop/db"),
        (("batch/v1", "Job", "report-29400000"), {}, "CronJob shop/report"),
        (("batch/v1", "Job", "report-20260504"), {}, "Job shop/report-20260504"),
        (("v1", "Node", "node-1"), {}, "Node shop/node-1"),
        (None, {}, "Pod shop/a-1"),
    ],
)
def test_who_has_made_a_pod(owner: tuple[str, str, str] | None, labels: dict[str, str], workload: str) -> None:
    """R-E17."""
    assert workload in runs(pod("a-1", owner=owner, labels=labels), pod("b-5f6c7d8b9-abcd2"))


def test_owners_in_the_dump_lead_further_up() -> None:
    job = live(
        "batch/v1",
        "Job",
        "nightly",
        owner=("example.com/v1", "Pipeline", "etl"),
        spec={"template": {"spec": {"containers": [container()]}}},
    )
    found = runs(pod("nightly-abcd2", owner=("batch/v1", "Job", "nightly"), labels={}), job)
    assert found.keys() == {"Pipeline shop/etl"}
    by_hand = live("apps/v1", "ReplicaSet", "web-5f6c7d8b9")
    assert "ReplicaSet shop/web-5f6c7d8b9" in runs(pod("web-5f6c7d8b9-abcd2"), by_hand)


def test_what_admission_has_mounted_counts_and_not_what_an_account_would_say() -> None:
    """A pod without a token volume holds none, though its account is not here (R-A7 was settled when it was made)."""
    assert runs(pod("web-5f6c7d8b9-abcd2", "web", has_token=False))["Deployment shop/web"][2] == []
    account = live("v1", "ServiceAccount", "web", automountServiceAccountToken=False)
    assert runs(pod("web-5f6c7d8b9-abcd2", "web"), account)["Deployment shop/web"][2] == [("main", "projected")]


def test_a_token_that_admission_mounted_is_no_sign_of_use() -> None:
    """R-A10: neither the bound token's volume nor, of old, the Secret's."""
    secret = {"name": "web-token-x7k2p", "secret": {"defaultMode": 420, "secretName": "web-token-x7k2p"}}
    old = pod(
        "old-5f6c7d8b9-abcd2",
        "web",
        has_token=False,
        spec={"volumes": [secret]},
        containers=(container("main", "nginx:1", ("web-token-x7k2p", TOKEN_PATH)),),
    )
    report = audited(pod("new-5f6c7d8b9-abcd2"), old)
    assert [one["running"]["tokens"][0]["how"] for one in report["workloads"]] == ["projected", "legacy"]
    assert not [sign for one in report["workloads"] for sign in one["evidence"] if sign["source"] == "token-volume"]
    assert report["running"] == [{"namespace": "shop", "pods": 2, "with_token": 2, "as_default": 1, "legacy": 1}]


def test_a_token_for_another_audience_is_told_with_it_and_counts_as_none() -> None:
    volume = {"name": "vault", "projected": {"sources": [{"serviceAccountToken": {"audience": "vault", "path": "token"}}]}}
    one = pod(
        "web-5f6c7d8b9-abcd2", has_token=False, spec={"volumes": [volume]}, containers=(container("main", "nginx:1", ("vault", "/vault")),)
    )
    told = invoke(["audit", "-"], listed(one)).stdout.decode()
    assert "volume vault for vault in main" in told
    assert invoke(["audit", "--fail-on", "token", "-"], listed(one)).exit == 0
    assert invoke(["audit", "--fail-on", "token", "-"], listed(pod("web-5f6c7d8b9-abcd2"))).exit == 1


def test_pods_that_differ_are_told_apart() -> None:
    plain, injected = pod("web-5f6c7d8b9-abcd2"), pod("web-5f6c7d8b9-abcd4", containers=("main", "proxy"))
    by_hand = pod("web-5f6c7d8b9-abcd5", spec={"automountServiceAccountToken": True})
    assert [len(one["running"]["pods"]) for one in audited(plain, injected, by_hand)["workloads"]] == [1, 1, 1]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_holds_nothing(phase: str) -> None:
    assert list(runs(pod("web-5f6c7d8b9-abcd2"), pod("job-1", owner=("batch/v1", "Job", "job"), phase=phase))) == ["Deployment shop/web"]


def test_nothing_runs_where_every_pod_has_ended() -> None:
    assert runs(pod("job-1", owner=("batch/v1", "Job", "job"), phase="Succeeded")) == {}


def test_totals_by_namespace() -> None:
    objects = [pod("web-5f6c7d8b9-abcd2"), pod("api-5f6c7d8b9-abcd2", "api", namespace="pay"), pod("off-5f6c7d8b9-abcd2", has_token=False)]
    told = invoke(["audit", "-"], listed(*objects)).stdout.decode()
    assert "  pay           1             1                    0                    0\n" in told
    assert "  shop          2             1                    1                    0\n" in told
    assert "  all           3             2                    1                    0\n" in told


def test_the_object_is_told_where_its_pods_are_not_in_the_dump() -> None:
    told = invoke(["audit", "-"], listed(deployment("idle"), deployment("web"), pod("web-5f6c7d8b9-abcd2"))).stdout.decode()
    assert "Deployment shop/idle     -  default" in told
    assert told.count("Deployment shop/web") == 1


def test_one_workload_by_the_name_that_people_know() -> None:
    given = listed(pod("web-5f6c7d8b9-abcd2", containers=(container("main", "nginx:1"),)), pod("api-5f6c7d8b9-abcd2"))
    told = invoke(["audit", "-v", "--workload", "Deployment/web", "-"], given).stdout.decode()
    assert "Deployment shop/web: none" in told
    assert "api" not in told


def test_yaml_says_the_same_as_json() -> None:
    objects = [pod("web-5f6c7d8b9-abcd2"), pod("web-5f6c7d8b9-abcd4"), deployment("web"), live("v1", "ServiceAccount", "web")]
    by_json, by_yaml = audited(*objects), audited(given=yaml.safe_dump(json.loads(listed(*objects))).encode())
    lines = [[each.pop("line") for each in one["running"]["pods"]] for report in (by_json, by_yaml) for one in report["workloads"]]
    assert all(line > 0 for each in lines for line in each)
    for report in (by_json, by_yaml):
        for one in report["workloads"]:
            one.pop("line")
    assert by_json["workloads"] == by_yaml["workloads"]


def test_lines_lead_to_the_pods() -> None:
    given = listed(pod("web-5f6c7d8b9-abcd2"), pod("web-5f6c7d8b9-abcd4"))
    lines = given.decode().splitlines()
    for each in audited(given=given)["workloads"][0]["running"]["pods"]:
        assert lines[each["line"] - 1].strip() == "{"
        assert any(f'"name": "{each["name"]}"' in line for line in lines[each["line"] :][:50])


def test_several_lists_in_a_row_are_one_dump() -> None:
    """What two commands print into one file, and what has `---` between."""
    pods, accounts = listed(pod("web-5f6c7d8b9-abcd2", "web")), listed(live("v1", "ServiceAccount", "web"))
    for between in (b"", b"---\n", b"\n\n"):
        assert [one["evidence"] for one in audited(given=pods + between + accounts)["workloads"]] == [[]], "the account is seen"


def test_a_typed_list_of_the_api_itself() -> None:
    """`kubectl get --raw /api/v1/pods`: its items state no kind."""
    items = [{key: value for key, value in pod("web-5f6c7d8b9-abcd2").items() if key in ("metadata", "spec", "status")}]
    given = json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}).encode()
    assert len(audited(given=given)["workloads"]) == 1


def test_a_secret_is_read_without_its_values() -> None:
    secret = live("v1", "Secret", "x", data={"password": "aHVudGVyMg=="}, stringData={"more": "hunter2"}, type="Opaque")
    manifest = dumps.read("x.json", listed(secret, pod("web-5f6c7d8b9-abcd2")), is_stated=False)
    assert isinstance(manifest, Manifest)
    assert "hunter" not in repr(manifest) and "aHVudGVyMg" not in repr([one.value for one in manifest.resources])
    assert any(one.value.get("data") == {"password": ""} for one in manifest.resources)


FIRST, SECOND = pod("web-5f6c7d8b9-abcd2"), pod("api-5f6c7d8b9-abcd2")
BROKEN = [
    pytest.param(listed(FIRST, SECOND)[:-30], "Expecting", id="cut off"),
    pytest.param(listed(FIRST) + b'{"items": [{]', "Expecting", id="rubbish after it"),
    pytest.param(listed(FIRST, {**SECOND, "x": float("nan")}), "NaN is no JSON", id="NaN"),
    pytest.param(listed(FIRST, {**SECOND, "x": "?"}).replace(b'"?"', b"1" * 5000), "Exceeds the limit", id="a number without end"),
    pytest.param(listed(FIRST, {**SECOND, "x": "?"}).replace(b'"?"', b"[" * 100_000), "nested too deeply", id="deep"),
]


@pytest.mark.parametrize(("given", "message"), BROKEN)
def test_what_is_no_json_in_the_midst_is_a_clear_error(given: bytes, message: str) -> None:
    for result in (invoke(["audit", "-"], given), invoke(["audit", "--format", "json", "-"], given)):
        assert result.exit == 2
        assert re.match(rf"<stdin>:\d+: not readable as JSON: {message}", result.stderr), result.stderr


@pytest.mark.parametrize(
    "given", [b"", b"{}", b"[]", b'{"kind": "List", "items": []}', b'{"items": 7}', b'{"kind": "List", "items": [null]}']
)
def test_nothing_runs_in_what_holds_nothing(given: bytes) -> None:
    result = invoke(["audit", "-"], given)
    assert (result.exit, b"what runs" in result.stdout) == (0, False)


STRANGE: list[dict[str, Any]] = [
    {"volumes": [1]},
    {"volumes": {"name": "x"}},
    {"containers": [{"name": ["x"]}]},
    {"containers": [{"name": "a", "volumeMounts": 7}]},
    {"serviceAccountName": {}},
    {"containers": None},
]


@pytest.mark.parametrize("spec", STRANGE)
def test_pods_of_a_strange_shape_do_not_stop_an_audit(spec: dict[str, Any]) -> None:
    strange = pod("bad-5f6c7d8b9-abcd2", spec=spec)
    for wrong in (
        strange,
        {**strange, "metadata": {**strange["metadata"], "labels": [1], "ownerReferences": [{"kind": ["x"], "name": "y"}]}},
    ):
        assert "Deployment shop/web" in runs(pod("web-5f6c7d8b9-abcd2"), wrong)


def test_names_that_act_on_a_terminal_do_not() -> None:
    hostile = pod("web-5f6c7d8b9-abcd2", "a\x1b[2J", containers=(container("\x1b]0;x\x07", "nginx"),))
    hostile["metadata"]["ownerReferences"][0]["name"] = "::error::\x1b[31m"
    for form in ("text", "markdown"):
        assert b"\x1b" not in invoke(["audit", "--format", form, "-"], listed(hostile)).stdout


def test_a_single_exported_pod_is_still_a_manifest() -> None:
    """B-11: what stands alone and that nothing has made may be migrated."""
    given = json.dumps(pod("web", owner=None)).encode()
    assert b"would change" in invoke(["audit", "-"], given).stdout


def test_nothing_of_a_dump_is_proposed_for_a_change() -> None:
    objects = [pod("web-5f6c7d8b9-abcd2"), pod("bare", owner=None), live("v1", "ServiceAccount", "default")]
    for recipe in ("least-privilege", "harden-default", "clean-up"):
        report = json.loads(invoke(["audit", "--format", "json", "--recipe", recipe, "-"], listed(*objects)).stdout)
        assert (report["summary"]["changed_files"], report["objects"]) == (0, [])
        assert not any(one["operations"] for one in report["workloads"])


def test_a_large_dump_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a piece ends: in an object, a name, a character or a number."""
    given = listed(pod("web-5f6c7d8b9-abcd2"), pod("ünï-5f6c7d8b9-abcd4"), live("v1", "ConfigMap", "x", data={"a": "😀"}))
    given = given.replace(b'"resourceVersion": ""', b'"resourceVersion": "", "remaining": 1234567')
    whole = dumps.read("x", given, is_stated=True)
    for piece in (1, 7, 64, 999):
        monkeypatch.setattr(dumps, "_PIECE", piece)
        found = dumps.read("x", given, is_stated=True)
        assert isinstance(found, Manifest) and isinstance(whole, Manifest)
        assert [(one.at, one.value) for one in found.resources] == [(one.at, one.value) for one in whole.resources]
        assert found.running == whole.running


def test_a_file_that_breaks_off_is_named_with_its_line() -> None:
    broken = b"\n".join(listed(FIRST, SECOND).splitlines()[:160])
    found = dumps.read("x.json", broken, is_stated=True)
    assert isinstance(found, Problem)
    assert (found.path, found.line) == ("x.json", 160)


def test_what_is_no_utf8_is_named_with_its_line() -> None:
    result = invoke(["audit", "-"], listed(FIRST, {**SECOND, "x": "?"}).replace(b'"?"', b'"\xff"'))
    assert (result.exit, "not UTF-8" in result.stderr or "utf-8" in result.stderr) == (2, True), result.stderr


def test_the_library_tells_it_too(tmp_path: Path) -> None:
    path = tmp_path / "cluster.json"
    path.write_bytes(listed(FIRST, pod("web-5f6c7d8b9-abcd4")))
    (found,) = samigrate.audit(path).workloads
    assert (found.owner, found.pods) == ("Deployment shop/web", ("web-5f6c7d8b9-abcd2", "web-5f6c7d8b9-abcd4"))


def test_what_is_stated_to_be_a_dump_is_one_wherever_it_lies() -> None:
    """Also in the folder that is migrated: facts of the cluster are not edited."""
    given = listed(live("v1", "ServiceAccount", "default"))
    for options, is_edited in (([], True), (["--context", "cluster.json"], False)):
        Path("cluster.json").write_bytes(given)
        assert invoke(["migrate", "--write", "--recipe", "harden-default", *options, "."]).exit == 0
        assert (Path("cluster.json").read_bytes() != given) is is_edited
