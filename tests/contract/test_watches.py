"""Watches: what is there, then each change, and what leaves the selection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from k8s_pipeline_client.cluster.port import Cluster, Kind, Propagation, WatchEvent
from k8s_pipeline_client.errors import InvalidError
from tests.contract.objects import US, Objects

SECONDS = 20


def short(event: WatchEvent) -> tuple[str, str]:
    return event.type, str(event.object["metadata"]["name"])[-2:]


@pytest.fixture
def watch(cluster: Cluster, objects: Objects) -> Iterator[Iterator[WatchEvent]]:
    """A watch of ConfigMaps with a label, of which one is there when it begins."""
    mark = objects.labelled("-1")["metadata"]["name"]
    cluster.apply(objects.labelled("-1", app=mark), manager=US)
    events = cluster.watch(Kind.CONFIG_MAP, seconds=SECONDS, labels=f"app={mark}")
    yield events


def test_what_is_there_comes_first_and_then_each_change(
    cluster: Cluster, objects: Objects, watch: Iterator[WatchEvent]
) -> None:
    mark = objects.labelled("-1")["metadata"]["name"]
    assert short(next(watch)) == ("ADDED", "-1")

    cluster.apply(objects.labelled("-2", app=mark), manager=US)
    assert short(next(watch)) == ("ADDED", "-2")
    cluster.merge(Kind.CONFIG_MAP, mark, {"data": {"a": "b"}})
    changed = next(watch)
    assert (short(changed), changed.object["data"]["a"]) == (("MODIFIED", "-1"), "b")
    cluster.merge(Kind.CONFIG_MAP, mark, {"metadata": {"labels": {"app": "other"}}})
    assert short(next(watch)) == ("DELETED", "-1")
    cluster.apply(objects.labelled("-3", app="other"), manager=US)  # which does not match, and so is no event
    cluster.delete(Kind.CONFIG_MAP, mark.removesuffix("-1") + "-2", Propagation.BACKGROUND)
    assert short(next(watch)) == ("DELETED", "-2")


def test_a_watch_ends_when_its_time_is_over(cluster: Cluster) -> None:
    assert list(cluster.watch(Kind.JOB, seconds=1, labels="nobody=has-this")) == []


def test_a_selector_that_is_none_is_refused(cluster: Cluster) -> None:
    with pytest.raises(InvalidError):
        next(cluster.watch(Kind.POD, seconds=1, fields="spec.none=x"))
