"""The way of one Deployment, as docs/architecture.md lists it, is the one that a run goes."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType

import pytest

from tests.command import invoke

PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"
MOST_STEPS, FIRST = 40, "pipeline.trace"
FILES = {
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"
    "spec:\n  template:\n    spec:\n      containers: [{name: web, image: nginx}]\n",
    "over/kustomization.yaml": "resources: [../base]\n",
}


def test_the_steps_are_called_in_that_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path, content in FILES.items():
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(content)
    called: dict[str, None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        module = str(frame.f_globals.get("__name__", ""))
        step = f"{module.removeprefix('samigrate.')}.{frame.f_code.co_qualname}"
        if event == "call" and module.startswith("samigrate.") and (called or step == FIRST):
            called.setdefault(step)

    sys.setprofile(note)
    try:
        assert invoke(["audit", "--jobs", "1", "."]).exit == 0
    finally:
        sys.setprofile(None)
    listed = re.findall(r"^\d+\. `([\w.]+)`: ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert 30 <= len(listed) <= MOST_STEPS
    assert [step for step in listed if step not in called] == []
    order = list(called)
    assert listed == sorted(listed, key=order.index)
