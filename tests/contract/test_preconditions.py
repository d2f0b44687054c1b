"""Writes that name the UID or the version that they mean."""

from __future__ import annotations

from k8s_pipeline_client.cluster.port import Cluster, Kind, Propagation
from tests.contract.objects import NO_UID, US, Objects, find, refused, version


def test_an_apply_with_the_uid_changes_that_object(cluster: Cluster, objects: Objects) -> None:
    uid = cluster.apply(objects.config_map({"a": "1"}), manager=US)["metadata"]["uid"]
    assert cluster.apply(objects.config_map({"a": "2"}, uid=uid), manager=US)["data"] == {"a": "2"}


def test_an_apply_with_a_uid_never_creates(cluster: Cluster, objects: Objects) -> None:
    with refused(409, "Conflict") as found:
        cluster.apply(objects.config_map(uid=NO_UID), manager=US)
    assert "uid mismatch" in found[0].message and "no existing object was found" in found[0].message
    assert find(cluster, Kind.CONFIG_MAP, objects.name) is None


def test_an_apply_with_anothers_uid_is_invalid(cluster: Cluster, objects: Objects) -> None:
    before = cluster.apply(objects.config_map({"a": "1"}), manager=US)
    with refused(422, "Invalid") as found:
        cluster.apply(objects.config_map({"a": "2"}, uid=NO_UID), manager=US, force=True)
    assert f'metadata.uid: Invalid value: "{NO_UID}": field is immutable' in found[0].message
    assert cluster.get(Kind.CONFIG_MAP, objects.name) == before


def test_an_apply_with_an_old_version_is_a_conflict(cluster: Cluster, objects: Objects) -> None:
    first = cluster.apply(objects.config_map({"a": "1"}), manager=US)
    second = cluster.apply(objects.config_map({"a": "2"}, resourceVersion=version(first)), manager=US)
    with refused(409, "Conflict") as found:
        cluster.apply(objects.config_map({"a": "3"}, resourceVersion=version(first)), manager=US, force=True)
    assert "the object has been modified" in found[0].message
    assert cluster.get(Kind.CONFIG_MAP, objects.name) == second


def test_an_apply_with_a_version_creates_what_is_not_there(cluster: Cluster, objects: Objects) -> None:
    # So a version does not say "only if it is there": a UID does.
    made = cluster.apply(objects.config_map({"a": "1"}, resourceVersion="5"), manager=US)
    assert made["data"] == {"a": "1"} and version(made) != "5"


def test_a_merge_patch_with_anothers_uid_is_invalid(cluster: Cluster, objects: Objects) -> None:
    before = cluster.apply(objects.config_map({"a": "1"}), manager=US)
    with refused(422, "Invalid"):
        cluster.merge(Kind.CONFIG_MAP, objects.name, {"metadata": {"uid": NO_UID}, "data": {"a": "2"}})
    assert cluster.get(Kind.CONFIG_MAP, objects.name) == before
    patch = {"metadata": {"uid": before["metadata"]["uid"]}, "data": {"a": "2"}}
    assert cluster.merge(Kind.CONFIG_MAP, objects.name, patch)["data"] == {"a": "2"}


def test_a_merge_patch_with_an_old_version_is_a_conflict(cluster: Cluster, objects: Objects) -> None:
    first = cluster.apply(objects.config_map({"a": "1"}), manager=US)
    patch = {"metadata": {"resourceVersion": version(first)}, "data": {"a": "2"}}
    cluster.merge(Kind.CONFIG_MAP, objects.name, patch)
    with refused(409, "Conflict"):
        cluster.merge(Kind.CONFIG_MAP, objects.name, {**patch, "data": {"a": "3"}})


def test_a_delete_with_anothers_uid_leaves_the_object_and_says_nothing(cluster: Cluster, objects: Objects) -> None:
    before = cluster.apply(objects.config_map(), manager=US)
    cluster.delete(Kind.CONFIG_MAP, objects.name, Propagation.BACKGROUND, uid=NO_UID)
    assert cluster.get(Kind.CONFIG_MAP, objects.name) == before


def test_a_delete_with_an_old_version_is_a_conflict(cluster: Cluster, objects: Objects) -> None:
    first = cluster.apply(objects.config_map({"a": "1"}), manager=US)
    second = cluster.apply(objects.config_map({"a": "2"}), manager=US)
    uid = first["metadata"]["uid"]
    for condition in ({"version": version(first)}, {"uid": uid, "version": version(first)}):
        with refused(409, "Conflict") as found:
            cluster.delete(Kind.CONFIG_MAP, objects.name, Propagation.BACKGROUND, **condition)
        assert "does not match the ResourceVersion in record" in found[0].message
    assert cluster.get(Kind.CONFIG_MAP, objects.name) == second
    cluster.delete(Kind.CONFIG_MAP, objects.name, Propagation.BACKGROUND, uid=uid, version=version(second))
    assert find(cluster, Kind.CONFIG_MAP, objects.name) is None
