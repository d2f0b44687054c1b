"""Which pods are only kept alive by sidecars, and what a run is that was ended because of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from k8s_pipeline_client.status import State, outlived, run_status

from .status_cases.build import START, Obj, at, failed, job, now, pod, running, terminated, waiting

SIDECAR = {"istio-proxy": running()}
KEPT: dict[str, Any] = {"phase": "Running", "others": SIDECAR}


def _deadlines(*pods: Obj, grace_seconds: int = 30) -> list[int]:
    return [found.deadline_seconds for found in outlived(job(active=1), pods, grace_seconds)]


def test_the_deadline_lies_behind_mains_end_on_the_nodes_clock() -> None:
    (found,) = outlived(job(active=1, failed=2), [pod(terminated(0, finished=60), **KEPT)], 30)

    assert found.deadline_seconds == 60 + 30
    assert (found.succeeded_at, found.failures) == (START + timedelta(seconds=60), 2)
    # Seen after that deadline, the run still is a success.
    over = pod(terminated(0, finished=60), reason="DeadlineExceeded", others={"istio-proxy": terminated(0)})
    over["spec"]["activeDeadlineSeconds"] = found.deadline_seconds
    assert run_status(job(failed(), failed=3), [over], [], now(600)).state is State.SUCCESS


def test_a_failure_has_no_time_of_success() -> None:
    (found,) = outlived(job(active=1), [pod(terminated(1), **KEPT)], 30)
    assert found.succeeded_at is None


LEFT_ALONE = pytest.mark.parametrize(
    "left_alone",
    [
        pod(running(), **KEPT),
        pod(waiting("PodInitializing"), **KEPT),
        pod(terminated(0), "Succeeded", others={"istio-proxy": terminated(0)}),
        pod(terminated(0), "Running", others={"istio-proxy": terminated(0)}),
        pod(terminated(0), "Running"),
        pod(terminated(0), **KEPT, deleted=80),
        pod(terminated(0), **KEPT, deadline=70),
        pod(terminated(137, "ContainerStatusUnknown"), **KEPT),
    ],
    ids=[
        "main runs",
        "main has not started",
        "all over",
        "the sidecar has ended",
        "no sidecar",
        "on its way out",
        "its deadline is near enough",
        "main's end is not known",
    ],
)


@LEFT_ALONE
def test_other_pods_are_left_alone(left_alone: Obj) -> None:
    assert _deadlines(left_alone) == []


@LEFT_ALONE
def test_a_pod_beside_one_that_is_left_alone_is_found(left_alone: Obj) -> None:
    kept = pod(terminated(0, finished=60), **KEPT, name="kept", uid="the-kept-one")
    (found,) = outlived(job(active=1), [left_alone, kept, left_alone], 30)
    assert (found.name, found.uid, found.deadline_seconds) == ("kept", "the-kept-one", 90)


def test_one_of_two_sidecars_is_enough_and_native_ones_do_not_count() -> None:
    two = {"done": terminated(0), "istio-proxy": running()}
    assert _deadlines(pod(terminated(0), "Running", others=two)) == [90]
    assert _deadlines(pod(terminated(0), "Running", inits=SIDECAR)) == []


@pytest.mark.parametrize(("own", "found"), [(None, [90]), (91, [90]), (90, []), (89, [])])
def test_a_deadline_is_only_ever_brought_forward(own: int | None, found: list[int]) -> None:
    assert _deadlines(pod(terminated(0, finished=60), **KEPT, deadline=own)) == found


def test_the_deadline_counts_from_the_pods_start_and_in_whole_seconds() -> None:
    kept = pod(terminated(0), **KEPT, created=20)
    kept["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"] = "2025-06-01T12:01:00.2Z"
    assert _deadlines(kept) == [40 + 1 + 30]
    kept["status"]["startTime"] = None
    assert _deadlines(kept) == []


def test_one_that_has_been_told_is_not_told_again() -> None:
    kept = pod(terminated(0), **KEPT)
    (seconds,) = _deadlines(kept)
    kept["spec"]["activeDeadlineSeconds"] = seconds
    assert _deadlines(kept) == []
    assert _deadlines(kept, grace_seconds=1) == [seconds - 29]


def test_a_success_stays_one_when_its_pod_is_gone() -> None:
    witness = job(failed(), annotations={"k8s-pipeline/succeeded-at": at(60)}, failed=1)
    status = run_status(witness, [], [], now(8_000))
    assert (status.state, status.cause, status.ended_at) == (State.SUCCESS, None, START + timedelta(seconds=60))
