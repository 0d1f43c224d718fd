"""Both real Helms, each first on PATH."""

from __future__ import annotations

import os

import pytest

from tests.support import tools


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    path = tools.need(request.param)
    monkeypatch.setenv("PATH", f"{os.path.dirname(path)}{os.pathsep}{os.environ['PATH']}")
    return path


@pytest.fixture
def helm4(monkeypatch: pytest.MonkeyPatch) -> str:
    path = tools.need("helm4")
    monkeypatch.setenv("PATH", f"{os.path.dirname(path)}{os.pathsep}{os.environ['PATH']}")
    return path
