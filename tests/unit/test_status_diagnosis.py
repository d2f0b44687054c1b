"""A diagnosis has all that the status has, whatever the state, and a cause is read as it was written."""

from __future__ import annotations

import dataclasses

import pytest

from k8s_pipeline_client.status import Cause, CauseCode, Diagnosis, RunStatus, run_status
from k8s_pipeline_client.status.diagnosis import diagnose

from .status_cases.build import KILLED, Obj, complete, event, failed, job, last_words, now, pod, running, terminated


def both(of: Obj, *pods: Obj, events: list[Obj] | None = None) -> tuple[RunStatus, Diagnosis]:
    of["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"memory": "2Gi"}}
    run = run_status(of, list(pods), events or [], now())
    return run, diagnose(run, of, list(pods), events or [], "", ())


@pytest.mark.parametrize(
    ("of", "pods"),
    [
        (job(failed(), failed=1), [pod(terminated(1, message=last_words("ValueError: x", exitCode=1)))]),
        (job(complete()), [pod(terminated(0, message=last_words(exitCode=0)), "Succeeded")]),
        (job(active=1), [pod(running(), "Running")]),
        (job(), []),
    ],
    ids=["failed", "succeeded", "running", "queued"],
)
def test_a_diagnosis_has_all_that_the_status_has(of: Obj, pods: list[Obj]) -> None:
    run, told = both(of, *pods)
    shared = {field.name for field in dataclasses.fields(told)} & {field.name for field in dataclasses.fields(run)}
    assert {"run_id", "job_name", "state", "started_at", "ended_at", "attempts", "memory_limit"} <= shared
    assert {name: getattr(told, name) for name in shared} == {name: getattr(run, name) for name in shared}
    assert told.category == (run.cause.code if run.cause else None)
    assert told.what_to_do == (run.cause.hint if run.cause else "")


def test_where_a_run_is_without_a_cause_is_told_apart() -> None:
    found = [both(job()), both(job(active=1), pod(running(), "Running")), both(job(complete()))]
    for words, (_, told) in zip(["waiting", "running", "succeeded"], found, strict=True):
        assert words in told.summary


def test_the_warnings_of_a_run_without_a_cause_are_its_detail() -> None:
    run, told = both(job(complete(), annotations=KILLED), pod(running(), "Running"))
    assert len(run.warnings) == 2
    assert told.detail == "; ".join(run.warnings)


def test_events_of_pods_that_are_there_are_told() -> None:
    _, told = both(job(active=1), pod(running(), "Running"), events=[event("BackOff", "again", about="pod-1")])
    assert [line.rpartition(": ")[2] for line in told.events] == ["again"]


def test_a_cause_is_read_as_it_was_written_and_odd_words_of_it_count_as_none() -> None:
    cause = Cause(CauseCode.IMAGE_PULL, "a", "b", "c")
    assert Cause.from_dict(cause.as_dict()) == cause
    assert Cause.from_dict({"code": "ImagePull", "summary": "a", "detail": 7, "hint": None}) == Cause(cause.code, "a")


@pytest.mark.parametrize(
    "odd",
    [{}, {"code": "ImagePull"}, {"code": "ImagePull", "summary": 7}, {"summary": "a"}, {"code": "x", "summary": "a"}],
)
def test_what_is_no_cause_is_refused(odd: Obj) -> None:
    with pytest.raises(ValueError, match=r"."):
        Cause.from_dict(odd)
