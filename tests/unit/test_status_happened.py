"""Which events are told of a pipeline, and whether those of a run are worth being read."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from k8s_pipeline_client.status import Happened, RunStatus, State, Trigger, events_tell_more, happened
from k8s_pipeline_client.status.models import Attempt

from .status_cases.build import JOB, JOB_UID, Obj, condition, cronjob, event, job, now, pod


def about(kind: str, name: str, uid: str, seconds: float) -> Obj:
    involved = {"kind": kind, "name": name, "namespace": "om", "uid": uid}
    return event("Seen", f"of {kind} {name}", involvedObject=involved, seconds=seconds)


def known() -> list[Obj]:
    """A CronJob, a Job and a pod that no node has room for."""
    its = cronjob(metadata={"uid": "the-cronjob"})
    run = {**job(), "kind": "Job"}
    waiting = pod(None, "Pending", conditions=[condition("PodScheduled", "Unschedulable", status="False")])
    waiting["spec"]["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "dbt"}}]
    return [its, run, waiting]


def test_the_events_of_a_pipeline_are_those_of_all_its_objects_oldest_first() -> None:
    events = [
        about("Pod", f"{JOB}-9zzzz", "gone", 50),
        about("PersistentVolumeClaim", "dbt", "claim", 40),
        about("Pod", f"{JOB}-4xk2p", "pod-1", 30),
        about("Job", JOB, JOB_UID, 20),
        about("CronJob", "om-postgres-metadata-1a2b3c", "the-cronjob", 10),
    ]
    told = happened(known(), events)
    assert [(one.kind, one.name) for one in told] == [
        ("CronJob", "om-postgres-metadata-1a2b3c"),
        ("Job", JOB),
        ("Pod", f"{JOB}-4xk2p"),
        ("PersistentVolumeClaim", "dbt"),
        ("Pod", f"{JOB}-9zzzz"),
    ]
    assert told[1] == Happened(now(20), "Warning", "Seen", "Job", JOB, 1, f"of Job {JOB}")


@pytest.mark.parametrize(
    "other",
    [
        about("CronJob", "om-postgres-metadata-1a2b3c", "an earlier one", 10),
        about("Job", "another", "another", 10),
        about("Pod", "another-9zzzz", "another", 10),
        about("Pod", "om-postgres-metadata-1a2b3c-9zzzz", "of the CronJob's name", 10),
        about("PersistentVolumeClaim", "raw", "claim", 10),
        about("Pod", "dbt", "of the claim's name", 10),
        about("Node", "", "", 10),
    ],
    ids=lambda other: str(other["message"]),
)
def test_events_of_others_are_not_told(other: Obj) -> None:
    assert happened([*known(), {"metadata": {}}], [other]) == ()


def run(state: State, ended: datetime | None, *exit_codes: int | None) -> RunStatus:
    attempts = tuple(Attempt("p", state, exit_code=code) for code in exit_codes)
    return RunStatus("r", "j", state, Trigger.MANUAL, ended_at=ended, attempts=attempts)


DAY = timedelta(hours=24)


@pytest.mark.parametrize(
    ("its", "worth"),
    [
        (run(State.QUEUED, None), True),
        (run(State.QUEUED, None, 1), True),
        (run(State.RUNNING, None), False),
        (run(State.SUCCESS, now(0)), False),
        (run(State.FAILED, now(0)), True),
        (run(State.FAILED, None), True),
        (run(State.FAILED, now(0), None), True),
        (run(State.FAILED, now(0), 1, None), True),
        (run(State.FAILED, now(0), None, 1), False),
        (run(State.FAILED, now(0), 0), False),
        (run(State.FAILED, now(0) - DAY, None), False),
        (run(State.FAILED, now(1) - DAY, None), True),
    ],
)
def test_events_are_read_where_a_run_waits_or_failed_lately_without_an_exit_code(its: RunStatus, worth: bool) -> None:
    assert events_tell_more(its, now(0)) is worth
