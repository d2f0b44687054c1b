"""From an answer of the API server to what to do about it."""

from __future__ import annotations

import json

from k8s_pipeline_client.cluster.translate import api_error
from k8s_pipeline_client.errors import ApiError


def _refused(user: str) -> ApiError:
    message = f'cronjobs.batch is forbidden: User "{user}" cannot list resource "cronjobs" in the namespace "n"'
    return api_error(403, json.dumps({"message": message}).encode(), action="list CronJobs", namespace="n")


def test_who_is_not_known_is_told_to_log_in_and_not_to_give_rights_to_everybody() -> None:
    hint = _refused("system:anonymous").hint
    assert hint.startswith("log in")
    assert "Role" not in hint


def test_who_is_known_and_has_no_rights_is_told_which_role_to_apply() -> None:
    assert "apply the Role of rbac/ in namespace n" in _refused("jane").hint
