"""Requests that the API server refuses, and how."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.errors import ApiError, ConflictError, InvalidError, NotFoundError
from tests.contract.objects import US, Objects, find, refused


def test_an_object_of_a_name_that_is_taken_is_not_created(cluster: Cluster, objects: Objects) -> None:
    cluster.create(objects.job())
    with refused(409, "AlreadyExists") as found:
        cluster.create(objects.job())
    assert isinstance(found[0], ConflictError)
    assert f'jobs.batch "{objects.name}" already exists' in found[0].message


@pytest.mark.parametrize("kind", Kind)
def test_what_is_not_there_cannot_be_read(cluster: Cluster, objects: Objects, kind: Kind) -> None:
    with refused(404, "NotFound") as found:
        cluster.get(kind, objects.name)
    assert isinstance(found[0], NotFoundError)


@pytest.mark.parametrize("suffix", ["-conflict", "-namespaces"])
def test_the_name_of_an_object_says_nothing_of_what_is_wrong(cluster: Cluster, objects: Objects, suffix: str) -> None:
    with refused(404, "NotFound") as found:
        cluster.get(Kind.CONFIG_MAP, objects.name + suffix)
    assert found[0].code == "NotFound"
    old = cluster.apply(objects.config_map({"a": "1"}, suffix=suffix), manager=US)
    cluster.apply(objects.config_map({"a": "2"}, suffix=suffix), manager=US)
    version = {"resourceVersion": old["metadata"]["resourceVersion"]}
    with refused(409, "Conflict") as found:
        cluster.apply(objects.config_map({"a": "3"}, suffix=suffix, **version), manager=US)
    assert found[0].code == "Conflict"


def test_what_is_not_there_is_not_patched(cluster: Cluster, objects: Objects) -> None:
    with refused(404, "NotFound"):
        cluster.merge(Kind.JOB, objects.name, {"spec": {"suspend": False}})
    assert find(cluster, Kind.JOB, objects.name) is None


def test_a_field_that_does_not_exist_is_not_created(cluster: Cluster, objects: Objects) -> None:
    manifest = objects.job(surprise=1)
    manifest["spec"]["template"] = {"spec": {**manifest["spec"]["template"]["spec"], "another": {}}}
    with refused(400, "BadRequest") as found:
        cluster.create(manifest)
    assert isinstance(found[0], InvalidError)
    assert 'unknown field "spec.surprise"' in found[0].message
    assert 'unknown field "spec.template.spec.another"' in found[0].message
    assert find(cluster, Kind.JOB, objects.name) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"surprise": 1}, ".surprise: field not declared in schema"),
        ({"data": {"a": 1}}, ".data.a: expected string, got &value.valueUnstructured{Value:1}"),
    ],
)
def test_an_apply_of_what_is_no_such_object_is_a_500(
    cluster: Cluster, objects: Objects, change: Object, said: str
) -> None:
    with refused(500, "") as found:
        cluster.apply({**objects.config_map(), **change}, manager=US)
    assert f"/v1, Kind=ConfigMap): {said} (500)" in found[0].message
    assert isinstance(found[0], InvalidError)
    assert find(cluster, Kind.CONFIG_MAP, objects.name) is None


def test_a_merge_patch_loses_fields_that_do_not_exist(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.config_map({"a": "1"}), manager=US)
    assert "surprise" not in cluster.merge(Kind.CONFIG_MAP, objects.name, {"surprise": 1})


@pytest.mark.parametrize("name", ["Upper", "under_score", "-dash", "a" * 254])
def test_a_name_that_may_not_be_is_invalid(cluster: Cluster, objects: Objects, name: str) -> None:
    manifest = objects.config_map()
    manifest["metadata"]["name"] = name
    with refused(422, "Invalid") as found:
        cluster.apply(manifest, manager=US)
    assert f'metadata.name: Invalid value: "{name}"' in found[0].message


def test_suspend_alone_does_not_make_a_cronjob(cluster: Cluster, objects: Objects) -> None:
    with refused(422, "Invalid") as found:
        cluster.apply(objects.suspend(True), manager=US)
    assert "spec.schedule: Required value" in found[0].message
    assert find(cluster, Kind.CRONJOB, objects.name) is None


def test_what_is_immutable_stays(cluster: Cluster, objects: Objects) -> None:
    fixed = {**objects.config_map({"a": "1"}), "immutable": True}
    before = cluster.apply(fixed, manager=US)
    with refused(422, "Invalid") as found:
        cluster.apply({**fixed, "data": {"a": "2"}}, manager=US)
    assert "data: Forbidden: field is immutable when `immutable` is set" in found[0].message
    assert cluster.apply(fixed, manager=US) == before


def test_the_type_of_a_secret_stays(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.secret(), manager=US)
    with refused(422, "Invalid") as found:
        cluster.apply(objects.secret(type="example.org/other"), manager=US, force=True)
    assert 'type: Invalid value: "example.org/other": field is immutable' in found[0].message


def test_the_pods_of_a_job_stay_as_they_are_and_its_deadline_does_not(cluster: Cluster, objects: Objects) -> None:
    cluster.create(objects.job())
    patch = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 5}}}}
    with refused(422, "Invalid"):
        cluster.merge(Kind.JOB, objects.name, patch)
    changed = cluster.merge(Kind.JOB, objects.name, {"spec": {"activeDeadlineSeconds": 1}})
    assert changed["spec"]["activeDeadlineSeconds"] == 1


def test_an_owner_reference_is_whole(cluster: Cluster, objects: Objects) -> None:
    with refused(422, "Invalid") as found:
        cluster.apply(objects.config_map(ownerReferences=[{"uid": "x"}]), manager=US)
    assert "metadata.ownerReferences.name: Invalid value" in found[0].message


def test_another_namespace_than_the_requests_makes_no_sense(cluster: Cluster, objects: Objects) -> None:
    with refused(400, "BadRequest"):
        cluster.apply(objects.config_map(namespace="another"), manager=US)


def test_managed_fields_are_not_applied(cluster: Cluster, objects: Objects) -> None:
    made = cluster.apply(objects.config_map({"a": "1"}), manager=US)
    with refused(400, "BadRequest"):
        cluster.apply(made, manager=US)


@pytest.mark.parametrize("labels", ["a=,,", "a in b", "a in (", "=a"])
def test_a_label_selector_that_is_none_is_refused(cluster: Cluster, labels: str) -> None:
    with refused(400, "BadRequest"):
        cluster.list(Kind.POD, labels=labels)


@pytest.mark.parametrize("fields", ["metadata.name", "data.a=1"])
def test_a_field_selector_that_is_none_is_refused(cluster: Cluster, fields: str) -> None:
    with refused(400, "BadRequest"):
        cluster.list(Kind.CONFIG_MAP, fields=fields)


def test_a_log_of_no_pod_is_refused_as_it_is_read(cluster: Cluster, objects: Objects) -> None:
    chunks = cluster.read_log(objects.name, container="main")
    with pytest.raises(ApiError) as found:
        next(chunks)
    assert (found.value.status, f'pods "{objects.name}" not found' in found.value.message) == (404, True)
