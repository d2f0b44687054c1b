"""Each test is one of the stand-in, and one of the real server where the environment names one."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from tests.cluster.e2e_openmetadata.driver import Driver
from tests.cluster.e2e_openmetadata.installed import Chart
from tests.cluster.local.addresses import GATEWAY
from tests.cluster.support.access import Access
from tests.cluster.support.program import Program
from tests.cluster.support.serving import Place, Service
from tests.cluster.support.space import Space
from tests.images.recording import RecordingServer
from tests.openmetadata import token
from tests.openmetadata_contract.servers import PIPELINE_SERVICE, TOKEN, URL, Server, why_unreached

LOGIN = os.getenv("OPENMETADATA_PIPELINE_SERVICE_LOGIN", "admin:admin")
"""The user name and the password that the real server was given for its pipeline service."""
RUNS_REACH_IT = os.getenv("OPENMETADATA_REACHED_BY_RUNS", "") == "yes"
"""Whether pods reach the address that the real server says of itself (``SERVER_HOST_API_URL``)."""

NOT_REACHED = "pods do not reach the server, or OPENMETADATA_REACHED_BY_RUNS=yes does not say that they do"

Served = tuple[str, Service | None]
"""The address of a service, and the service itself where it is a process of this machine."""


class Serving(Protocol):
    """Has a pipeline service serve until the end of a block."""

    def __call__(self, place: Place, *, openmetadata: str, version: str) -> AbstractContextManager[Served]: ...


_SERVERS = (
    [pytest.param(False, id="stand-in"), pytest.param(True, id="real server")]
    if URL
    else [pytest.param(False, id="stand-in alone: OPENMETADATA_URL is not set")]
)


@pytest.fixture(scope="module", params=_SERVERS)
def driver(
    request: pytest.FixtureRequest, access: Access, standin: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Driver]:
    """A server with a service of its own, whose pipeline service runs and has a namespace of its own."""
    folder = tmp_path_factory.mktemp("served")
    with Space.open(access, folder) as space:
        serving = partial(_as_process, Program(space, image=standin, folder=folder), folder)
        running, reached = (_real, RUNS_REACH_IT) if request.param else (_stand_in, access.embedded)
        with running(serving, space, reached=reached) as found:
            yield found


@pytest.fixture(params=_SERVERS)
def installed(
    request: pytest.FixtureRequest, access: Access, standin: str, own_image: str, tmp_path: Path
) -> Iterator[Driver]:
    """The same, with the service in a pod, as the chart installs it from this program's image."""
    reached = RUNS_REACH_IT if request.param else access.embedded
    if not reached or (request.param and why_unreached()):
        pytest.skip(NOT_REACHED if not reached else why_unreached())
    with Space.open(access, tmp_path) as space:
        chart = Chart(space, tmp_path, own_image, standin)
        with (_real if request.param else _stand_in)(partial(_by_chart, chart), space, reached=True) as found:
            yield found


@pytest.fixture
def reporting(driver: Driver) -> Driver:
    """A server that runs themselves can tell how they are."""
    if not driver.reached:
        pytest.skip(NOT_REACHED)
    return driver


@contextmanager
def _real(serving: Serving, space: Space, *, reached: bool) -> Iterator[Driver]:
    if not PIPELINE_SERVICE:
        pytest.skip("OPENMETADATA_PIPELINE_SERVICE does not say where the server looks for its pipeline service")
    username, _, password = LOGIN.partition(":")
    place = Place(PIPELINE_SERVICE, username, password)
    with (
        _alone(),
        closing(Server(URL, TOKEN, None)) as server,
        serving(place, openmetadata=URL, version=_version(server)) as (_, service),
    ):
        yield Driver(server, space, service, reached=reached)


@contextmanager
def _stand_in(serving: Serving, space: Space, *, reached: bool) -> Iterator[Driver]:
    host = str(GATEWAY) if reached else "127.0.0.1"
    place = Place("127.0.0.1:0", "admin", "of-the-stand-in")
    with (
        RecordingServer(host) as stand_in,
        closing(Server(stand_in.url, token(), stand_in)) as server,
        serving(place, openmetadata=stand_in.url, version=_version(server)) as (address, service),
    ):
        called = stand_in.api.service
        called.login, called.server_token = (place.username, place.password), token()
        called.address = f"http://{address}"
        yield Driver(server, space, service, reached=reached)


@contextmanager
def _as_process(program: Program, folder: Path, place: Place, *, openmetadata: str, version: str) -> Iterator[Served]:
    service = Service(program, folder, place, openmetadata=openmetadata, version=version)
    with service.running():
        yield service.address, service


@contextmanager
def _by_chart(chart: Chart, place: Place, *, openmetadata: str, version: str) -> Iterator[Served]:
    with chart.installed(place, openmetadata=openmetadata, version=version) as address:
        yield address, None


def _version(server: Server) -> str:
    """Return the server's version as far as it counts."""
    said = str(server.call("GET", "system/version").body["version"])
    found = re.match(r"\d+\.\d+\.\d+", said)
    assert found is not None, said
    return found[0]


@contextmanager
def _alone() -> Iterator[None]:
    """Be the only one at the address of the real server's pipeline service."""
    with (Path(tempfile.gettempdir()) / "k8s-pipeline-e2e-openmetadata.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
