"""The reader of the audit log finds one account's requests among those of everybody who uses the cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cluster.support.audit import requests_of

ACCOUNT = "system:serviceaccount:t-1:k8s-pipeline"


def entry(user: Any, **more: Any) -> str:
    found = {"stage": "ResponseComplete", "verb": "get", "requestURI": "/", "user": user, **more}
    return json.dumps({key: value for key, value in found.items() if value is not None})


OWN = entry(
    {"username": ACCOUNT},
    verb="create",
    requestURI="/apis/batch/v1/namespaces/t-1/jobs",
    objectRef={"resource": "jobs", "namespace": "t-1"},
    responseStatus={"code": 201},
)


def test_what_others_leave_in_the_log_is_passed_over(tmp_path: Path) -> None:
    refused = "/apis/batch/v1/namespaces/t-1/jobs?as=" + ACCOUNT  # names the account, so that it must be looked at
    others = [
        entry({}, requestURI=refused, responseStatus={"code": 401}),
        entry(None, requestURI=refused, responseStatus={"code": 401}),
        entry({"username": "anna"}, requestURI=refused, impersonatedUser={"username": ACCOUNT}),
        entry({"username": ACCOUNT + "-2"}),
        entry({"username": "system:anonymous"}, requestURI=refused),
        "",
        json.dumps(f"no object, but {ACCOUNT}"),
    ]
    log = tmp_path / "audit.log"
    log.write_text("\n".join([*others, OWN, *others, OWN[:-20]]))

    (request,) = requests_of(ACCOUNT, log)

    assert (request.verb, request.resource, request.namespace, request.code) == ("create", "jobs", "t-1", 201)


def test_a_log_that_was_rotated_is_read_from_its_beginning(tmp_path: Path) -> None:
    def numbered(number: int) -> str:
        return entry({"username": ACCOUNT}, requestURI=f"/{number}") + "\n"

    (tmp_path / "audit-2026-01-02T10-00-00.000.log").write_text(numbered(2))
    (tmp_path / "audit-2026-01-01T10-00-00.000.log").write_text(numbered(1))
    (tmp_path / "audit.log").write_text(numbered(3))

    assert [request.uri for request in requests_of(ACCOUNT, tmp_path / "audit.log")] == ["/1", "/2", "/3"]


def test_an_own_request_without_object_and_answer_is_still_one(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text(entry({"username": ACCOUNT}, requestURI="/version", stage="Panic"))

    (request,) = requests_of(ACCOUNT, log)

    assert (request.uri, request.resource, request.namespace, request.code) == ("/version", "", "", None)
