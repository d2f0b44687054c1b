"""Commands of the reporter, on the cluster and the OpenMetadata of a `World`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.console import Console
from tests.unit.reporting import World


@pytest.fixture
def world() -> World:
    """A cluster and an OpenMetadata in memory."""
    return World()


@pytest.fixture
def console(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """Commands that find both, and wait for no confirmation."""
    monkeypatch.setattr("k8s_pipeline_client.client.connecting.connect", lambda *_, **__: world.fake)
    monkeypatch.setattr("k8s_pipeline_client.reporter.destination.connected", lambda way: world.server)
    monkeypatch.setattr("k8s_pipeline_client.cli.reconcile._CONFIRM_AFTER", 0.0)
    return Console(tmp_path, world.fake)
