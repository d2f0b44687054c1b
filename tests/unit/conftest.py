"""What the tests without a cluster share: the samples, and no way to a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data import SAMPLES
from tests.unit.settings_files import Files


@pytest.fixture
def samples() -> Path:
    """Real-shaped definitions."""
    return SAMPLES


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Settings files; of all tests in one folder, for each reads those only that it has just written."""
    return Files(tmp_path_factory.mktemp("settings"))


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that finds a cluster here would be none of these."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("KUBECONFIG", "/nonexistent/kubeconfig")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
