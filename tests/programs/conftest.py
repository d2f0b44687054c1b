"""What the tests of real programs share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs.pod import Pod, running, write_launcher
from tests.unit.conftest import no_cluster, samples

__all__ = ["no_cluster", "pod", "samples"]


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The launcher's files; one folder for all pods, so that each Python compiles them once."""
    folder = tmp_path_factory.mktemp("launcher")
    write_launcher(folder)
    return folder


@pytest.fixture
def pod(tmp_path: Path, launcher: Path) -> Iterator[Pod]:
    """A folder laid out as a pod's, in which launchers are started."""
    with running(tmp_path, launcher) as started:
        yield started
