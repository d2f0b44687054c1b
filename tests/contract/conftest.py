"""Each test of the contract runs twice: on the fake, and on the real API server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import cast

import pytest

from k8s_pipeline_client.cluster.connect import connect as server_of
from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.cluster.port import Cluster
from tests.cluster.local.errors import ClusterError
from tests.cluster.support.access import Access, connect
from tests.cluster.support.space import Space
from tests.contract.objects import Objects
from tests.fakes import FakeCluster

PAGE_SIZE = 3


@pytest.fixture(scope="session")
def access() -> Access:
    """The cluster: the one that is named, else our own."""
    try:
        return connect()
    except ClusterError as error:
        pytest.exit(f"no cluster for the contract: {error}", returncode=1)


@pytest.fixture(scope="session")
def space(access: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A namespace for the whole contract: its tests name their objects so that they are in nobody's way."""
    with Space.open(access, tmp_path_factory.mktemp("contract")) as space:
        yield space


@pytest.fixture(scope="session")
def real(access: Access, space: Space) -> Cluster:
    """The real API server, asked by an administrator: rights are no part of the contract."""
    return KubeCluster(server_of(access.kubeconfig), space.namespace, page_size=PAGE_SIZE)


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.cluster)])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """The fake, then the real API server."""
    if request.param == "fake":
        return FakeCluster(page_size=PAGE_SIZE)
    return cast(Cluster, request.getfixturevalue("real"))


@pytest.fixture
def objects(cluster: Cluster) -> Objects:
    """Makes manifests for the test's own objects."""
    return Objects(cluster.namespace, f"c-{secrets.token_hex(4)}")
