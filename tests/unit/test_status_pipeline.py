"""The status of a pipeline: its facts, its runs, and whether a due run did not take place."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.makeup import Narrowed
from k8s_pipeline_client.status import RunStatus, State, Trigger, pipeline_status
from tests.unit import scene

from .status_cases.build import START, Obj, at, cronjob, event

DUE = START
LATE = DUE + timedelta(seconds=721)


def run(name: str, created: float, state: State = State.SUCCESS, ended: float | None = None, **more: Any) -> RunStatus:
    facts: dict[str, Any] = {
        "trigger": Trigger.SCHEDULED,
        "scheduled_at": START + timedelta(seconds=created),
        "created_at": START + timedelta(seconds=created),
        "ended_at": None if ended is None else START + timedelta(seconds=ended),
        **more,
    }
    return RunStatus(run_id=name, job_name=name, state=state, **facts)


def test_the_shape_of_its_json_is_stable() -> None:
    status = pipeline_status(cronjob(), [], LATE, next_run_at=LATE)
    assert status.as_dict() == {
        "resourceName": "om-postgres-metadata-1a2b3c",
        "name": "postgres-metadata",
        "fqn": "postgres.postgres-metadata",
        "displayName": "Postgres: metadata",
        "service": "postgres",
        "serviceType": "databaseService",
        "pipelineType": "metadata",
        "schedule": "0 * * * *",
        "timeZone": "Europe/Berlin",
        "onDemand": False,
        "suspended": False,
        "enabled": True,
        "lastRun": None,
        "activeRuns": [],
        "nextRunAt": "2025-06-01T12:12:01Z",
        "missed": None,
        "warnings": [],
        "oneShot": False,
        "namespace": "",
        "tokenExpiresAt": None,
    }


def test_last_and_active_runs_are_found_in_any_order() -> None:
    runs = [
        run("b", 20, State.RUNNING),
        run("c", 30),
        run("a", 10, State.QUEUED),
        run("timeless", 0, created_at=None),
    ]
    status = pipeline_status(cronjob(), runs, LATE)
    assert status.last_run is not None
    assert status.last_run.job_name == "c"
    assert [one.job_name for one in status.active_runs] == ["b", "a"]


@pytest.mark.parametrize(
    ("annotations", "suspend", "shown"),
    [
        ({}, False, ("0 * * * *", False, True, True)),
        ({}, True, ("0 * * * *", True, False, False)),
        ({"k8s-pipeline/on-demand": "true"}, True, (None, True, True, False)),
    ],
    ids=["on schedule", "disabled", "on demand: suspended, and yet enabled"],
)
def test_on_demand_is_no_schedule_and_no_suspension(annotations: Obj, suspend: bool, shown: tuple[Any, ...]) -> None:
    status = pipeline_status(cronjob(annotations=annotations, suspend=suspend), [], LATE, due_at=DUE, next_run_at=LATE)
    assert (status.schedule, status.suspended, status.enabled, status.next_run_at is not None) == shown
    assert (status.missed is not None) == shown[3]


@pytest.mark.parametrize(
    ("changes", "runs", "now", "is_missed"),
    [
        ({}, [], LATE, True),
        ({}, [run("before", -3_600, ended=-3_000)], LATE, True),
        ({}, [run("by hand", 60, trigger=Trigger.BY_HAND, scheduled_at=None)], LATE, True),
        ({}, [run("its own", 2, scheduled_at=DUE)], LATE, False),
        ({}, [], LATE - timedelta(seconds=1), False),
        ({"startingDeadlineSeconds": 3_600}, [], LATE, False),
        ({"startingDeadlineSeconds": None}, [], LATE, True),
        ({"suspend": True}, [], LATE, False),
        ({"status": {"lastScheduleTime": at(0)}}, [], LATE, False),
        ({"status": {"lastScheduleTime": at(-3_600)}}, [], LATE, True),
        ({"metadata": {"creationTimestamp": at(5)}}, [], LATE, False),
        ({"metadata": {"managedFields": [{"manager": "k8s-pipeline-suspend", "time": at(5)}]}}, [], LATE, False),
        ({"metadata": {"managedFields": [{"manager": "k8s-pipeline-suspend", "time": at(-5)}]}}, [], LATE, True),
        ({"metadata": {"managedFields": [{"subresource": "status", "time": at(5)}]}}, [], LATE, True),
        ({"metadata": {"managedFields": [{"subresource": "scale", "time": at(5)}]}}, [], LATE, True),
    ],
    ids=[
        "no Job",
        "only the one before",
        "only one by hand",
        "a Job for that time",
        "the controller may still be late",
        "its starting deadline is not over",
        "no starting deadline: ours",
        "suspended",
        "served, its Job cleaned up",
        "served before",
        "made after the due time",
        "resumed after the due time",
        "resumed before the due time",
        "a later write of the status",
        "a later write of its scale",
    ],
)
def test_a_due_run_without_a_job_is_missed(
    changes: dict[str, Any], runs: list[RunStatus], now: datetime, is_missed: bool
) -> None:
    missed = pipeline_status(cronjob(**changes), runs, now, due_at=DUE).missed
    assert (missed is not None) == is_missed
    if missed:
        assert missed.as_dict() == {
            "dueAt": "2025-06-01T12:00:00Z",
            "summary": "missed: due at 2025-06-01T12:00:00Z, but no Job was created",
        }


@pytest.mark.parametrize(
    ("blocker", "policy", "word"),
    [
        (run("long", -3_600, State.RUNNING), "Forbid", "skipped"),
        (run("long", -3_600, ended=601), "Forbid", "skipped"),
        (run("long", -3_600, ended=600), "Forbid", "missed"),
        (run("long", -3_600, State.RUNNING), "Allow", "missed"),
        (run("long", -3_600, State.RUNNING, trigger=Trigger.MANUAL), "Forbid", "missed"),
    ],
    ids=["still active", "too long", "not so long", "overlap allowed", "one by hand does not forbid"],
)
def test_a_run_that_forbid_held_back_is_skipped_not_missed(blocker: RunStatus, policy: str, word: str) -> None:
    missed = pipeline_status(cronjob(concurrencyPolicy=policy), [blocker], LATE, due_at=DUE).missed
    assert missed is not None
    assert missed.summary.startswith(f"{word}: due at")
    assert missed.due_at == DUE


def test_what_runs_on_demand_has_no_time_zone_either() -> None:
    on_demand = pipeline_status(cronjob(annotations={"k8s-pipeline/on-demand": "true"}, suspend=True), [], LATE)
    assert (on_demand.schedule, on_demand.time_zone) == (None, None)


def test_a_run_without_a_cronjob_is_one_shot() -> None:
    assert pipeline_status({**cronjob(), "kind": "Job"}, [], LATE).one_shot
    assert not pipeline_status(cronjob(), [], LATE).one_shot


def test_what_is_reported_nowhere_says_why() -> None:
    def warnings(**its: str) -> tuple[str, ...]:
        unreported = cronjob(annotations={labels.UNREPORTED: "true"}, metadata=None)
        unreported["metadata"]["labels"] = its
        return pipeline_status(unreported, [], LATE).warnings

    assert "ingestionPipelineFQN" in warnings()[0]
    assert "application" in warnings(**{labels.APP_APPLICATION: "AutoPilot"})[0]


def test_what_openmetadata_has_deleted_says_since_when() -> None:
    marked = cronjob(annotations={labels.DELETED_AT: at(7)}, suspend=True)
    (warning,) = pipeline_status(marked, [], LATE).warnings
    assert at(7) in warning


def test_a_cronjob_that_is_being_deleted_is_a_warning() -> None:
    status = pipeline_status(cronjob(metadata={"deletionTimestamp": at(0)}), [], LATE)
    assert status.warnings == ("the CronJob is being deleted",)


@pytest.mark.parametrize(("suspend", "in_force", "warned"), [(False, 40, True), (True, 40, False), (False, 300, False)])
def test_a_narrowed_deadline_is_a_warning_as_long_as_it_is_in_force(suspend: bool, in_force: int, warned: bool) -> None:
    note = {labels.STARTING_DEADLINE: Narrowed(40, 600, DUE).to_text()}
    status = pipeline_status(cronjob(annotations=note, suspend=suspend, startingDeadlineSeconds=in_force), [], LATE)
    assert bool(status.warnings) is warned
    for text in status.warnings:
        assert "within 40 s is dropped" in text
        assert "after 2025-06-01T12:10:05Z sets 600 s again" in text


REFUSED = "missed: due at 2025-06-01T12:00:00Z, and its Job was refused: error creating job: label team is missing"


def _refusal(uid: str, seconds: float, reason: str = "FailedCreate") -> Obj:
    about = {"kind": "CronJob", "name": "om-postgres-metadata-1a2b3c", "namespace": "om", "uid": uid}
    return event(reason, "Error creating job: label team is missing", seconds=seconds, involvedObject=about)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([_refusal("mine", 1)], REFUSED),
        ([_refusal("mine", 0)], REFUSED),
        ([_refusal("mine", -1)], None),
        ([_refusal("of another", 1)], None),
        ([_refusal("mine", 1, "MissSchedule")], None),
    ],
    ids=["refused", "refused in the same second", "refused an earlier time", "another CronJob", "another event"],
)
def test_a_due_run_whose_job_is_refused_says_so_at_once(events: list[Obj], said: str | None) -> None:
    due = cronjob(metadata={"uid": "mine"})
    soon = DUE + timedelta(seconds=5)

    missed = pipeline_status(due, [], soon, due_at=DUE, events=events).missed

    assert (missed.summary if missed else None) == said
    assert missed is None or missed.due_at == DUE
    served = pipeline_status(due, [run("made at last", 4)], soon, due_at=DUE, events=events)
    assert served.missed is None


@pytest.mark.parametrize("fqn", ["shop.nightly", None])
def test_what_is_reported_nowhere_says_so(fqn: str | None) -> None:
    document = {key: value for key, value in scene.pipeline().document.items() if key != "ingestionPipelineFQN"}
    item = scene.pipeline(document=document | ({"ingestionPipelineFQN": fqn} if fqn else {}))
    fake = scene.cluster()
    scene.deploy(fake, item)

    warnings = pipeline_status(fake.get(Kind.CRONJOB, item.resource_name), [], fake.clock).warnings

    assert any("ingestionPipelineFQN" in text for text in warnings) is (fqn is None)
