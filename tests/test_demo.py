"""What the README's first command prints, run where it is run: in the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import invoke

CHECKOUT = Path(__file__).resolve().parent.parent


def test_the_sample_shop_from_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    done = invoke(["migrate", "examples/shop"])
    assert done.exit == 0
    assert b"+      serviceAccountName: storefront\n" in done.stdout
    assert "4 of 5 workloads, tokens 5 → 3" in done.stderr
    assert "golden/" not in done.stderr  # what lies beside the shop here is not applied together with it


WEB = """\
# The shop window.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  replicas: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      # one process, no sidecars
      containers:
      - name: nginx
        image: nginx:1.29
"""


def test_the_first_example_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "web.yaml").write_text(WEB)
    monkeypatch.chdir(tmp_path)
    done = invoke(["migrate", "."])
    shown = (CHECKOUT / "README.md").read_text(encoding="utf-8").partition("$ samigrate migrate .\n")[2].partition("```")[0]
    assert shown.splitlines()[:-1] == done.stdout.decode().splitlines()
    assert shown.splitlines()[-1] in done.stderr.splitlines()


def test_a_neighbours_bad_config_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    for folder in ("mine", "theirs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mine/pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: a, image: nginx}\n"
    )
    (tmp_path / "theirs/samigrate.yaml").write_text("nope: 1\n")
    (tmp_path / "theirs/pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n")
    monkeypatch.chdir(tmp_path)
    assert invoke(["migrate", "--check", "mine"]).exit == 1
    assert invoke(["migrate", "--check", "."]).exit == 2
