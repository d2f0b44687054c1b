"""Runs to look back at, to wait for, to repeat, and to run with a document of their own."""

from __future__ import annotations

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program


def test_runs_are_listed_newest_first_and_can_be_narrowed_down(program: Program) -> None:
    program.deploy(pipeline({"fail": "as wished"}, name="bad"), pipeline({"log": "fine"}, name="good"), service())
    program("run", "bad", "--wait", code=3)
    program("run", "good", "--wait")

    everything = program("runs", "-o", "json").json
    assert [run["pipeline"] for run in everything] == ["good", "bad"]
    assert [run["pipeline"] for run in program("runs", "--failed", "-o", "json").json] == ["bad"]
    assert [run["state"] for run in program("runs", "good", "-o", "json").json] == ["success"]
    assert program("runs", "--since", "0s", "-o", "json").json == []
    assert "as wished" in program("runs").out


def test_a_failed_run_is_retried_under_a_new_id(program: Program) -> None:
    program.deploy(pipeline({"fail": "again and again"}), service())
    first = program("run", "nightly", "--wait", "-o", "json", code=3).json

    second = program("retry", "--wait", "-o", "json", code=3).json
    third = program("retry", first["runId"][:8], "-o", "json").json

    assert len({run["runId"] for run in (first, second, third)}) == 3
    assert "again and again" in second["cause"]["summary"]
    assert program("wait", third["runId"], code=3)
    assert "no pipeline or run 'nope'" in program("retry", "nope", code=2).err


def test_wait_knows_a_pipeline_and_a_run(program: Program) -> None:
    program.deploy(pipeline({"sleep": 1}), service())
    run = program("run", "nightly", "-o", "json").json

    assert program("wait", "nightly", "-o", "json").json["runId"] == run["runId"]
    assert program("wait", run["jobName"], "-o", "json").json["state"] == "success"
    assert "no pipeline or run 'other'" in program("wait", "other", code=2).err


def test_a_run_can_have_a_document_of_its_own(program: Program) -> None:
    name = program.deploy(pipeline({"log": "as deployed"}), service()).json[0]["resourceName"]
    over = program.file(
        "over.json", {"source": {"sourceConfig": {"config": {"standin": {"steps": [{"log": "as laid over"}]}}}}}
    )

    program("run", "nightly", "--override", over, "--wait")
    assert "as laid over" in program("logs", "nightly").out
    assert "as deployed" not in program("logs", "nightly").out
    step = "source.sourceConfig.config.standin.steps[0].log"
    own = program("run", "nightly", "--set", f"{step}=as set", "--wait", "-o", "json").json
    assert "as set" in program("logs", "nightly").out

    secret = program.space.get("secret", own["jobName"])
    assert [owner["kind"] for owner in secret["metadata"]["ownerReferences"]] == ["Job"]
    program("retry", own["runId"], "--wait")
    assert "as set" in program("logs", "nightly").out
    program("run", "nightly", "--wait")
    assert "as deployed" in program("logs", "nightly").out
    assert (
        program.space.get("cronjob", name)["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"][0][
            "projected"
        ]["sources"][0]["secret"]["name"]
        == name
    )


def test_a_one_shot_run_can_be_retried_after_its_pipeline_was_never_there(program: Program) -> None:
    path = program.file("p.json", pipeline({"log": "once"}), service())
    once = program("run", "-f", path, "--set", "source.serviceName=changed", "--wait", "-o", "json").json

    again = program("retry", once["runId"], "--wait", "-o", "json").json

    assert again["runId"] != once["runId"]
    assert "once" in program("logs", again["jobName"]).out
    assert len(program.space.list("secrets")) == 2


def test_apply_and_stop_are_other_words_for_deploy_and_kill(program: Program) -> None:
    path = program.file("p.json", pipeline({"sleep": 600}), service())
    program("apply", "-f", path)
    program("run", "nightly")
    assert [run["state"] for run in program("stop", "nightly", "-o", "json").json] == ["failed"]


def test_a_pipelines_name_comes_before_the_beginning_of_a_run_id(program: Program) -> None:
    program.deploy(pipeline({"log": "I am db"}, name="db"), pipeline({"log": "other"}, name="other"), service())
    program("run", "db", "--wait")
    program("run", "other", "--run-id", "db3c0000-0000-4000-8000-000000000000", "--wait")

    assert "I am db" in program("logs", "db").out
    assert program("wait", "db", "-o", "json").json["runId"] != "db3c0000-0000-4000-8000-000000000000"
    assert "other" in program("logs", "db3c").out


def test_a_killed_one_shot_run_is_retried_with_all_its_time(program: Program) -> None:
    once = program("run", "-f", program.file("p.json", pipeline({"sleep": 30}), service()), "-o", "json").json
    before = program.space.get("job", once["jobName"])["spec"]["activeDeadlineSeconds"]
    program("kill", once["jobName"])

    again = program("retry", "-o", "json").json

    assert program.space.get("job", again["jobName"])["spec"]["activeDeadlineSeconds"] == before


def test_a_run_that_is_refused_leaves_nothing_behind(program: Program) -> None:
    program.deploy(pipeline({"log": "x"}), service())
    filler = program.file("big.json", {"source": {"filler": "x" * 2**20}})

    assert "1,048,576" in program("run", "nightly", "--override", filler, code=2).err
    assert program.space.list("jobs") == []


def test_json_stays_json_while_the_log_is_shown(program: Program) -> None:
    program.deploy(pipeline({"log": "a line of the log"}), service())

    shown = program("run", "nightly", "--logs", "-o", "json")

    assert shown.json["state"] == "success"
    assert "a line of the log" in shown.err
