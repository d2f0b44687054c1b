"""The cluster's own life. It ends the machine's one cluster, so it runs only when asked for by name."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.cluster.local import cluster, teardown
from tests.cluster.local.paths import Paths, current
from tests.cluster.local.processes import stop

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        not os.environ.get("K8S_PIPELINE_TEST_LIFECYCLE"),
        reason="ends the local cluster: set K8S_PIPELINE_TEST_LIFECYCLE=1 while nobody uses it",
    ),
]


@pytest.fixture
def paths() -> Iterator[Paths]:
    yield current()
    cluster.ensure_up()


def test_up_twice_is_the_same_cluster(paths: Paths) -> None:
    kubeconfig = cluster.ensure_up()
    before = cluster.component_states(paths)
    assert cluster.ensure_up() == kubeconfig
    assert cluster.component_states(paths) == before


@pytest.mark.parametrize("victim", ["kubelet", "containerd", "kube-apiserver", "etcd", "kube-proxy"])
def test_up_replaces_a_half_dead_cluster(paths: Paths, victim: str) -> None:
    cluster.ensure_up()
    process = cluster.component_states(paths)[victim]
    assert process is not None
    stop([process])
    cluster.ensure_up()
    assert cluster.is_healthy(paths)


def test_down_leaves_nothing(paths: Paths) -> None:
    cluster.ensure_up()
    assert teardown.leftovers(paths)
    assert cluster.down() == []
    assert teardown.leftovers(paths) == []
    assert not paths.run.exists()
    assert [entry.name for entry in paths.state.iterdir()] == ["logs"]
    assert cluster.down() == []


def test_down_after_every_process_was_killed(paths: Paths) -> None:
    cluster.ensure_up()
    stop([process for process in cluster.component_states(paths).values() if process])
    assert cluster.down() == []
