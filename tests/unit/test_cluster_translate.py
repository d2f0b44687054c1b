"""From an answer of the API server to what to do about it."""

from __future__ import annotations

import json

from k8s_pipeline_client.cluster.translate import api_error
from k8s_pipeline_client.errors import ApiError, InvalidError


def _refused(user: str) -> ApiError:
    message = f'cronjobs.batch is forbidden: User "{user}" cannot list resource "cronjobs" in the namespace "n"'
    return api_error(403, json.dumps({"message": message}).encode(), action="list CronJobs", namespace="n")


def test_who_is_not_known_is_told_to_log_in_and_not_to_give_rights_to_everybody() -> None:
    hint = _refused("system:anonymous").hint
    assert hint.startswith("log in")
    assert "Role" not in hint


def test_who_is_known_and_has_no_rights_is_told_which_role_to_apply() -> None:
    assert "apply the Role in rbac/ to namespace n" in _refused("jane").hint


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
