"""Server-side apply: create, update, and who owns which fields."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cluster.port import Cluster, Kind
from tests.contract.objects import THEM, US, Objects, find, owned, refused, version


def test_what_is_not_there_is_created(cluster: Cluster, objects: Objects) -> None:
    made = cluster.apply(objects.config_map({"a": "1"}), manager=US)
    assert made == cluster.get(Kind.CONFIG_MAP, objects.name)
    assert made["data"] == {"a": "1"}
    assert made["metadata"]["namespace"] == cluster.namespace
    assert made["metadata"]["uid"] and made["metadata"]["creationTimestamp"] and version(made)
    assert owned(made, US) == {"f:data": {"f:a": {}}}


def test_what_is_there_is_changed_and_gets_another_version(cluster: Cluster, objects: Objects) -> None:
    first = cluster.apply(objects.config_map({"a": "1", "b": "1"}), manager=US)
    second = cluster.apply(objects.config_map({"a": "2", "b": "1"}), manager=US)
    assert second["data"] == {"a": "2", "b": "1"}
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert version(second) != version(first)


@pytest.mark.parametrize("kind", ["config_map", "secret", "cronjob"])
def test_the_same_again_changes_nothing_not_even_the_version(cluster: Cluster, objects: Objects, kind: str) -> None:
    manifest = getattr(objects, kind)()
    manifest["metadata"]["labels"] = {"a": "b"}
    first = cluster.apply(manifest, manager=US)
    assert cluster.apply(manifest, manager=US) == first == cluster.get(Kind(manifest["kind"]), objects.name)


def test_a_field_that_is_given_up_goes(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.config_map({"a": "1", "b": "1"}), manager=US)
    after = cluster.apply(objects.config_map({"b": "1"}), manager=US)
    assert after["data"] == {"b": "1"}
    assert owned(after, US) == {"f:data": {"f:b": {}}}


def test_a_field_that_is_given_up_stays_if_another_manager_has_it_too(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.config_map({"a": "1"}), manager=US)
    both = cluster.apply(objects.config_map({"a": "1", "b": "1"}), manager=THEM)
    assert owned(both, US) == {"f:data": {"f:a": {}}}
    after = cluster.apply(objects.config_map(), manager=US)
    assert after["data"] == {"a": "1", "b": "1"}
    assert owned(after, US) is None
    assert cluster.apply(objects.config_map(), manager=THEM).get("data") is None


def test_anothers_field_is_not_touched(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.config_map({"a": "1"}), manager=US)
    after = cluster.apply(objects.config_map({"b": "1"}), manager=THEM)
    assert after["data"] == {"a": "1", "b": "1"}
    assert cluster.apply(objects.config_map({"a": "2"}), manager=US)["data"] == {"a": "2", "b": "1"}


def test_the_value_that_another_manager_applied_is_a_conflict(cluster: Cluster, objects: Objects) -> None:
    before = cluster.apply(objects.config_map({"a": "1"}), manager=THEM)
    with refused(409, "Conflict") as found:
        cluster.apply(objects.config_map({"a": "2", "b": "2"}), manager=US)
    assert 'Apply failed with 1 conflict: conflict with "them": .data.a (409 Conflict)' in found[0].message
    assert found[0].code == "FieldConflict"
    assert cluster.get(Kind.CONFIG_MAP, objects.name) == before


def test_several_conflicts_are_told_by_manager(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.config_map({"a": "1", "b": "1"}), manager=THEM)
    cluster.merge(Kind.CONFIG_MAP, objects.name, {"data": {"c": "1"}})
    with refused(409, "Conflict") as found:
        cluster.apply(objects.config_map({"a": "2", "b": "2", "c": "2"}), manager=US)
    assert (
        'Apply failed with 3 conflicts: conflicts with "k8s-pipeline" using v1:\n- .data.c\nconflicts with "them":\n'
        in found[0].message
    )
    assert "- .data.a" in found[0].message and "- .data.b" in found[0].message


def test_force_takes_the_field(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.config_map({"a": "1", "b": "1"}), manager=THEM)
    after = cluster.apply(objects.config_map({"a": "2"}), manager=US, force=True)
    assert after["data"] == {"a": "2", "b": "1"}
    assert owned(after, US) == {"f:data": {"f:a": {}}}
    assert owned(after, THEM) == {"f:data": {"f:b": {}}}


def test_suspend_has_a_manager_of_its_own(cluster: Cluster, objects: Objects) -> None:
    made = cluster.apply(objects.cronjob(), manager=US)
    assert made["spec"]["suspend"] is False  # by default, so it is nobody's
    cluster.apply(objects.suspend(True), manager=THEM)
    after = cluster.apply(objects.cronjob(schedule="0 0 30 2 *"), manager=US)
    assert (after["spec"]["suspend"], after["spec"]["schedule"]) == (True, "0 0 30 2 *")
    assert owned(after, THEM) == {"f:spec": {"f:suspend": {}}}
    with refused(409, "Conflict"):
        cluster.apply(objects.suspend(False), manager=US)
    assert cluster.apply(objects.suspend(False), manager=THEM)["spec"]["suspend"] is False


def test_a_suspended_cronjob_whose_manager_gives_suspend_up_is_not_suspended_any_more(
    cluster: Cluster, objects: Objects
) -> None:
    cluster.apply(objects.cronjob(suspend=True), manager=US)
    assert cluster.apply(objects.cronjob(), manager=US)["spec"]["suspend"] is False


def test_suspend_stays_if_its_manager_has_it_before_ours_gives_it_up(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.cronjob(suspend=True), manager=US)
    cluster.apply(objects.suspend(True), manager=THEM)
    assert cluster.apply(objects.cronjob(), manager=US)["spec"]["suspend"] is True


def test_a_merge_patch_and_an_apply_of_one_name_are_two_managers(cluster: Cluster, objects: Objects) -> None:
    cluster.create(objects.secret(data={"a": "MQ=="}))
    with refused(409, "Conflict"):
        cluster.apply(objects.secret(data={"a": "Mg=="}), manager="k8s-pipeline")
    after = cluster.apply(objects.secret(data={"a": "Mg=="}), manager="k8s-pipeline", force=True)
    assert owned(after, "k8s-pipeline") == {"f:data": {"f:a": {}}}


def test_what_was_created_without_data_is_filled_without_a_conflict(cluster: Cluster, objects: Objects) -> None:
    made = cluster.create(objects.secret(data={}))
    manifest = objects.secret(data={"a": "MQ=="}, type="Opaque")
    manifest["metadata"]["resourceVersion"] = version(made)
    assert cluster.apply(manifest, manager="k8s-pipeline")["data"] == {"a": "MQ=="}


@pytest.mark.parametrize("force", [False, True])
def test_a_dry_run_of_a_change_answers_as_the_change_would_and_keeps_nothing(
    cluster: Cluster, objects: Objects, force: bool
) -> None:
    before = cluster.apply(objects.config_map({"a": "1"}), manager=US)
    told = cluster.apply(objects.config_map({"a": "2"}), manager=US, force=force, dry_run=True)
    assert told["data"] == {"a": "2"}
    assert told["metadata"]["uid"] == before["metadata"]["uid"]
    assert version(told) == version(before)
    assert cluster.get(Kind.CONFIG_MAP, objects.name) == before


def test_a_dry_run_of_something_new_answers_with_an_object_that_has_no_version(
    cluster: Cluster, objects: Objects
) -> None:
    told = cluster.apply(objects.cronjob(), manager=US, dry_run=True)
    assert told["metadata"]["uid"] and "resourceVersion" not in told["metadata"]
    assert told["spec"]["concurrencyPolicy"] == "Allow"
    assert find(cluster, Kind.CRONJOB, objects.name) is None


def test_a_dry_run_is_refused_as_the_real_one_is(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.config_map({"a": "1"}), manager=THEM)
    with refused(409, "Conflict"):
        cluster.apply(objects.config_map({"a": "2"}), manager=US, dry_run=True)


def test_the_generation_counts_changes_of_the_spec_only(cluster: Cluster, objects: Objects) -> None:
    assert cluster.apply(objects.cronjob(), manager=US)["metadata"]["generation"] == 1
    labelled = objects.cronjob()
    labelled["metadata"]["labels"] = {"a": "b"}
    assert cluster.apply(labelled, manager=US)["metadata"]["generation"] == 1
    labelled["spec"]["suspend"] = True
    assert cluster.apply(labelled, manager=US)["metadata"]["generation"] == 2


def test_what_nobody_is_known_to_own_belongs_to_a_manager_of_its_own_from_the_first_apply_on(
    cluster: Cluster, objects: Objects
) -> None:
    cluster.apply(objects.secret(), manager=US)  # owns nothing; the type is a default
    after = cluster.apply(objects.secret(data={"a": "MQ=="}), manager=US)
    assert owned(after, "before-first-apply", "Update") == {"f:type": {}}
    assert owned(after, US) == {"f:data": {"f:a": {}}}
