"""What is done to pipelines and runs while other things happen."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Cluster, Object
from k8s_pipeline_client.runs import kill
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program, call
from tests.cluster.support.space import until


def _running(program: Program, name: str = "nightly") -> None:
    until(lambda: program("status", name, "-o", "json").json["lastRun"]["state"] == "running", "the run is running")


def test_kill_ends_a_running_run_and_keeps_the_record(program: Program) -> None:
    program.configure(terminationGracePeriodSeconds=60)
    program.deploy(pipeline({"log": "working hard"}, {"sleep": 600}, schedule="0 0 1 1 *"), service())
    program("run", "nightly")
    until(lambda: "working hard" in program("logs", "nightly").out, "the run is at work")

    killed = program("kill", "nightly", "-o", "json").json

    assert [run["cause"]["code"] for run in killed] == ["Killed"]
    assert [pod for pod in program.space.list("pods") if pod["status"]["phase"] == "Running"] == []
    assert len(program.space.list("jobs")) == 1
    assert "working hard" in program("logs", "nightly").out
    (cronjob,) = program.space.list("cronjobs")
    assert cronjob["spec"]["suspend"] is False


def test_kill_ends_a_run_that_has_not_started(program: Program) -> None:
    program.configure(nodeSelector={"no-such": "node"})
    program.deploy(pipeline({"log": "never"}), service())
    program("run", "nightly")
    until(lambda: program("status", "nightly", "-o", "json").json["lastRun"]["cause"], "unschedulable is seen")

    killed = program("kill", "nightly", "-o", "json").json

    assert [(run["state"], run["cause"]["code"]) for run in killed] == [("failed", "Killed")]
    assert program.space.list("pods") == []
    assert program("kill", "nightly").out == "no run is active\n"


def test_delete_takes_a_run_that_is_active_along(program: Program) -> None:
    program.deploy(pipeline({"log": "working"}, {"sleep": 600}), service())
    program("run", "nightly")
    _running(program)

    program("delete", "nightly")

    for kind in ("cronjobs", "jobs", "pods", "secrets"):
        assert program.space.list(kind) == [], kind
    names = [item["metadata"]["name"] for item in program.space.list("configmaps")]
    assert [name for name in names if name.startswith("om-") and not name.startswith("om-launcher-")] == []
    assert "no pipeline 'nightly'" in program("delete", "nightly", code=2).err


def test_deploy_over_an_object_that_is_being_deleted_waits_and_creates_it_anew(program: Program) -> None:
    entity = pipeline({"log": "second life"}, schedule="@daily")
    name = program.deploy(entity, service()).json[0]["resourceName"]
    before = program.space.get("cronjob", name)["metadata"]["uid"]
    hold = json.dumps({"metadata": {"finalizers": ["example.com/hold"]}})
    program.space.kubectl("patch", "cronjob", name, "--type=merge", "-p", hold)
    program.space.kubectl("delete", "cronjob", name, "--wait=false")
    release = threading.Timer(
        3,
        program.space.kubectl,
        ["patch", "cronjob", name, "--type=merge", "-p", json.dumps({"metadata": {"finalizers": None}})],
    )
    release.start()

    program.deploy(entity, service())

    release.join()
    found = program.space.get("cronjob", name)
    assert found["metadata"]["uid"] != before
    assert "deletionTimestamp" not in found["metadata"]
    assert found["spec"]["suspend"] is False
    secret = program.space.get("secret", name)
    assert secret["metadata"]["ownerReferences"][0]["uid"] == found["metadata"]["uid"]
    assert program("run", "nightly", "--wait", "-o", "json").json["state"] == "success"


def test_disable_and_enable_set_the_wanted_state(program: Program) -> None:
    name = program.deploy(pipeline({"log": "ran"}, schedule="@daily"), service()).json[0]["resourceName"]

    def suspended() -> bool:
        return bool(program.space.get("cronjob", name)["spec"]["suspend"])

    for _ in range(2):
        program("disable", "nightly")
        assert suspended()
    assert program("list", "-o", "json").json[0]["enabled"] is False
    assert program("run", "nightly", "--wait", "-o", "json").json["state"] == "success"
    for _ in range(2):
        program("enable", "nightly")
        assert not suspended()


def test_suspend_set_by_somebody_else_is_reported_and_not_overwritten(program: Program) -> None:
    entity = pipeline({"log": "ran"}, schedule="@daily")
    name = program.deploy(entity, service()).json[0]["resourceName"]
    program.space.kubectl("patch", "cronjob", name, "--type=merge", "-p", '{"spec": {"suspend": true}}')

    notes = program.deploy(entity, service()).json[0]["notes"]
    refused = program("enable", "nightly", code=1)

    assert any("kubectl-patch" in note for note in notes)
    assert "kubectl-patch" in refused.err
    assert program.space.get("cronjob", name)["spec"]["suspend"] is True
    program("enable", "nightly", "--force")
    assert program.space.get("cronjob", name)["spec"]["suspend"] is False


def test_a_second_run_is_refused_while_one_is_active_unless_asked_for(program: Program) -> None:
    program.deploy(pipeline({"sleep": 600}), service())
    program("run", "nightly")

    assert "is active" in program("run", "nightly", code=1).err
    program("run", "nightly", "--allow-overlap")

    assert len(program.space.list("jobs")) == 2


def test_deploy_again_changes_nothing_and_a_change_is_an_update(program: Program) -> None:
    entity = pipeline({"log": "one"}, schedule="@daily")
    assert program.deploy(entity, service()).json[0]["action"] == "created"
    assert program.deploy(entity, service()).json[0]["action"] == "unchanged"
    entity["sourceConfig"]["config"]["includeTags"] = True
    assert program.deploy(entity, service()).json[0]["action"] == "updated"
    entity["airflowConfig"]["scheduleInterval"] = "@hourly"
    assert program.deploy(entity, service()).json[0]["action"] == "updated"
    assert program.space.list("cronjobs")[0]["spec"]["schedule"] == "@hourly"


def test_one_name_on_two_services_is_two_pipelines(program: Program) -> None:
    first = pipeline({"log": "I am the first"}, service_name="pg_one")
    second = pipeline({"log": "I am the second"}, service_name="pg_two")
    program.deploy(first, second, service("pg_one"), service("pg_two"))

    ambiguous = program("run", "nightly", code=2)
    assert "(pg_one.nightly), om-" in ambiguous.err
    assert "(pg_two.nightly)" in ambiguous.err
    program("run", "pg_one.nightly", "--wait")
    program("delete", "pg_two/metadata")

    assert "I am the first" in program("logs", "nightly").out


def test_names_that_kubernetes_would_not_take_are_taken(program: Program) -> None:
    long, other, foreign = "n" * 256, "n" * 255 + "m", "取り込み"
    documents = [pipeline({"log": f"this is {name[-1]}"}, name=name) for name in (long, other, foreign)]
    program.deploy(*documents, service())

    for name in (long, foreign):
        assert program("run", name, "--wait", "-o", "json").json["state"] == "success"
        assert f"this is {name[-1]}" in program("logs", name).out
    assert foreign in program("list").out


def test_what_render_prints_kubectl_applies(program: Program) -> None:
    path = program.file("p.yaml", pipeline({"log": "by kubectl"}), service())

    manifests = program("render", "-f", path).out
    program.space.kubectl("apply", "--server-side", "-f", "-", given=manifests)

    assert program("run", "nightly", "--wait", "-o", "json").json["state"] == "success"


def test_a_server_dry_run_keeps_nothing(program: Program) -> None:
    path = program.file("p.yaml", pipeline({"log": "no"}, schedule="@daily"), service())

    assert "created" in program("deploy", "-f", path, "--dry-run=server").out

    assert program.space.list("cronjobs") == []
    assert program.space.list("secrets") == []


def test_without_rights_the_error_is_the_api_servers_own(program: Program) -> None:
    path = program.file("p.yaml", pipeline({"log": "no"}), service())
    program.space.kubectl("delete", "rolebinding", "k8s-pipeline")

    until(lambda: program("list", code=None).code, "the right is gone")
    refused = program("deploy", "-f", path, code=1)

    assert f"system:serviceaccount:{program.space.namespace}:k8s-pipeline" in refused.err
    assert "rbac/" in refused.err


def test_a_namespace_that_is_not_there_is_said_so(program: Program) -> None:
    admin = ["--kubeconfig", str(program.space.access.kubeconfig), "-n", "not-there"]
    path = program.file("p.yaml", pipeline({"log": "no"}), service())

    for words in (["deploy", "-f", path], ["run", "-f", path]):
        result = call([*admin, *words])
        assert result.code == 1, result.err
        assert 'namespaces "not-there" not found' in result.err
        assert "kubectl create namespace not-there" in result.err
    assert "namespace not-there does not exist" in call([*admin, "list"]).err


def test_an_empty_run_id_as_of_an_unset_variable_means_no_run(program: Program) -> None:
    program.deploy(pipeline({"sleep": 600}), service())
    program("run", "nightly")

    assert "has no runs ''" in program("kill", "nightly", "--run", "", code=2).err
    assert program("status", "nightly", "-o", "json").json["activeRuns"]


def test_where_one_name_is_unknown_nothing_is_deleted(program: Program) -> None:
    program.deploy(pipeline(), service())

    assert "no pipeline 'nosuch'" in program("delete", "nightly", "nosuch", code=2).err
    assert len(program.space.list("cronjobs")) == 1


def test_a_deploy_says_when_it_enables_what_was_disabled(program: Program) -> None:
    entity = pipeline(schedule="@daily")
    program.deploy(entity, service())
    program("disable", "nightly")

    (deployed,) = program.deploy(entity, service()).json

    assert "was disabled, and is enabled now, as its definition says" in deployed["notes"]


def test_diff_is_silent_about_what_a_deploy_would_leave_alone(program: Program) -> None:
    entity = pipeline(schedule="@daily")
    name = program.deploy(entity, service()).json[0]["resourceName"]
    program.space.kubectl("patch", "cronjob", name, "--type=merge", "-p", '{"spec": {"suspend": true}}')

    assert program("diff", "-f", program.file("p.json", entity, service())).out == ""


@pytest.fixture
def held(program: Program) -> str:
    """The Job of a run that a queue holds."""
    cronjob = program.deploy(pipeline({"log": "working hard"}, {"sleep": 600}), service()).json[0]["resourceName"]
    template = {"spec": {"jobTemplate": {"spec": {"suspend": True}}}}
    program.space.kubectl("patch", "cronjob", cronjob, "--type=merge", "-p", json.dumps(template))
    job: str = program("run", "nightly", "-o", "json").json["jobName"]
    return job


def test_kill_keeps_the_record_of_a_run_that_a_queue_holds(program: Program, held: str) -> None:
    killed = program("kill", "nightly", "-o", "json").json

    assert [(run["jobName"], run["state"], run["cause"]["code"]) for run in killed] == [(held, "failed", "Killed")]
    assert [run["cause"]["code"] for run in program("runs", "-o", "json").json] == ["Killed"]
    assert "SuccessfulCreate" not in _reasons(program).replace("SuccessfulCreateJob", ""), "it had a pod"
    assert program("kill", "nightly").out == "no run is active\n"


def _set_suspend(program: Program, job: str, suspend: bool) -> None:
    program.space.kubectl("patch", "job", job, "--type=merge", "-p", json.dumps({"spec": {"suspend": suspend}}))


def test_a_one_shot_run_that_was_killed_in_its_queue_can_be_run_again(program: Program) -> None:
    definition = program.file("p.json", pipeline({"log": "fine"}), service())
    job = program("run", "-f", definition, "-o", "json").json["jobName"]
    _set_suspend(program, job, True)
    program("kill", job)

    again = program("retry", job, "--wait", "-o", "json").json

    assert (again["state"], len(again["attempts"])) == ("success", 1)


def test_kill_ends_a_run_that_its_queue_has_just_let_go(
    program: Program, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def let_go(cluster: Cluster, job: Object, **rest: Any) -> Object:
        if job["spec"]["suspend"]:
            _set_suspend(program, held, False)
            until(lambda: "working hard" in program("logs", "nightly").out, "the run is at work")
        found: Object = patch(cluster, job, **rest)
        return found

    patch = kill._end_of
    monkeypatch.setattr(kill, "_end_of", let_go)

    killed = program("kill", "nightly", "-o", "json").json

    assert [run["cause"]["code"] for run in killed] == ["Killed"]
    assert "working hard" in program("logs", "nightly").out, "the log of what was ended is kept"


def test_kill_deletes_a_run_that_its_queue_does_not_let_go(
    program: Program, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_back(*arguments: Any) -> Object | None:
        _set_suspend(program, held, True)
        found: Object | None = given_up(*arguments)
        return found

    given_up = kill._given_up
    monkeypatch.setattr(kill, "_given_up", take_back)

    killed = program("kill", "nightly", "-o", "json").json

    assert [(run["jobName"], run["state"], run["cause"]["code"]) for run in killed] == [(held, "failed", "Killed")]
    assert program.space.list("jobs") == []


@pytest.mark.slow
def test_kill_tells_of_the_run_that_was_held_back_and_starts_now(program: Program) -> None:
    program.deploy(pipeline({"sleep": 600}, schedule="* * * * *"), service())
    until(lambda: program.space.list("jobs"), "the first run is there")
    until(lambda: "JobAlreadyActive" in _reasons(program), "the second one is held back")

    killed = program("kill", "nightly")

    assert "is delayed by the active one, and Kubernetes starts it once that has ended" in killed.err
    until(lambda: len(program.space.list("jobs")) == 2, "it starts")
    program("disable", "nightly")
    assert program("kill", "nightly").err.count("is delayed") == 0


def _reasons(program: Program) -> str:
    return program.space.kubectl("get", "events", "-o", "jsonpath={.items[*].reason}")
