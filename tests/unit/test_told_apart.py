"""A deployed pipeline and the one-shot run of a file that defines it have one name, and are told apart."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cluster.port import Kind, Object
from tests.fakes import Request
from tests.unit.console import NAME, Console, console

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


def _of_pipeline(console: Console) -> str:
    return str(console.cronjob()["metadata"]["name"])


@pytest.mark.parametrize("command", ["status", "logs", "wait", "kill", "diagnose", "events", "delete", "retry"])
@pytest.mark.parametrize("name", [NAME, FQN])
def test_a_name_of_both_is_an_error_with_a_way_to_name_each(both: Console, command: str, name: str) -> None:
    refused = both(command, name, code=2).err

    pipeline, once = _of_pipeline(both), _once(both)["metadata"]["name"]
    assert pipeline in refused
    assert f"{once} (one-shot run of {FQN})" in refused
    assert len(both.cluster.list(Kind.CRONJOB)) == 1
    assert len(both.jobs()) == 2


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
