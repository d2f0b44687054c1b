"""Several pipelines in one call, and the program's own output as its input."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind
from tests.openmetadata import pipeline
from tests.unit.console import NIGHTLY, SERVICE, Console, console

__all__ = ["console"]

NAMES = ("one", "two", "three")
DEMAND: dict[str, Any] = {"airflowConfig": {}}


def _definition(name: str, **changes: Any) -> dict[str, Any]:
    connection = NIGHTLY["openMetadataServerConnection"]
    return pipeline(name, SERVICE, openMetadataServerConnection=connection, **changes)


@pytest.fixture
def three(console: Console) -> Console:
    """Three pipelines are deployed, the last one on demand."""
    definitions = [_definition("one"), _definition("two"), _definition("three", **DEMAND)]
    console("deploy", "-f", console.file("all.yaml", *definitions, SERVICE))
    console.file("two.yaml", *definitions[:2], SERVICE)
    return console


def _file(console: Console) -> str:
    return console.path("two.yaml")


def _suspended(console: Console) -> dict[str, bool]:
    return {
        item["metadata"]["annotations"]["k8s-pipeline/display-name"]: bool(item["spec"]["suspend"])
        for item in console.cluster.list(Kind.CRONJOB)
        if "k8s-pipeline/on-demand" not in item["metadata"]["annotations"]
    }


@pytest.mark.parametrize("which", [("one", "two"), ("--all",), ("-f",)], ids=lambda which: which[0])
def test_schedules_are_stopped_and_let_run_again(three: Console, which: tuple[str, ...]) -> None:
    words = ("-f", _file(three)) if which == ("-f",) else which

    stopped = three("disable", *words, "-o", "json").json
    assert len(stopped) == 2
    assert _suspended(three) == {"one": True, "two": True}
    three("enable", *words)
    assert _suspended(three) == {"one": False, "two": False}


@pytest.mark.parametrize(("which", "count"), [(("one", "two"), 2), (("--all",), 3), (("-f",), 2)])
def test_runs_of_several_are_started(three: Console, which: tuple[str, ...], count: int) -> None:
    words = ("-f", _file(three), "--all") if which == ("-f",) else which

    started = three("run", *words, "-o", "json").json
    assert len({run["jobName"] for run in started}) == count == len(three.jobs())


def test_one_that_fails_holds_up_no_other_and_is_the_exit_code(three: Console) -> None:
    three("run", "one")

    result = three("run", "one", "two", code=1)
    assert "one: run" in result.err
    assert len(three.jobs()) == 2
    assert three("enable", "one", "nosuch", "two", code=2).out == "one enabled\ntwo enabled\n"


def test_runs_of_several_are_waited_for(three: Console) -> None:
    def end(_: object) -> None:
        for number, job in enumerate(three.jobs()):
            if not job.get("status", {}).get("conditions"):
                three.end(job, reason="BackoffLimitExceeded" if number else "")

    three.cluster.after(end)
    result = three("run", "one", "two", "--wait", code=3)
    assert "1 of 2 runs failed" in result.err
    assert result.out.count("\n") > 1


def test_the_status_of_several_is_a_list(three: Console) -> None:
    assert [item["displayName"] for item in three("status", "two", "one", "-o", "json").json] == ["two", "one"]
    assert three("status", "one", "-o", "json").json["displayName"] == "one"
    assert len(three("status", "--all", "-o", "json").json) == 3
    assert len(three("status", "-f", _file(three), "-o", "json").json) == 2
    assert "nosuch" in three("status", "one", "nosuch", code=2).err


def test_what_files_define_is_deleted(three: Console) -> None:
    three("delete", "-f", _file(three))

    (left,) = three("list", "-o", "json").json
    assert left["displayName"] == "three"


def test_all_are_deleted_only_when_that_is_said(three: Console) -> None:
    assert "3 pipelines would be deleted" in three("delete", "--all", code=2).err
    assert len(three.cluster.list(Kind.CRONJOB)) == 3
    three("delete", "--all", "--yes")
    assert three.cluster.list(Kind.CRONJOB) == []


@pytest.mark.parametrize("which", [("one", "two"), ("--all",), ("-f",)], ids=lambda which: which[0])
def test_the_runs_of_several_are_ended(three: Console, which: tuple[str, ...]) -> None:
    three("run", "one", "two")
    three.kills_end_jobs()

    killed = three("kill", *(("-f", _file(three)) if which == ("-f",) else which), "-o", "json").json
    assert [run["state"] for run in killed] == ["failed", "failed"]
    assert "requires a single NAME" in three("kill", "one", "two", "--run", "x", code=2).err


@pytest.mark.parametrize("command", ["enable", "disable", "delete", "kill"])
def test_either_names_or_all_or_files(three: Console, command: str) -> None:
    for words in ((), ("one", "--all"), ("one", "-f", "x.yaml"), ("--all", "-f", "x.yaml")):
        assert "or --all, or -f" in three(command, *words, code=2).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("one", "--all"), "exclude each other"),
        (("one", "two", "--logs"), "for one run"),
        (("--all", "--run-id", "0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11"), "for one run"),
        (("one", "--dry-run", "--wait"), "nothing to wait for"),
    ],
)
def test_words_about_runs_that_do_not_go_together(three: Console, words: tuple[str, ...], said: str) -> None:
    assert said in three("run", *words, code=2).err
    assert three.jobs() == []


def test_a_dry_run_starts_nothing_and_says_what_the_api_server_says(three: Console) -> None:
    checked = three("run", "one", "--dry-run", "-o", "json").json
    assert checked["jobName"].startswith("om-pg-prod-metadata-")
    assert "could be created" in three("run", "--all", "-f", _file(three), "--dry-run").out
    three("run", "one", "--set", "workflowConfig.loggerLevel=DEBUG", "--dry-run")
    assert three.jobs() == []


def test_names_that_are_printed_are_names_that_are_taken(three: Console) -> None:
    job = three("run", "one", "-o", "name").out.strip()
    assert "no pod yet" in three("logs", job).err
    three("wait", job, "--timeout", "0", code=124)
    three("diagnose", job)
    three.end(three.jobs()[0], reason="BackoffLimitExceeded")
    assert three("retry", job, "-o", "name").out.startswith("job.batch/")

    listed = three("list", "-o", "name").out.split()
    assert three("status", listed[0], "-o", "json").json["runs"] is not None
    three("delete", *listed)
    assert three("list", "-o", "json").json == []


def test_the_newest_failed_run_of_a_pipeline_is_run_again(three: Console) -> None:
    first = three("run", "one", "-o", "json").json["jobName"]
    three.end(three.cluster.get(Kind.JOB, first), reason="BackoffLimitExceeded")
    three("run", "two")

    again = three("retry", "one", "-o", "json").json
    assert again["jobName"].startswith(first.rpartition("-")[0])
    assert "no run of two has failed" in three("retry", "two", code=2).err
    assert "no pipeline or run 'nosuch'" in three("retry", "nosuch", code=2).err


def test_ages_are_durations(three: Console) -> None:
    three("run", "one")
    three.cluster.advance(0)

    assert len(three("runs", "--since", "1d17h", "-o", "json").json) in (0, 1)
    for text in ("1d", "2d00h", "1d17h", "3h02m", "5m03s", "1d90s"):
        three("runs", "--since", text)
    for text in ("d", "1d17x", "-1d", "1dd"):
        three("runs", "--since", text, code=2)


def _event(console: Console, number: int, about: dict[str, Any], **fields: Any) -> None:
    console.cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"event-{number}", "namespace": console.cluster.namespace},
            "involvedObject": about,
            "type": "Warning",
            "lastTimestamp": f"2026-01-01T00:00:0{number}Z",
            **fields,
        }
    )


def test_the_events_about_a_pipeline_are_shown_also_of_pods_that_are_gone(three: Console) -> None:
    job = three.cluster.get(Kind.JOB, three("run", "one", "-o", "json").json["jobName"])
    other = three.cluster.get(Kind.JOB, three("run", "two", "-o", "json").json["jobName"])
    name = job["metadata"]["name"]
    about = {"kind": "Job", "name": name, "uid": job["metadata"]["uid"]}
    _event(three, 3, about, reason="FailedCreate", message="exceeded quota", count=4)
    _event(three, 1, {"kind": "Pod", "name": f"{name}-abcde", "uid": "gone"}, reason="Killing", message="Stopping")
    _event(three, 2, {**about, "name": "x", "uid": other["metadata"]["uid"]}, reason="Other", message="of two")

    found = three("events", "one", "-o", "json").json
    assert [(item["reason"], item["count"]) for item in found] == [("Killing", None), ("FailedCreate", 4)]
    assert "exceeded quota" in three("events", name).out
    assert "no events" in three("events", "three").err
