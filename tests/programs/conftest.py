"""What the tests of real programs share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs.pod import Pod, running
from tests.unit.conftest import no_cluster, samples

__all__ = ["no_cluster", "pod", "samples"]


@pytest.fixture
def pod(tmp_path: Path) -> Iterator[Pod]:
    """A folder laid out as a pod's, in which launchers are started."""
    with running(tmp_path) as started:
        yield started
