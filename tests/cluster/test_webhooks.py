"""Clusters whose admission webhooks change what is created, refuse it, or are away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.mesh import LINE, mesh
from tests.cluster.support.program import Program
from tests.cluster.support.space import until
from tests.cluster.support.webhook import webhook


def _check_deployed_as_defined(program: Program, *documents: Any) -> None:
    """Deployed again, nothing is changed, and nothing would be."""
    assert program.deploy(*documents).json[0]["action"] == "unchanged"
    assert program("diff", "-f", program.file("p.json", *documents)).out == ""


@pytest.mark.parametrize("native", [False, True], ids=["container", "native sidecar"])
@pytest.mark.parametrize("works", [True, False], ids=["succeeds", "fails"])
def test_a_mesh_in_the_pod_changes_nothing_of_how_the_run_is_judged(
    program: Program, standin: str, native: bool, works: bool
) -> None:
    documents = pipeline({"log": "the run's own line"}, *([] if works else [{"fail": "no such table"}])), service()
    with webhook(program.space, {"pods": mesh(standin, native=native)}):
        program.deploy(*documents)
        run = program("run", "nightly", "--wait", "-o", "json", code=0 if works else 3).json

    (pod,) = program.space.list("pods")
    assert pod["metadata"]["annotations"]["mesh.example.com/status"] == "injected"
    assert {"key": "mesh", "operator": "Exists"} in pod["spec"]["tolerations"]
    assert run["state"] == ("success" if works else "failed")
    assert [attempt["exitCode"] for attempt in run["attempts"]] == [0 if works else 1]
    assert works or "no such table" in run["cause"]["summary"]
    log = program("logs", "nightly").out
    assert "the run's own line" in log
    assert LINE not in log
    assert program("list", "-o", "json").json[0]["lastRun"]["state"] == run["state"]
    _check_deployed_as_defined(program, *documents)


def test_a_queue_that_holds_jobs_and_lets_them_go_with_tolerations_of_its_own(program: Program) -> None:
    def hold(job: dict[str, Any]) -> None:
        if not job.get("status", {}).get("startTime") and "queue.example.com/admitted" not in job["metadata"].get(
            "annotations", {}
        ):
            job["spec"]["suspend"] = True
            job["metadata"].setdefault("labels", {})["queue.example.com/managed"] = "true"

    documents = pipeline({"log": "admitted"}, schedule="@daily"), service()
    with webhook(program.space, {"jobs": hold}):
        program.deploy(*documents)
        job = program("run", "nightly", "-o", "json").json["jobName"]
        status = program("status", "nightly", "-o", "json").json["lastRun"]
        assert (status["state"], status["cause"]["code"]) == ("queued", "Held")
        admitted = {
            "metadata": {"annotations": {"queue.example.com/admitted": "yes"}},
            "spec": {
                "suspend": False,
                "template": {
                    "metadata": {"labels": {"queue.example.com/workload": "w1"}},
                    "spec": {"tolerations": [{"key": "spot", "operator": "Exists"}]},
                },
            },
        }
        program.space.kubectl("patch", "job", job, "--type=strategic", "-p", json.dumps(admitted))
        assert program("wait", "nightly", "-o", "json").json["state"] == "success"

    (pod,) = program.space.list("pods")
    assert {"key": "spot", "operator": "Exists"} in pod["spec"]["tolerations"]
    assert program.space.get("job", job)["metadata"]["labels"]["queue.example.com/managed"] == "true"
    _check_deployed_as_defined(program, *documents)


def test_a_policy_engine_that_rewrites_pipelines_is_no_endless_change(program: Program) -> None:
    def rewrite(cronjob: dict[str, Any]) -> None:
        cronjob["metadata"].setdefault("labels", {})["policy.example.com/checked"] = "true"
        cronjob["metadata"].setdefault("annotations", {})["policy.example.com/by"] = "rewrite"
        template = cronjob["spec"]["jobTemplate"]["spec"]["template"]
        template["metadata"].setdefault("labels", {})["policy.example.com/cost-centre"] = "42"
        template["spec"]["tolerations"] = [{"key": "batch", "operator": "Exists"}]
        for container in template["spec"]["containers"]:
            container["imagePullPolicy"] = "Never"  # over a field of ours

    entity = pipeline({"log": "rewritten"}, schedule="@daily")
    with webhook(program.space, {"cronjobs": rewrite}):
        name = program.deploy(entity, service()).json[0]["resourceName"]
        _check_deployed_as_defined(program, entity, service())

        entity["airflowConfig"]["scheduleInterval"] = "@hourly"
        assert program.deploy(entity, service()).json[0]["action"] == "updated"
        _check_deployed_as_defined(program, entity, service())
        program("disable", "nightly")
        assert program.space.get("cronjob", name)["spec"]["suspend"] is True
        program("enable", "nightly")
        assert program("run", "nightly", "--wait", "-o", "json").json["state"] == "success"

    found = program.space.get("cronjob", name)
    assert found["spec"]["schedule"] == "@hourly"
    assert found["metadata"]["labels"]["policy.example.com/checked"] == "true"
    # Without the webhook the definition is the truth again, once.
    assert program.deploy(entity, service()).json[0]["action"] == "updated"
    _check_deployed_as_defined(program, entity, service())


def test_a_webhook_that_is_away_keeps_a_run_from_starting_until_it_is_back(program: Program, standin: str) -> None:
    program.deploy(pipeline({"log": "at last"}), service())
    with webhook(program.space, {"pods": mesh(standin, native=True)}) as proxies:
        proxies.stop()
        program("run", "nightly")
        run = until(lambda: _with_cause(program), "the run has a cause")

        assert run["state"] == "queued"
        assert run["cause"]["code"] == "AdmissionRefused"
        assert 'The admission webhook "inject.tests.example.com" does not respond' in run["cause"]["summary"]
        assert 'failed calling webhook "inject.tests.example.com"' in run["cause"]["detail"]
        assert run["cause"]["summary"] in program("list").out

    assert program("wait", "nightly", "-o", "json").json["state"] == "success"


def test_a_webhook_that_refuses_pods_is_quoted(program: Program) -> None:
    program.deploy(pipeline(), service())
    with webhook(program.space, {"pods": lambda pod: None}) as guard:
        guard.denial = "images must come from registry.example.com"
        program("run", "nightly")
        run = until(lambda: _with_cause(program), "the run has a cause")

    assert 'The admission webhook "inject.tests.example.com" denied the run\'s pod' in run["cause"]["summary"]
    assert "images must come from registry.example.com" in run["cause"]["detail"]


@pytest.mark.parametrize("resource", ["cronjobs", "secrets"])
def test_a_deploy_that_a_webhook_is_away_for_names_it_and_leaves_nothing(program: Program, resource: str) -> None:
    documents = pipeline({"log": "x"}, schedule="@daily"), service()
    with webhook(program.space, {resource: lambda item: None}) as guard:
        guard.stop()
        refused = program.deploy(*documents, code=1)

        assert 'failed calling webhook "inject.tests.example.com"' in refused.err
        for kind in ("cronjobs", "secrets"):
            assert program.space.list(kind, "k8s-pipeline/pipeline") == []

    assert program.deploy(*documents).json[0]["action"] == "created"


def test_an_update_that_a_webhook_is_away_for_leaves_the_pipeline_as_it_was(program: Program) -> None:
    entity = pipeline({"log": "x"}, schedule="@daily")
    program.deploy(entity, service())
    with webhook(program.space, {"cronjobs": lambda item: None}) as guard:
        guard.stop()
        changed = entity | {"airflowConfig": {"scheduleInterval": "@hourly", "pipelineTimezone": "UTC"}}
        refused = program.deploy(changed, service(), code=1)
        assert 'failed calling webhook "inject.tests.example.com"' in refused.err
        diff = program("diff", "-f", program.file("p.json", changed, service()), code=None)
        assert diff.code > 1
        assert 'failed calling webhook "inject.tests.example.com"' in diff.err

    _check_deployed_as_defined(program, entity, service())


def test_a_run_that_a_webhook_is_away_for_is_refused_with_its_name(program: Program) -> None:
    program.deploy(pipeline({"log": "x"}), service())
    with webhook(program.space, {"jobs": lambda item: None}) as guard:
        guard.stop()
        refused = program("run", "nightly", code=1)

    assert 'failed calling webhook "inject.tests.example.com"' in refused.err
    assert program.space.list("jobs") == []


def _with_cause(program: Program) -> dict[str, Any]:
    run: dict[str, Any] = program("status", "nightly", "-o", "json").json["lastRun"]
    return run if run["cause"] else {}
