"""What is said of our own rights."""

from __future__ import annotations

from k8s_pipeline_client.cluster.access import VITAL, group_of
from k8s_pipeline_client.cluster.port import Cluster


def test_who_may_do_everything_is_told_so(cluster: Cluster) -> None:
    for verb, resource in VITAL:
        assert cluster.may(str(verb), str(resource), group=group_of(resource)) is True
    assert cluster.may("get", "pods", subresource="log") is True
