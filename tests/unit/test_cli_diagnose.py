"""`diagnose`, on a cluster in memory: what a person reads, and what a program gets."""

from __future__ import annotations

import base64
import json

import pytest

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.errors import ApiError, ForbiddenError
from k8s_pipeline_client.runs.evidence import mounted_secrets
from tests.fakes import Request
from tests.openmetadata import token
from tests.unit.console import NAME, Console, console

__all__ = ["console"]

PASSWORD = "correct horse battery"
REFUSED = b'psycopg2.OperationalError: connection to server at "10.0.0.1", port 5432 failed: FATAL:  password ' + (
    b'authentication failed for user "om"\n'
)


@pytest.fixture
def failed(console: Console) -> Console:
    """A run was refused by its source, twice."""
    console.deploy()
    job = console.started()
    console.give_pod(job, b"first attempt\n", attempt=1, exit_code=1)
    console.cluster.advance(60)
    lines = b"".join(b"line %d\n" % number for number in range(50))
    console.give_pod(job, lines + b"trying " + token().encode() + b"\n" + REFUSED, attempt=2, exit_code=1)
    console.end(job, reason="BackoffLimitExceeded")
    return console


def _refuse(console: Console, kind: Kind | None = None, *, verb: str) -> None:
    def refuse(request: Request) -> None:
        if request.verb == verb and kind in (None, request.kind):
            raise ForbiddenError("that is forbidden", status=403)

    console.cluster.before(refuse)


def test_a_person_reads_what_happened_and_what_to_do(failed: Console) -> None:
    shown = failed("diagnose", NAME)
    lines = shown.out.splitlines()
    assert lines[0].endswith("(2 attempts)")
    (what,) = [line for line in lines if line.startswith("What happened:")]
    assert "password authentication failed" in what
    assert what.endswith("(SourceRefused)")
    (fix,) = [line for line in lines if line.startswith("What to do:")]
    assert "correct user, password" in fix
    assert [line.split()[2] for line in lines if line.startswith("om-") and " failed " in line] == ["1", "1"]
    assert "password authentication failed" in lines[-1]
    assert "line 0" not in shown.out
    assert "all of it: k8s-pipeline logs om-" in shown.err


def test_a_program_gets_the_whole(failed: Console) -> None:
    found = failed("diagnose", NAME, "-o", "json").json
    assert (found["category"], found["state"]) == ("SourceRefused", "failed")
    assert [attempt["exitCode"] for attempt in found["attempts"]] == [1, 1]
    assert "line 0" in found["logTail"]
    assert "first attempt" not in found["logTail"]


def test_no_secret_of_the_run_is_shown(failed: Console) -> None:
    for words in (("diagnose", NAME), ("diagnose", NAME, "-o", "json")):
        shown = failed(*words)
        assert token() not in shown.out + shown.err
        assert "trying *********" in shown.out


def test_a_run_is_named_by_its_id_or_its_beginning(failed: Console) -> None:
    (run,) = failed("runs", NAME, "-o", "json").json
    for words in ((NAME, "--run", run["runId"][:8]), (run["runId"],), (run["jobName"],)):
        assert failed("diagnose", *words, "-o", "json").json["runId"] == run["runId"]
    assert failed("diagnose", NAME, "-o", "name").out.strip() == f"job.batch/{run['jobName']}"
    assert "has no runs" in failed("diagnose", NAME, "--run", "beef", code=2).err


def test_a_pipeline_without_runs_has_nothing_to_diagnose(console: Console) -> None:
    console.deploy()
    assert "has no runs" in console("diagnose", NAME, code=2).err


def test_a_run_that_is_well_is_said_to_be(console: Console) -> None:
    console.deploy()
    job = console.started()
    assert "is waiting to start" in console("diagnose", NAME).out
    console.give_pod(job, b"done\n", exit_code=0)
    console.end(job)
    shown = console("diagnose", NAME)
    assert "What happened:  The run succeeded" in shown.out
    assert "What to do" not in shown.out


@pytest.mark.parametrize(("verb", "kind"), [("get", Kind.SECRET), ("list", Kind.EVENT)])
def test_without_the_right_to_read_a_part_the_rest_is_told(failed: Console, verb: str, kind: Kind) -> None:
    _refuse(failed, kind, verb=verb)
    assert failed("diagnose", NAME, "-o", "json").json["category"] == "SourceRefused"


def test_what_looks_like_a_secret_is_struck_out_even_where_none_may_be_read(failed: Console) -> None:
    _refuse(failed, Kind.SECRET, verb="get")
    assert token() not in failed("diagnose", NAME, "-o", "json").out


def test_a_log_that_cannot_be_read_is_no_reason_to_say_nothing(
    failed: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise ApiError("dial tcp 10.0.0.9:10250: connect: Connection refused", status=500)

    monkeypatch.setattr(failed.cluster, "read_log", broken)
    found = failed("diagnose", NAME, "-o", "json").json
    assert found["category"] == "ExitCode"  # and not that of the node that does not answer
    assert found["logTail"] == "(the log could not be read: dial tcp 10.0.0.9:10250: connect: Connection refused)"


def test_of_a_killed_run_the_lines_that_were_kept_are_shown(console: Console) -> None:
    console.deploy()
    job = console.started()
    console.cluster.merge(
        Kind.JOB,
        job["metadata"]["name"],
        {"metadata": {"annotations": {"k8s-pipeline/log-tail": "the last words", "k8s-pipeline/killed-by": "anna"}}},
    )
    console.end(job, reason="DeadlineExceeded")
    found = console("diagnose", NAME, "-o", "json").json
    assert (found["category"], found["logTail"]) == ("Killed", "the last words")


def test_a_secret_in_the_environment_or_a_volume_is_struck_out(console: Console) -> None:
    console.configure(
        envFrom=[{"secretRef": {"name": "env"}}], volumes=[{"name": "v", "secret": {"secretName": "plain"}}]
    )
    for name, value in (("env", PASSWORD), ("plain", "another one")):
        console.cluster.put(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": console.cluster.namespace},
                "data": {"key": base64.b64encode(value.encode()).decode()},
            }
        )
    console.deploy()
    job = console.started()
    console.give_pod(job, f"{PASSWORD}\nanother one\n".encode(), exit_code=1)
    console.end(job, reason="BackoffLimitExceeded")
    assert console("diagnose", NAME, "-o", "json").json["logTail"] == "*********\n*********"


def test_of_a_secret_only_the_keys_count_that_the_run_gets_to_see() -> None:
    spec: Object = {
        "volumes": [
            {"name": "a", "secret": {"secretName": "whole"}},
            {
                "name": "b",
                "projected": {
                    "sources": [
                        {"secret": {"name": "some", "items": [{"key": "x", "path": "x"}]}},
                        {"configMap": {"name": "none"}},
                    ]
                },
            },
        ],
        "initContainers": [{"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "some", "key": "y"}}}]}],
        "containers": [{"envFrom": [{"secretRef": {"name": "env"}}, {"configMapRef": {"name": "none"}}]}],
    }
    job = {"spec": {"template": {"spec": spec}}}
    assert mounted_secrets(job) == {"whole": None, "some": frozenset({"x", "y"}), "env": None}


def test_a_long_log_is_read_to_its_end_and_no_more_of_it_is_kept(console: Console) -> None:
    console.deploy()
    job = console.started()
    console.give_pod(job, b"x" * 3_000_000 + b"\n" + b"y" * 100_000 + b"\nthe end\n", exit_code=1)
    console.end(job, reason="BackoffLimitExceeded")
    tail = console("diagnose", NAME, "-o", "json").json["logTail"]
    assert tail.endswith("the end")
    assert len(json.dumps(tail)) < 40_000
