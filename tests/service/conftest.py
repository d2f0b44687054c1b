"""What the tests of the service share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service.javaclient import Generation, JavaClient
from tests.service.stage import Stage, staged
from tests.unit.conftest import no_cluster

__all__ = ["no_cluster"]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A service with nothing deployed."""
    with staged() as found:
        yield found


@pytest.fixture
def server(stage: Stage) -> JavaClient:
    """The newer generation of the server's client."""
    return stage.client()


@pytest.fixture(params=list(Generation))
def either(stage: Stage, request: pytest.FixtureRequest) -> JavaClient:
    """Each generation of the server's client."""
    return stage.client(request.param)
