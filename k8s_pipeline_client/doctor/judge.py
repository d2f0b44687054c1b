"""Turns facts into findings. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from k8s_pipeline_client.doctor import around, room, server
from k8s_pipeline_client.doctor.facts import ClusterFacts, Facts
from k8s_pipeline_client.doctor.finding import Examination, Finding
from k8s_pipeline_client.doctor.trial import tried


def judge(facts: Facts) -> Examination:
    """Return all findings."""
    return Examination(tuple(_all(facts)))


def _all(facts: Facts) -> Iterator[Finding]:
    yield from _cluster(facts.cluster, facts)
    yield from server.image(facts)
    yield from server.openmetadata(facts.server)
    yield from server.probe(facts.server)
    yield from server.token(facts.server, facts.now)
    if facts.service is not None:
        yield from server.service(facts.service)


def _cluster(cluster: ClusterFacts, facts: Facts) -> Iterator[Finding]:
    yield from around.reachable(cluster)
    if cluster.unreachable is not None:
        return
    yield from around.clock(cluster)
    yield from around.namespace(cluster)
    if around.is_missing(cluster):
        return
    yield from around.rights(cluster)
    yield from tried(cluster)
    yield from room.quotas(cluster)
    yield from room.references(cluster)
    yield from room.nodes(cluster)
    yield from around.zones(cluster)
    yield from around.leftovers(cluster)
    yield from around.reporter(cluster, facts.now)
