"""Namespaces whose LimitRange has its own mind about resources."""

from __future__ import annotations

import json
from typing import Any

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until


def _limit_range(program: Program, **limits: Any) -> None:
    item = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "house-rules"},
        "spec": {"limits": [{"type": "Container", **limits}]},
    }
    program.space.kubectl("apply", "-f", "-", given=json.dumps(item))


def _refused(program: Program) -> dict[str, Any]:
    program.deploy(pipeline({"log": "never"}), service())
    program("run", "nightly")

    def look() -> Any:
        return program("status", "nightly", "-o", "json").json["lastRun"]["cause"]

    cause: dict[str, Any] = until(look, "the run has a cause")
    assert program("status", "nightly", "-o", "json").json["lastRun"]["state"] == "queued"
    return cause


def test_defaults_of_a_limit_range_are_no_change_of_the_definition(program: Program) -> None:
    _limit_range(
        program,
        default={"cpu": "500m", "memory": "200Mi", "ephemeral-storage": "1Gi"},
        defaultRequest={"cpu": "20m", "memory": "20Mi", "ephemeral-storage": "1Mi"},
    )
    program.configure(resources={"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "128Mi"}})
    entity = pipeline({"log": "within the rules"}, schedule="@daily")
    program.deploy(entity, service())

    run = program("run", "nightly", "--wait", "-o", "json").json

    assert run["state"] == "success"
    (pod,) = program.space.list("pods")
    resources = pod["spec"]["containers"][0]["resources"]
    assert resources["limits"]["ephemeral-storage"] == "1Gi", "the LimitRange has had its way with the pod"
    assert resources["limits"]["memory"] == "128Mi"
    assert program.deploy(entity, service()).json[0]["action"] == "unchanged"
    assert program("diff", "-f", program.file("p.json", entity, service())).out == ""


def test_limits_above_the_maximum_are_refused_in_words(program: Program) -> None:
    _limit_range(program, max={"memory": "100Mi"})

    cause = _refused(program)

    assert cause["code"] == "AdmissionRefused"
    assert "LimitRange" in cause["summary"]
    assert "maximum memory usage per Container is 100Mi, but limit is 256Mi" in cause["detail"]
    assert "resources" in cause["hint"]
    assert cause["summary"] in program("list").out


def test_too_wide_a_ratio_of_limit_to_request_is_refused_in_words(program: Program) -> None:
    _limit_range(program, maxLimitRequestRatio={"memory": "2"})

    cause = _refused(program)

    assert cause["code"] == "AdmissionRefused"
    assert "LimitRange" in cause["summary"]
    assert "memory max limit to request ratio per Container is 2" in cause["detail"]


def test_a_request_below_the_minimum_is_refused_in_words(program: Program) -> None:
    _limit_range(program, min={"cpu": "100m"})

    cause = _refused(program)

    assert "LimitRange" in cause["summary"]
    assert "minimum cpu usage per Container is 100m" in cause["detail"]


def test_a_run_goes_on_by_itself_once_the_limit_range_allows_it(program: Program) -> None:
    _limit_range(program, max={"memory": "100Mi"})
    _refused(program)

    program.space.kubectl("delete", "limitrange", "house-rules")

    assert program("wait", "nightly", "-o", "json").json["state"] == "success"
