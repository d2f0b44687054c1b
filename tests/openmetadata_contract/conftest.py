"""Each test is one of the stand-in, and one of the real server where the environment names one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.openmetadata_contract.pipelineservice import PipelineService
from tests.openmetadata_contract.servers import PIPELINE_SERVICE, URL, Pipeline, Server, running

_SERVERS = (
    [pytest.param(False, id="stand-in"), pytest.param(True, id="real server")]
    if URL
    else [pytest.param(False, id="stand-in alone: OPENMETADATA_URL is not set")]
)


@pytest.fixture(scope="module", params=_SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with a service of its own, which is removed with all that is in it."""
    with running(real=request.param) as found:
        yield found


@pytest.fixture
def pipeline(server: Server) -> Pipeline:
    """A new pipeline."""
    return server.pipeline()


@pytest.fixture
def pipeline_service(server: Server) -> Iterator[PipelineService]:
    """The pipeline service that the server calls."""
    if server.stand_in is None and not PIPELINE_SERVICE:
        pytest.skip("OPENMETADATA_PIPELINE_SERVICE does not say where the server looks for its pipeline service")
    with PipelineService(PIPELINE_SERVICE if server.stand_in is None else "127.0.0.1:0") as service:
        if server.stand_in is not None:
            server.stand_in.api.service.address = service.address
        yield service
        if server.stand_in is not None:
            server.stand_in.api.service.address = ""
