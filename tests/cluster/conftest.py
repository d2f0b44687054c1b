"""A real Kubernetes, a namespace of its own for each test, and the program run as the Role's account in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.cluster.local.errors import ClusterError
from tests.cluster.support.access import Access, connect
from tests.cluster.support.faults import FaultProxy
from tests.cluster.support.program import Program
from tests.cluster.support.serving import SERVICE
from tests.cluster.support.site import Site
from tests.cluster.support.space import Space
from tests.images.recording import RecordingServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what talks to a cluster, which is everything in this folder, and put all tests in order."""
    for item in items:
        if "tests/cluster/" in item.nodeid:
            item.add_marker(pytest.mark.cluster)
    # Those that wait longest first: begun last, they would keep everybody waiting. With a quick one after each, for a
    # worker is given two at the beginning.
    slow = [item for item in items if item.get_closest_marker("slow")]
    others = [item for item in items if not item.get_closest_marker("slow")]
    items[:] = [item for pair in zip_longest(slow, others) for item in pair if item is not None]


@pytest.fixture(scope="session")
def access() -> Access:
    """The cluster: the one that is named, else our own."""
    try:
        return connect()
    except ClusterError as error:
        # Never a skip: what was not run has not passed.
        pytest.exit(f"no cluster for the cluster tests: {error}", returncode=1)


@pytest.fixture(scope="session")
def standin(access: Access) -> str:
    """The reference of the stand-in image, which the cluster has."""
    return access.image("standin")


@pytest.fixture(scope="session")
def real_ingestion(access: Access) -> str:
    """The reference of the image with the published ingestion package."""
    return access.image("ingestion")


@pytest.fixture(scope="session")
def postgres(access: Access) -> str:
    """The reference of the image with PostgreSQL."""
    return access.image("postgres")


@pytest.fixture(scope="session")
def own_image(access: Access) -> str:
    """The reference of the image with this program, by the Containerfile."""
    return access.image("k8s-pipeline-client")


@pytest.fixture
def space(access: Access, tmp_path: Path) -> Iterator[Space]:
    """A namespace that enforces the `restricted` standard, with rbac/ applied; gone after the test."""
    with Space.open(access, tmp_path) as space:
        yield space


@pytest.fixture
def program(space: Space, standin: str, tmp_path: Path) -> Program:
    """The command line program, as the Role's account, with quick settings and the stand-in image."""
    return Program(space, image=standin, folder=tmp_path)


@pytest.fixture
def proxy(space: Space) -> Iterator[FaultProxy]:
    """What stands between the program and the API server, and makes the faults that it is told to."""
    proxy = FaultProxy(space.kubeconfig)
    yield proxy
    proxy.close()


@pytest.fixture
def faulty(space: Space, proxy: FaultProxy, standin: str, tmp_path: Path) -> Program:
    """The program, behind the proxy."""
    through = replace(space, kubeconfig=proxy.kubeconfig(tmp_path / "faulty"))
    return Program(through, image=standin, folder=tmp_path)


@pytest.fixture
def site(program: Program, tmp_path: Path) -> Iterator[Site]:
    """The program, and an OpenMetadata server that has nothing yet."""
    with RecordingServer() as server:
        yield Site(program, server, tmp_path)


@pytest.fixture
def openmetadata() -> Iterator[RecordingServer]:
    """The stand-in of OpenMetadata on this machine, which knows the service of the pipelines that are posted."""
    with RecordingServer(seed={"entities": {"services/databaseServices": [SERVICE]}}) as server:
        yield server


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No colours, and no cluster but the one that is named."""
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
