"""Deletes, finalizers, and the garbage collection of what an object owns."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cluster.port import Cluster, Kind, Propagation
from tests.contract.objects import HELD, NO_UID, US, Objects, find, owner, refused, until


def test_what_is_deleted_is_gone_and_deleting_it_again_is_fine(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.config_map(), manager=US)
    for _ in range(2):
        cluster.delete(Kind.CONFIG_MAP, objects.name, Propagation.BACKGROUND)
        with refused(404, "NotFound") as found:
            cluster.get(Kind.CONFIG_MAP, objects.name)
        assert f'configmaps "{objects.name}" not found' in found[0].message


@pytest.mark.parametrize("propagation", Propagation)
def test_what_an_object_owns_goes_with_it(cluster: Cluster, objects: Objects, propagation: Propagation) -> None:
    cronjob = cluster.apply(objects.cronjob(), manager=US)
    job = cluster.create(objects.job(metadata={"ownerReferences": [owner(cronjob, block=True)]}))
    cluster.apply(objects.config_map(ownerReferences=[owner(job)]), manager=US)
    cluster.apply(objects.config_map(suffix="-free"), manager=US)
    cluster.delete(Kind.CRONJOB, objects.name, propagation)
    for kind in (Kind.CRONJOB, Kind.JOB, Kind.CONFIG_MAP):
        until(lambda kind=kind: find(cluster, kind, objects.name) is None)  # type: ignore[misc]
    assert find(cluster, Kind.CONFIG_MAP, f"{objects.name}-free")


def test_in_the_foreground_the_owner_waits_for_what_it_owns(cluster: Cluster, objects: Objects) -> None:
    cronjob = cluster.apply(objects.cronjob(), manager=US)
    held = objects.config_map(ownerReferences=[owner(cronjob, block=True)], finalizers=[HELD])
    cluster.apply(held, manager=US)
    cluster.delete(Kind.CRONJOB, objects.name, Propagation.FOREGROUND)
    until(lambda: "deletionTimestamp" in cluster.get(Kind.CONFIG_MAP, objects.name)["metadata"])
    going = cluster.get(Kind.CRONJOB, objects.name)["metadata"]
    assert going["deletionTimestamp"] and going["finalizers"] == ["foregroundDeletion"]
    cluster.merge(Kind.CONFIG_MAP, objects.name, {"metadata": {"finalizers": None}})
    until(lambda: find(cluster, Kind.CRONJOB, objects.name) is None)


def test_what_is_applied_for_an_owner_that_is_gone_goes_as_well(cluster: Cluster, objects: Objects) -> None:
    gone = {**objects.cronjob(), "metadata": {"name": objects.name, "uid": NO_UID}}
    cluster.apply(objects.config_map(ownerReferences=[owner(gone)]), manager=US)
    until(lambda: find(cluster, Kind.CONFIG_MAP, objects.name) is None)


def test_what_has_another_owner_stays(cluster: Cluster, objects: Objects) -> None:
    one, other = (cluster.apply(objects.config_map(suffix=suffix), manager=US) for suffix in ("-1", "-2"))
    cluster.apply(objects.config_map(ownerReferences=[owner(one), owner(other)]), manager=US)
    cluster.delete(Kind.CONFIG_MAP, f"{objects.name}-1", Propagation.BACKGROUND)

    def owners() -> list[str]:
        references = cluster.get(Kind.CONFIG_MAP, objects.name)["metadata"]["ownerReferences"]
        return [reference["name"] for reference in references]

    until(lambda: owners() == [f"{objects.name}-2"])


def test_a_finalizer_holds_an_object_on_its_way_out(cluster: Cluster, objects: Objects) -> None:
    before = cluster.apply(objects.config_map(finalizers=[HELD]), manager=US)
    cluster.delete(Kind.CONFIG_MAP, objects.name, Propagation.BACKGROUND)
    going = cluster.get(Kind.CONFIG_MAP, objects.name)
    assert going["metadata"]["deletionTimestamp"] and going["metadata"]["uid"] == before["metadata"]["uid"]
    cluster.delete(Kind.CONFIG_MAP, objects.name, Propagation.BACKGROUND)
    assert cluster.get(Kind.CONFIG_MAP, objects.name) == going
    cluster.merge(Kind.CONFIG_MAP, objects.name, {"metadata": {"finalizers": None}})
    assert find(cluster, Kind.CONFIG_MAP, objects.name) is None


def test_an_apply_to_an_object_on_its_way_out_is_taken_and_then_lost(cluster: Cluster, objects: Objects) -> None:
    first = cluster.apply(objects.config_map({"a": "1"}, finalizers=[HELD]), manager=US)
    cluster.delete(Kind.CONFIG_MAP, objects.name, Propagation.BACKGROUND)
    taken = cluster.apply(objects.config_map({"a": "2"}, finalizers=[HELD]), manager=US)
    assert taken["data"] == {"a": "2"}
    assert taken["metadata"]["deletionTimestamp"] and taken["metadata"]["uid"] == first["metadata"]["uid"]
    last = cluster.apply(objects.config_map({"a": "3"}), manager=US)
    assert last["metadata"]["deletionTimestamp"]  # and with its finalizer it has let the object go
    assert find(cluster, Kind.CONFIG_MAP, objects.name) is None
    again = cluster.apply(objects.config_map({"a": "4"}), manager=US)
    assert again["metadata"]["uid"] != first["metadata"]["uid"]


def test_an_object_on_its_way_out_gets_no_new_finalizer(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.config_map(finalizers=[HELD]), manager=US)
    cluster.delete(Kind.CONFIG_MAP, objects.name, Propagation.BACKGROUND)
    with refused(422, "Invalid") as found:
        cluster.apply(objects.config_map(finalizers=[HELD, f"{HELD}-2"]), manager=US)
    assert "no new finalizers can be added if the object is being deleted" in found[0].message
    cluster.apply(objects.config_map(), manager=US)
