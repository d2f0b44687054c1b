"""What the unit tests share: the samples, and the program without a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[1] / "data"


@pytest.fixture
def samples() -> Path:
    """Real-shaped definitions."""
    return SAMPLES


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A unit test that finds a cluster would be no unit test."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


def sample(path: str) -> dict[str, Any]:
    """Read a sample."""
    found: dict[str, Any] = json.loads((SAMPLES / path).read_text())
    return found
