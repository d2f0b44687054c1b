"""What is told while the end of a run is waited for, and of its log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from k8s_pipeline_client.cli.text import ago, span
from k8s_pipeline_client.cluster.port import Kind, Object, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.runs.kubelet import is_message, lines_only
from tests.fakes import Request
from tests.unit.console import NAME, Console, console

__all__ = ["console"]

STAMP = b"2026-01-01T00:00:00.000000000Z "
UNABLE = b"unable to retrieve container logs for containerd://0123"


@pytest.fixture
def deployed(console: Console) -> Console:
    """One pipeline is deployed."""
    console.deploy()
    return console


def _each_read(console: Console, *steps: Callable[[], object]) -> None:
    """Take a step after each time that the Job is read."""
    left = list(steps)

    def act(request: Request) -> None:
        if (request.verb, request.kind) == ("get", Kind.JOB) and left:
            left.pop(0)()

    console.cluster.after(act)


def _refused(console: Console, job: Object, number: int) -> None:
    about = {"kind": "Job", "name": job["metadata"]["name"], "uid": job["metadata"]["uid"]}
    pod = f"{job['metadata']['name']}-{'abcde'[number:] + 'x' * number}"
    console.cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "refused", "namespace": console.cluster.namespace},
            "involvedObject": about,
            "reason": "FailedCreate",
            "message": f'Error creating: pods "{pod}" is forbidden: exceeded quota: few, used: pods=1, limited: pods=1',
            "lastTimestamp": f"2026-01-01T00:00:0{number}Z",
        }
    )


def test_a_cause_is_said_once_whatever_the_next_pod_is_called(deployed: Console) -> None:
    job = deployed.started()
    steps = [lambda number=number: _refused(deployed, job, number) for number in range(4)]
    _each_read(deployed, *steps, lambda: deployed.end(job, reason="DeadlineExceeded"))

    told = deployed("wait", NAME, code=3).err
    assert told.count("why:") == 1


def test_an_image_that_cannot_be_pulled_is_said_once_while_the_kubelet_pulls_and_backs_off(deployed: Console) -> None:
    job = deployed.started()
    pod = deployed.give_pod(job)

    def waits(reason: str) -> None:
        waiting = {"reason": reason, "message": f"{reason}: no such manifest"}
        status = {"name": "main", "state": {"waiting": waiting}, "lastState": {}, "restartCount": 0}
        deployed.cluster.put({**pod, "status": {"phase": "Pending", "containerStatuses": [status]}})

    turns = [lambda reason=reason: waits(reason) for reason in ("ErrImagePull", "ImagePullBackOff") * 3]
    _each_read(deployed, *turns, lambda: deployed.end(job, reason="DeadlineExceeded"))

    assert deployed("wait", NAME, code=3).err.count("cannot be pulled") == 1


def _attempt(console: Console, job: Object, number: int, code: int | None) -> None:
    """Have an attempt begin, or end, half a minute after the one before."""
    console.cluster.advance(30)
    console.give_pod(job, attempt=number, exit_code=code)


def test_each_attempt_that_fails_is_said_once_with_its_cause_and_what_follows(console: Console) -> None:
    console.configure(backoffLimit=2)
    console.deploy()
    job = console.started()
    _each_read(
        console,
        lambda: _attempt(console, job, 1, 1),
        lambda: None,
        lambda: _attempt(console, job, 2, None),
        lambda: _attempt(console, job, 2, 3),
        lambda: console.end(job, reason="BackoffLimitExceeded"),
    )

    told = console("wait", NAME, code=3).err.splitlines()
    first, second = (line for line in told if " of 3 failed: " in line)
    assert first.startswith("note: attempt 1 of 3 failed: the ingestion exited with code 1; the next one begins in")
    assert "attempt 2 of 3 failed: the ingestion exited with code 3" in second


def test_status_and_the_tables_say_why_a_run_is_tried_again(console: Console) -> None:
    console.configure(backoffLimit=2)
    console.deploy()
    job = console.started()
    console.give_pod(job, exit_code=1)

    said = "attempt 1 of 3 failed: the ingestion exited with code 1; the next one begins in about 10 s"
    for words in (("status", NAME), ("runs", NAME), ("list",)):
        assert said in console(*words).out, words
    assert said in console("diagnose", NAME).out.replace("Attempt", "attempt")
    (run,) = console("runs", NAME, "-o", "json").json
    assert (run["state"], run["cause"], run["retry"]["number"]) == ("running", None, 1)


def test_a_run_that_is_deleted_while_it_is_waited_for_has_failed_with_that_cause(deployed: Console) -> None:
    job = deployed.started()
    name = job["metadata"]["name"]
    _each_read(deployed, lambda: None, lambda: deployed.cluster.delete(Kind.JOB, name, Propagation.BACKGROUND))

    result = deployed("wait", name, "-o", "json", code=3)
    assert result.json["cause"]["code"] == "JobDeleted"
    assert result.json["createdAt"]


def test_a_killed_run_is_called_killed(deployed: Console) -> None:
    job = deployed.started()
    deployed.give_pod(job)
    deployed.kills_end_jobs()
    deployed("kill", NAME, "--timeout", "5s")

    assert " was killed after " in deployed("wait", NAME, code=3).out
    assert " was killed after " in deployed("diagnose", NAME).out


def test_a_killed_run_whose_job_goes_is_called_killed(deployed: Console) -> None:
    job = deployed.started()
    name = job["metadata"]["name"]
    mark = {"metadata": {"annotations": {labels.KILLED_BY: "me@here"}}}
    deployed.cluster.merge(Kind.JOB, name, mark)
    _each_read(deployed, lambda: None, lambda: deployed.cluster.delete(Kind.JOB, name, Propagation.BACKGROUND))

    assert deployed("wait", name, "-o", "json", code=3).json["cause"]["code"] == "Killed"


@pytest.mark.parametrize("follow", [("-f",), ()])
def test_what_the_node_says_in_place_of_a_log_is_no_log(deployed: Console, follow: tuple[str, ...]) -> None:
    job = deployed.started()
    deployed.give_pod(job, exit_code=0)
    deployed.end(job)
    deployed.cluster.say_in_place_of_logs(UNABLE)

    result = deployed("logs", NAME, *follow)
    assert result.out == ""
    assert "unable to retrieve" in result.err


@pytest.mark.parametrize(
    ("log", "lines", "said"),
    [
        (STAMP + b"one\n" + UNABLE, STAMP + b"one\n", [UNABLE]),
        (UNABLE + b"\n" + STAMP + b"one\n", STAMP + b"one\n", [UNABLE]),
        (
            STAMP + b"one\n" + b"failed to create fsnotify watcher: too many open files",
            STAMP + b"one\n",
            [b"failed to"],
        ),
        (STAMP + UNABLE + b"\n", STAMP + UNABLE + b"\n", []),
        (STAMP + b"one\n2026-01-0", STAMP + b"one\n", []),
        (b"x" * 2000, b"", [b"x" * 512]),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 5000])
def test_messages_are_told_apart_from_lines(log: bytes, lines: bytes, said: list[bytes], size: int) -> None:
    found: list[str] = []
    chunks = [log[start : start + size] for start in range(0, len(log), size)]

    assert b"".join(lines_only(chunks, found.append)) == lines
    assert [text.startswith(words.decode()) for text, words in zip(found, said, strict=True)] == [True] * len(said)


def test_a_log_that_only_quotes_a_message_is_a_log() -> None:
    assert is_message(UNABLE)
    assert not is_message(UNABLE + b"\nand more\n")
    assert not is_message(b"it said: " + UNABLE)


def test_clocks_that_differ_give_no_negative_ages(deployed: Console) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert ago(now + timedelta(minutes=5), now) == "now"
    assert ago(now - timedelta(minutes=5), now) == "5m00s ago"
    assert ago(None, now) == "-"
    assert span(-5) == "0s"


def test_ages_go_by_the_clock_of_the_api_server(deployed: Console) -> None:
    deployed.started()
    deployed.cluster.advance(90)
    rows: Any = deployed("runs").out
    assert "1m30s ago" in rows
