"""From an answer of the API server to what to do about it."""

from __future__ import annotations

import json

import pytest

from k8s_pipeline_client.cluster.translate import api_error
from k8s_pipeline_client.errors import ApiError, ConflictError, InvalidError, NotFoundError


def _refused(user: str) -> ApiError:
    message = f'cronjobs.batch is forbidden: User "{user}" cannot list resource "cronjobs" in the namespace "n"'
    return api_error(403, json.dumps({"message": message}).encode(), action="list CronJobs", namespace="n")


def test_who_is_not_known_is_told_to_log_in_and_not_to_give_rights_to_everybody() -> None:
    hint = _refused("system:anonymous").hint
    assert hint.startswith("log in")
    assert "Role" not in hint


def test_who_is_known_and_has_no_rights_is_told_which_role_to_apply() -> None:
    hint = _refused("jane").hint
    assert "apply the Role in rbac/ to namespace n" in hint
    assert "kubectl apply -k rbac/" in hint


def test_a_field_that_kubernetes_does_not_know_is_no_overload() -> None:
    message = (
        "failed to create typed patch object (ns/om-x; batch/v1, Kind=CronJob): .spec.x: field not declared in schema"
    )
    body = json.dumps({"message": message, "code": 500}).encode()
    error = api_error(500, body, action="apply CronJob om-x", namespace="n")
    assert isinstance(error, InvalidError)
    assert "podTemplate" in error.hint


def test_what_is_broken_behind_the_api_server_is() -> None:
    body = json.dumps({"message": "etcdserver: request timed out", "reason": "", "code": 500}).encode()
    error = api_error(500, body, action="apply CronJob om-x", namespace="n")
    assert not isinstance(error, InvalidError)
    assert "overloaded" in error.hint


def _status(status: int, message: str, **more: object) -> ApiError:
    body = json.dumps({"kind": "Status", "message": message, "code": status, **more}).encode()
    return api_error(status, body, action="apply Secret x", namespace="n")


_NAMED = ["om-conflict-db-metadata-0a1b2c3d4e", "om-namespaces-db-metadata-0a1b2c3d4e"]


@pytest.mark.parametrize("name", _NAMED)
def test_an_object_that_has_changed_is_no_conflict_of_fields_whatever_its_name(name: str) -> None:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    details = {"name": name, "kind": "secrets"}
    message = f'Operation cannot be fulfilled on secrets "{name}": {why}'
    error = _status(409, message, reason="Conflict", details=details)
    assert (type(error), error.code, error.hint) == (ConflictError, "Conflict", "")


@pytest.mark.parametrize("name", _NAMED)
def test_an_object_that_is_not_there_is_no_missing_namespace_whatever_its_name(name: str) -> None:
    error = _status(404, f'secrets "{name}" not found', reason="NotFound", details={"name": name, "kind": "secrets"})
    assert (type(error), error.code) == (NotFoundError, "NotFound")


def test_a_missing_namespace_is_told_by_what_is_missing() -> None:
    details = {"name": "n", "kind": "namespaces"}
    assert _status(404, 'namespaces "n" not found', reason="NotFound", details=details).code == "NamespaceMissing"


def test_a_conflict_of_fields_is_told_by_its_causes() -> None:
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "x"', "field": ".spec.schedule"}
    details = {"causes": [cause]}
    message = 'Apply failed with 1 conflict: conflict with "x": .spec.schedule'
    assert _status(409, message, reason="Conflict", details=details).code == "FieldConflict"


@pytest.mark.parametrize(
    "text", ["failed calling webhook", "exceeded quota", 'User "system:anonymous"', "is forbidden: User"]
)
def test_a_value_that_reads_like_another_error_is_an_invalid_value(text: str) -> None:
    error = _status(422, f'Secret "x" is invalid: data: Invalid value: "{text}"', reason="Invalid", details={})
    assert (type(error), error.code, error.hint) == (InvalidError, "Invalid", "")


@pytest.mark.parametrize("details", [None, 1, [], {"kind": 1}, {"causes": 1}, {"causes": [1, {"reason": []}]}])
def test_details_that_are_none_tell_nothing(details: object) -> None:
    assert _status(409, "no", reason="Conflict", details=details).code == "Conflict"
    assert _status(404, "no", reason="NotFound", details=details).code == "NotFound"
