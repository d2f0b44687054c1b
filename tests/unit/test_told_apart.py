"""A deployed pipeline and the one-shot run of a file that defines it have one name, and are told apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from k8s_pipeline_client.cluster.port import Kind, Object
from tests.cluster.support.program import Result
from tests.cluster.support.suggestions import suggested
from tests.fakes import Request
from tests.unit.console import NAME, NIGHTLY, SERVICE, Console, console

__all__ = ["console"]

FQN = "pg_prod.nightly"
RUN_ID, ONCE_ID = "0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11", "7d1a5c52-8f0e-4b7c-8a55-2b1f1a7c9e02"


@pytest.fixture
def both(console: Console) -> Console:
    """A pipeline is deployed and has run, and its file was run as well."""
    console.deploy()
    console("run", NAME, "--run-id", RUN_ID)
    (deployed,) = console.jobs()
    console.give_pod(deployed, b"of the pipeline\n", exit_code=0)
    console.end(deployed)
    console.cluster.advance(60)
    console("run", "-f", console.nightly(), "--run-id", ONCE_ID)
    once = _once(console)
    console.give_pod(once, b"of the file\n", exit_code=0)
    console.end(once)
    return console


def _once(console: Console) -> Object:
    (found,) = [job for job in console.jobs() if "k8s-pipeline/one-shot" in job["metadata"]["labels"]]
    return found


def _once_name(console: Console) -> str:
    return str(_once(console)["metadata"]["name"])


def _deployed(console: Console) -> Object:
    (found,) = [job for job in console.jobs() if "k8s-pipeline/one-shot" not in job["metadata"]["labels"]]
    return found


def _ended(job: Object) -> bool:
    return bool((job.get("status") or {}).get("conditions"))


def _suggestions(result: Result) -> list[list[str]]:
    """What the note about the other one suggests, without the place."""
    return [words[:2] for words in suggested(result.err)]


def _of_pipeline(console: Console) -> str:
    return str(console.cronjob()["metadata"]["name"])


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("status", lambda found: found.json["resourceName"]),
        ("wait", lambda found: found.json["runId"]),
        ("diagnose", lambda found: found.json["runId"]),
    ],
    ids=["status", "wait", "diagnose"],
)
@pytest.mark.parametrize("name", [NAME, FQN])
def test_who_asks_about_a_name_of_both_is_told_of_the_pipeline_and_how_to_name_the_run(
    both: Console, command: str, name: str, told: Callable[[Result], str]
) -> None:
    result = both(command, name, "-o", "json")

    assert told(result) in (_of_pipeline(both), RUN_ID)
    assert _suggestions(result) == [[command, _once_name(both)]]


@pytest.mark.parametrize("name", [NAME, FQN])
def test_the_log_of_a_name_of_both_is_the_pipelines_and_what_is_said_of_the_other_is_none_of_it(
    both: Console, name: str
) -> None:
    result = both("logs", name)

    assert result.out == "of the pipeline\n"
    assert _suggestions(result) == [["logs", _once_name(both)]]
    assert _suggestions(both("events", name)) == [["events", _once_name(both)]]


def test_a_run_that_is_named_besides_is_found_whichever_it_is_of(both: Console) -> None:
    assert both("logs", NAME, "--run", ONCE_ID).out == "of the file\n"
    assert both("logs", NAME, "--run", RUN_ID[:8]).out == "of the pipeline\n"
    assert both("diagnose", NAME, "--run", ONCE_ID, "-o", "json").json["runId"] == ONCE_ID
    assert "did you mean" in both("logs", NAME, "--run", ONCE_ID[:-1] + "z", code=2).err


def test_what_is_deleted_by_a_name_of_both_is_the_pipeline(both: Console) -> None:
    once = _once_name(both)
    result = both("delete", NAME)

    assert both.cluster.list(Kind.CRONJOB) == []
    assert [job["metadata"]["name"] for job in both.jobs()] == [once]
    assert _suggestions(result) == [["delete", once]]


def test_nothing_is_deleted_by_a_name_of_a_pipeline_and_of_a_run_of_something_else(console: Console) -> None:
    deployed = {**NIGHTLY, "displayName": "Every night"}
    console("deploy", "-f", console.file("deployed.yaml", deployed, SERVICE))
    other = {**deployed, "fullyQualifiedName": "pg_prod.other", "name": "other", "id": None}
    console("run", "-f", console.file("other.yaml", other, SERVICE))

    assert "1 pipeline and 1 one-shot run" in console("delete", "Every night", code=2).err
    assert len(console.cluster.list(Kind.CRONJOB)) == 1


def test_the_active_runs_of_a_name_are_ended_whichever_they_are_of_unless_both_have_some(both: Console) -> None:
    both.kills_end_jobs()
    assert both("kill", NAME, "-o", "json").json == []

    once = both("run", "-f", both.nightly(), "-o", "json").json["runId"]
    result = both("kill", NAME, "-o", "json")
    assert [run["runId"] for run in result.json] == [once]
    assert _suggestions(result) == [["kill", _of_pipeline(both)]]

    deployed = both("run", NAME, "-o", "json").json["runId"]
    result = both("kill", NAME, "-o", "json")
    assert [run["runId"] for run in result.json] == [deployed]

    both("run", NAME)
    both("run", "-f", both.nightly())
    assert "1 pipeline and 1 one-shot run" in both("kill", NAME, code=2).err
    assert len([job for job in both.jobs() if not _ended(job)]) == 2


def test_the_one_of_both_that_failed_is_run_again(both: Console) -> None:
    assert "no run of nightly has failed" in both("retry", NAME, code=2).err

    both.end(_once(both), reason="BackoffLimitExceeded")
    again = both("retry", NAME, "-o", "json").json
    assert again["oneShot"] is True
    both.end(both.cluster.get(Kind.JOB, again["jobName"]))

    both.end(_deployed(both), reason="BackoffLimitExceeded")
    assert "1 pipeline and 1 one-shot run" in both("retry", NAME, code=2).err


def test_each_way_leads_to_its_own(both: Console) -> None:
    pipeline, once = _of_pipeline(both), str(_once(both)["metadata"]["name"])

    assert both("logs", pipeline).out == "of the pipeline\n"
    assert both("logs", once).out == "of the file\n"
    assert both("status", f"cronjob.batch/{pipeline}", "-o", "json").json["oneShot"] is False
    assert both("status", f"job.batch/{once}", "-o", "json").json["oneShot"] is True
    both("delete", once)
    assert both("logs", NAME).out == "of the pipeline\n"


@pytest.mark.parametrize("command", ["run", "disable", "enable"])
def test_what_only_a_pipeline_can_be_told_means_the_pipeline(both: Console, command: str) -> None:
    both(command, NAME)

    assert len([job for job in both.jobs() if "k8s-pipeline/one-shot" in job["metadata"]["labels"]]) == 1


def test_runs_shows_those_of_both_and_which_is_which(both: Console) -> None:
    found = both("runs", NAME, "-o", "json").json
    assert [run["oneShot"] for run in found] == [True, False]
    assert [line.split()[2] for line in both("runs", NAME, "--no-headers").out.splitlines()] == ["once", "manual"]
    assert len(both("runs", _of_pipeline(both), "-o", "json").json) == 1


def test_list_shows_both_and_which_is_which(both: Console) -> None:
    names = both("list", "-o", "name").out.split()
    assert sorted(name.partition("/")[0] for name in names) == ["cronjob.batch", "job.batch"]
    assert "once" in both("list").out


def test_an_unknown_name_costs_lookups_only_then(both: Console) -> None:
    both.cluster.requests.clear()
    both("run", NAME, "--allow-overlap")
    assert not [each for each in both.cluster.requests if _lists_all(each)]

    refused = both("run", "nightli", code=2).err
    assert "did you mean 'nightly'" in refused
    assert "k8s-pipeline list" in refused


def _lists_all(request: Request) -> bool:
    return request.verb == "list" and request.labels == "k8s-pipeline/pipeline"


@pytest.mark.parametrize("command", ["logs", "wait", "kill", "retry", "diagnose", "status"])
def test_a_run_that_was_typed_wrong_is_named(both: Console, command: str) -> None:
    job = str(_once(both)["metadata"]["name"])

    assert job in both(command, job[:-1] + "x", code=2).err


def test_a_run_of_a_pipeline_that_was_typed_wrong_is_named(both: Console) -> None:
    refused = both("logs", _of_pipeline(both), "--run", RUN_ID[:-1] + "z", code=2).err

    assert f"did you mean '{RUN_ID}'" in refused
