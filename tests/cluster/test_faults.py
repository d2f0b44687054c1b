"""What the client makes of an API server, or a network, that is not well."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.errors import ApiError, ClusterError, UnreachableError
from tests.cluster.support import faults
from tests.cluster.support.access import Access
from tests.cluster.support.faults import Effect, FaultProxy, answer, garbage
from tests.cluster.support.space import Space


@pytest.fixture(scope="module")
def shared(access: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """One namespace for the tests that only need some."""
    with Space.open(access, tmp_path_factory.mktemp("space")) as space:
        yield space


@pytest.fixture(scope="module")
def proxy(shared: Space) -> Iterator[FaultProxy]:
    proxy = FaultProxy(shared.kubeconfig)
    yield proxy
    proxy.close()


@pytest.fixture
def cluster(shared: Space, proxy: FaultProxy, tmp_path: Path) -> KubeCluster:
    """Our adapter behind the proxy, with little total_timeout."""
    proxy.mend()
    found = KubeCluster(connect(proxy.kubeconfig(tmp_path / "faulty")), shared.namespace, total_timeout=2.0)
    found.list(Kind.SECRET)
    proxy.mend()
    return found


def _config_map(space: Space, name: str, **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": space.namespace, "labels": {"test": "yes"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def test_retry_after_is_waited_for(cluster: KubeCluster, proxy: FaultProxy) -> None:
    proxy.fault(answer(429, retry_after="1"))
    start = time.monotonic()

    cluster.list(Kind.SECRET)

    assert time.monotonic() - start >= 1.0
    assert [request.status for request in proxy.requests] == [429, 200]


def test_a_retry_after_beyond_all_patience_is_not_waited_for(cluster: KubeCluster, proxy: FaultProxy) -> None:
    proxy.fault(answer(429, retry_after="3600", message="come back tomorrow"))
    start = time.monotonic()

    with pytest.raises(ApiError, match="come back tomorrow") as refused:
        cluster.list(Kind.SECRET)

    assert refused.value.status == 429
    assert time.monotonic() - start < 1.0


@pytest.mark.parametrize(
    "effect",
    [faults.hang, faults.trickle(0.05), faults.reset_before, faults.truncated, answer(503), faults.slow(20)],
    ids=["hang", "trickle", "reset", "truncated", "503", "slow"],
)
def test_the_time_of_a_request_is_bounded(cluster: KubeCluster, proxy: FaultProxy, effect: Effect) -> None:
    proxy.fault(effect, times=None)
    start = time.monotonic()

    with pytest.raises(ClusterError):
        cluster.list(Kind.SECRET)

    assert time.monotonic() - start < 4.0  # it has two seconds


@pytest.mark.parametrize("status", [401, 403])
def test_rights_that_an_api_server_does_not_know_right_after_its_start(
    cluster: KubeCluster, proxy: FaultProxy, status: int
) -> None:
    proxy.fault(faults.reset_before)
    proxy.fault(answer(status, message="cannot list resource secrets"), nth=2, times=2)

    cluster.list(Kind.SECRET)

    assert [request.status for request in proxy.requests] == [0, status, status, 200]


def test_rights_that_are_missing_are_asked_for_once(cluster: KubeCluster, proxy: FaultProxy) -> None:
    proxy.fault(answer(403, message="cannot list resource secrets"), times=None)

    with pytest.raises(ApiError, match="cannot list"):
        cluster.list(Kind.SECRET)

    assert len(proxy.requests) == 1


def test_a_slow_answer_is_an_answer(cluster: KubeCluster, proxy: FaultProxy, shared: Space) -> None:
    proxy.fault(faults.slow(1.0))
    assert cluster.apply(_config_map(shared, "slow", a="b"), manager="test")["data"] == {"a": "b"}


def test_an_address_that_has_never_answered_is_given_up_soon(proxy: FaultProxy, shared: Space, tmp_path: Path) -> None:
    kubeconfig = proxy.kubeconfig(tmp_path / "closed")
    proxy.refuse()
    start = time.monotonic()

    with pytest.raises(UnreachableError, match="refused"):
        KubeCluster(connect(kubeconfig), shared.namespace).list(Kind.SECRET)

    assert time.monotonic() - start < 5.0
    proxy.listen()


@pytest.mark.parametrize(
    "effect",
    [
        answer(500),
        answer(403),
        faults.truncated,
        garbage(b""),
        garbage(b"<html>please log in</html>"),
        garbage(b"{}"),
        garbage(b"[]"),
        garbage(b'{"kind": "SecretList", "apiVersion": "v1"}'),
    ],
    ids=["500", "403", "truncated", "empty", "login page", "no object", "array", "no items"],
)
def test_a_failed_read_is_an_error_and_never_an_empty_result(
    cluster: KubeCluster, proxy: FaultProxy, effect: Effect
) -> None:
    proxy.fault(effect, times=None)
    with pytest.raises(ClusterError):
        cluster.list(Kind.SECRET)
    with pytest.raises(ClusterError):
        cluster.list(Kind.CRONJOB)


def test_a_list_in_pages_is_whole_and_starts_over_where_a_page_is_gone(
    cluster: KubeCluster, proxy: FaultProxy, shared: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_page_size", 2)
    names = [f"page-{number}" for number in range(5)]
    for name in names:
        cluster.apply(_config_map(shared, name), manager="test")

    def listed() -> list[str]:
        found = cluster.list(Kind.CONFIG_MAP, labels="test=yes")
        return [item["metadata"]["name"] for item in found if item["metadata"]["name"] in names]

    assert listed() == names
    proxy.mend()
    proxy.fault(answer(410, message="the continue token is too old"), path="continue=", nth=2)
    assert listed() == names
    assert [request.status for request in proxy.requests] == [200, 200, 410, 200]


def test_a_log_that_breaks_off_is_an_error(cluster: KubeCluster, proxy: FaultProxy) -> None:
    proxy.fault(garbage(b"not a log", status=502), path="/log", times=None)
    with pytest.raises(ClusterError):
        b"".join(cluster.read_log("no-such-pod", container="main"))
