"""Whatever an object looks like, its status is told: no shape raises."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.status import Cause, State, gone_run_status, pipeline_status, run_status

from .status_cases.build import (
    JOB,
    JOB_UID,
    KILLED,
    Obj,
    complete,
    condition,
    cronjob,
    event,
    failed,
    job,
    last_words,
    now,
    pod,
    running,
    terminated,
    waiting,
)

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["True", "Failed", "Running", "main", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)

SIDECARS = {"istio-proxy": running(), "other": terminated(3)}
JOBS = [
    job(),
    job(complete(), annotations=KILLED),
    job(failed("DeadlineExceeded"), failed=1, backoff_limit=2),
    job([condition("FailureTarget")], uncountedTerminatedPods={"failed": ["a"]}, ready=1),
    job(suspend=True),
]
PODS = [
    pod(None, "Pending", conditions=[condition("PodScheduled", "Unschedulable", "…", status="False")]),
    pod(waiting("ImagePullBackOff", "…"), "Pending"),
    pod(running(), "Running", deleted=0, others=SIDECARS),
    pod(terminated(137, "OOMKilled", last_words("…")), others=SIDECARS, inits={"init": terminated(1)}),
    pod(terminated(143), reason="DeadlineExceeded", conditions=[condition("DisruptionTarget")]),
    pod(terminated(0), "Succeeded"),
]
EVENTS = [
    event("FailedCreate", "exceeded quota"),
    event("Failed", "Failed to pull image", about="pod-1"),
    event("Evicted", "…", about=f"{JOB}-9zzzz"),
]


@st.composite
def damaged(draw: st.DrawFn, originals: list[Obj]) -> Any:
    """A realistic object in which up to four places are missing or hold something else."""
    value = json.loads(json.dumps(draw(st.sampled_from(originals))))
    for _ in range(draw(st.integers(0, 4))):
        spot: Any = value
        while True:
            keys = sorted(spot) if isinstance(spot, dict) else range(len(spot))
            key = draw(st.sampled_from(list(keys)))
            inner = spot[key]
            if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
                break
            spot = inner
        if draw(st.booleans()) and len(spot) > 1:
            del spot[key]
        else:
            spot[key] = draw(JUNK)
    return value


def check(job_: Any, pods: Any, events: Any) -> None:
    status = run_status(job_, pods, events, now())
    assert status.state in State
    assert (status.cause is not None) or status.state is not State.FAILED
    shown = json.dumps(status.as_dict(), allow_nan=False)
    if status.cause:
        assert Cause.from_dict(json.loads(shown)["cause"]) == status.cause
    whole = pipeline_status(job_ if isinstance(job_, dict) else {}, [status], now(), due_at=now() - timedelta(days=1))
    assert json.dumps(whole.as_dict(), allow_nan=False)


@settings(deadline=None, max_examples=3 * settings().max_examples, suppress_health_check=[HealthCheck.too_slow])
@given(
    damaged(JOBS),
    st.lists(damaged(PODS), max_size=3),
    st.lists(damaged(EVENTS), max_size=3),
)
def test_damaged_objects_still_have_a_status(job_: Any, pods: list[Any], events: list[Any]) -> None:
    check(job_, pods, events)


@settings(deadline=None)
@given(JUNK, st.lists(JUNK, max_size=3), st.lists(JUNK, max_size=3))
def test_pure_junk_still_has_a_status(job_: Any, pods: list[Any], events: list[Any]) -> None:
    check(job_, pods, events)


@settings(deadline=None)
@given(damaged([cronjob(status={"lastScheduleTime": "2025-06-01T12:00:00Z"})]))
def test_a_damaged_cronjob_still_has_a_status(cronjob_: Any) -> None:
    assert pipeline_status(cronjob_, [], now(), due_at=now() - timedelta(days=1)).as_dict()


@settings(deadline=None)
@given(st.lists(damaged(EVENTS), max_size=3))
def test_damaged_events_still_tell_an_end(events: list[Any]) -> None:
    assert gone_run_status("run", JOB, JOB_UID, events).state.is_terminal
