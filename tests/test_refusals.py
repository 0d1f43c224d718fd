"""Many documents of one file that refuse an edit: each is named, and the run goes on around all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import invoke

REFUSING = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: refusing-{number}
spec:
  x: &shared
    spec:
      containers:
      - name: web
        image: nginx
  template: *shared
"""
TAKING = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: taking
spec:
  template:
    spec:
      containers:
      - name: web
        image: nginx
"""


def test_more_refusals_than_rounds_anybody_would_wait_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    documents = [REFUSING.format(number=number) for number in range(120)] + [TAKING]
    Path("all.yaml").write_text("---\n".join(documents))
    done = invoke(["migrate", "--write", "-v", "."])
    assert done.exit == 0
    assert all(f"refusing-{number}: identity stays as it is: it lies behind the alias" in done.stderr for number in range(120))
    assert Path("all.yaml").read_text().count("serviceAccountName: ") == 1
    assert "serviceAccountName: taking" in Path("all.yaml").read_text()
