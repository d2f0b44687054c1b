"""What is read of a Job: each field from its own place, and what an odd value counts as."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.status import Cause, CauseCode, State, Trigger, run_status
from k8s_pipeline_client.status.asked import Asked, Key
from k8s_pipeline_client.status.job import Job, read_job
from k8s_pipeline_client.status.pod import Condition

from .status_cases.build import JOB, JOB_UID, SCHEDULED, Obj, at, condition, event, failed, job, now, pod, terminated

WHY = Cause(CauseCode.IMAGE_PULL, "The image cannot be pulled", "not found", "correct it")


def whole() -> Obj:
    """A Job in which no two fields are alike."""
    main = {
        "name": "main",
        "image": "the/image:1",
        "resources": {"limits": {"memory": "2Gi", "cpu": "1500m"}, "requests": {"memory": "1Gi", "cpu": "1"}},
    }
    proxy = {"name": "proxy", "image": "a/proxy:1", "resources": {"limits": {"memory": "64Mi", "cpu": "100m"}}}
    sources = [{"secret": {"name": "db", "items": [{"key": "password", "path": "p"}]}}]
    return {
        "metadata": {
            "name": JOB,
            "uid": JOB_UID,
            "creationTimestamp": at(1),
            "deletionTimestamp": at(9),
            "labels": {labels.APP_RUN_ID: "its-run-id", labels.QUEUE_NAME: "team-a"},
            "annotations": {
                labels.PEAK_MEMORY: "1234567",
                labels.NET_SECONDS: "900",
                labels.KILLED_BY: "anna",
                labels.KILLED_AT: at(7),
                labels.KILLED_BECAUSE: json.dumps(WHY.as_dict()),
                labels.SUCCEEDED_AT: at(6),
                labels.CRONJOB_SCHEDULED_AT: at(0),
            },
        },
        "spec": {
            "backoffLimit": 4,
            "activeDeadlineSeconds": 1,
            "suspend": True,
            "podFailurePolicy": {
                "rules": [
                    {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [143]}}
                ]
            },
            "template": {
                "spec": {
                    "containers": [proxy, main],
                    "volumes": [{"projected": {"sources": sources}}],
                    "nodeSelector": {"disk": "ssd"},
                }
            },
        },
        "status": {
            "startTime": at(2),
            "completionTime": at(8),
            "failed": 2,
            "uncountedTerminatedPods": {"failed": ["a", "b", "c"], "succeeded": ["d"]},
            "conditions": [
                condition("FailureTarget", "BackoffLimitExceeded", "no more", 5),
                condition("Complete", status="False"),
            ],
        },
    }


def test_every_field_of_a_job_is_read_from_its_own_place() -> None:
    assert read_job(whole()) == Job(
        name=JOB,
        uid=JOB_UID,
        run_id="its-run-id",
        trigger=Trigger.MANUAL,
        conditions={"FailureTarget": Condition("True", "BackoffLimitExceeded", "no more", now(5))},
        asked=Asked(
            image="the/image:1",
            keys=(Key("Secret", "db", "password"),),
            node_labels=(("disk", "ssd"),),
        ),
        memory_limit="2Gi",
        cpu_limit="1500m",
        peak_memory_bytes=1_234_567,
        deadline=timedelta(seconds=900),
        backoff_limit=4,
        failed=5,
        has_counted_pods=True,
        fail_codes=frozenset({143}),
        is_suspended=True,
        was_suspended=True,
        queue="team-a",
        killed_by="anna",
        killed_at=now(7),
        killed_because=WHY,
        succeeded_at=now(6),
        scheduled_at=now(0),
        created_at=now(1),
        started_at=now(2),
        completed_at=now(8),
        deleted_at=now(9),
    )


def test_a_job_that_says_nothing_is_read_as_kubernetes_would_take_it() -> None:
    assert read_job({}) == Job(
        name="",
        uid="",
        run_id="",
        trigger=Trigger.BY_HAND,
        conditions={},
        asked=Asked(),
        memory_limit="",
        cpu_limit="",
        peak_memory_bytes=None,
        deadline=None,
        backoff_limit=6,
        failed=0,
        has_counted_pods=False,
        fail_codes=frozenset(),
        is_suspended=False,
        was_suspended=False,
        queue="",
        killed_by="",
        killed_at=None,
        killed_because=None,
        succeeded_at=None,
        scheduled_at=None,
        created_at=None,
        started_at=None,
        completed_at=None,
        deleted_at=None,
    )


@pytest.mark.parametrize(
    ("annotations", "suspend", "created", "expected"),
    [
        ({labels.AWAITS_SECRET: "true"}, True, at(1), now(61)),
        ({labels.AWAITS_SECRET: "true"}, True, None, None),
        ({labels.AWAITS_SECRET: "true"}, False, at(1), None),
        ({labels.AWAITS_SECRET: "true"}, None, at(1), None),
        ({labels.AWAITS_SECRET: "false"}, True, at(1), None),
        ({}, True, at(1), None),
    ],
    ids=["held for its Secret", "odd", "let go", "never held", "said otherwise", "suspended by somebody else"],
)
def test_a_run_is_abandoned_when_its_caller_has_left_it_without_its_secret_for_a_minute(
    annotations: dict[str, str], suspend: bool | None, created: str | None, expected: datetime | None
) -> None:
    metadata = {"creationTimestamp": created, "annotations": annotations}
    assert read_job({"metadata": metadata, "spec": {"suspend": suspend}}).abandoned_at == expected


@pytest.mark.parametrize(
    ("run_labels", "annotations", "expected"),
    [
        ({labels.APP_RUN_ID: "x"}, SCHEDULED, Trigger.MANUAL),
        ({}, {**SCHEDULED, "cronjob.kubernetes.io/instantiate": "manual"}, Trigger.BY_HAND),
    ],
    ids=["a rerun of a scheduled one", "made by kubectl of one that was scheduled"],
)
def test_who_made_it_where_its_annotations_say_both(run_labels: Obj, annotations: Obj, expected: Trigger) -> None:
    assert run_status(job(labels=run_labels, annotations=annotations), [], [], now()).trigger is expected


def on_exit(*values: Any, action: str = "FailJob", operator: str = "In", name: str | None = "main") -> Obj:
    codes: Obj = {"operator": operator, "values": list(values)}
    return {"action": action, "onExitCodes": codes if name is None else {**codes, "containerName": name}}


@pytest.mark.parametrize(
    ("rules", "codes"),
    [
        ([on_exit(143), on_exit(78, 79)], {78, 79, 143}),
        ([on_exit(78, name=None)], {78}),
        ([on_exit(78, name="istio-proxy"), on_exit(143)], {143}),
        ([on_exit(78, operator="NotIn"), on_exit(143)], {143}),
        ([on_exit(78, action="Ignore"), on_exit(79, action="Count"), on_exit(143)], {143}),
        ([{"action": "FailJob", "onPodConditions": [{"type": "ConfigIssue"}]}, on_exit(143)], {143}),
        ([on_exit("143", True, None, 143)], {143}),
        ([{"action": "FailJob", "onExitCodes": {"operator": "In", "values": 143}}], set()),
    ],
    ids=[
        "several rules",
        "of any container",
        "of another container",
        "all but",
        "other actions",
        "a rule about conditions",
        "values of other types",
        "no list",
    ],
)
def test_the_exit_codes_that_end_a_run_at_once(rules: list[Obj], codes: set[int]) -> None:
    its = job()
    its["spec"]["podFailurePolicy"] = {"rules": rules}
    assert read_job(its).fail_codes == codes


@pytest.mark.parametrize(
    ("containers", "limit"),
    [
        (["main", "proxy"], "main's"),
        (["proxy", "main"], "main's"),
        (["first", "second"], "first's"),
        ([], ""),
    ],
)
def test_the_limit_of_a_run_is_that_of_its_container_main(containers: list[str], limit: str) -> None:
    its = job()
    its["spec"]["template"]["spec"]["containers"] = [
        {"name": name, "resources": {"limits": {"memory": f"{name}'s"}}} for name in containers
    ]
    assert run_status(its, [], [], now()).memory_limit == (limit or None)


@pytest.mark.parametrize(
    ("annotation", "deadline"),
    [("900", 900), (" 900 ", 900), ("900s", 60), ("-900", 60), ("٩", 60), ("", 60), (None, 60), (900, 60)],
)
def test_a_deadline_that_a_kill_has_replaced_is_its_own_again(annotation: object, deadline: int) -> None:
    its = job(annotations={labels.NET_SECONDS: annotation}, deadline=60)
    assert read_job(its).deadline == timedelta(seconds=deadline)


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[]", "{}", '{"code": "NoSuch", "summary": "x"}', '{"code": "ImagePull"}', "[" * 100_000],
    ids=["empty", "no JSON", "no object", "no fields", "unknown code", "no summary", "too deep"],
)
def test_a_cause_of_a_kill_that_cannot_be_read_is_none(text: str) -> None:
    its = job(failed("DeadlineExceeded"), annotations={labels.KILLED_BY: "anna", labels.KILLED_BECAUSE: text})
    found = run_status(its, [], [], now()).cause
    assert found is not None
    assert found.code is CauseCode.KILLED


@pytest.mark.parametrize(
    ("counters", "expected"),
    [
        ({"active": 1}, State.QUEUED),
        ({"ready": 1}, State.RUNNING),
        ({"succeeded": 1}, State.RUNNING),
        ({"failed": 1}, State.RUNNING),
        ({"ready": 0, "succeeded": 0, "failed": 0}, State.QUEUED),
        ({"uncountedTerminatedPods": {"failed": ["a"]}}, State.RUNNING),
        ({"uncountedTerminatedPods": {"failed": [], "succeeded": ["a"]}}, State.QUEUED),
        ({"uncountedTerminatedPods": {"failed": "a"}}, State.QUEUED),
        ({"ready": "1", "failed": True}, State.QUEUED),
    ],
    ids=lambda value: str(value),
)
def test_which_counters_tell_that_a_pod_ran(counters: Obj, expected: State) -> None:
    assert run_status(job(backoff_limit=3, **counters), [], [], now()).state is expected


@pytest.mark.parametrize(
    ("spec", "conditions", "expected"),
    [
        ({}, [condition("Suspended")], State.QUEUED),
        ({}, [condition("Suspended", status="False")], State.RUNNING),
        ({}, [], State.RUNNING),
        ({"suspend": False}, [condition("Suspended")], State.RUNNING),
        ({"suspend": True}, [], State.QUEUED),
    ],
)
def test_a_job_is_held_by_its_spec_or_where_that_says_nothing_by_its_condition(
    spec: Obj, conditions: list[Obj], expected: State
) -> None:
    its = job(conditions, ready=1)
    del its["spec"]["suspend"]
    its["spec"] |= spec
    assert run_status(its, [], [], now()).state is expected


def test_the_verdict_is_that_of_failed_and_before_it_that_of_failure_target() -> None:
    both = job([condition("FailureTarget", "PodFailurePolicy"), condition("Failed", "BackoffLimitExceeded")])
    found = run_status(both, [], [], now()).cause
    assert found is not None
    assert found.code is CauseCode.BACKOFF_LIMIT_EXCEEDED
    target = read_job(job([condition("FailureTarget", "PodFailurePolicy")])).failure
    assert target is not None
    assert target.reason == "PodFailurePolicy"
    assert read_job(job([condition("Complete")])).failure is None


def test_the_peak_of_a_job_outlives_its_pods_and_the_highest_counts() -> None:
    its = job(failed(), annotations={labels.PEAK_MEMORY: str(900 * 2**20)}, failed=1)
    assert run_status(its, [], [], now()).peak_memory_bytes == 900 * 2**20
    words = json.dumps({"peakMemoryBytes": 950 * 2**20})
    higher = run_status(its, [pod(terminated(1, message=words))], [], now())
    assert higher.peak_memory_bytes == 950 * 2**20
    its["metadata"]["annotations"][labels.PEAK_MEMORY] = "0"
    assert run_status(its, [], [], now()).peak_memory_bytes is None


def test_without_a_uid_events_are_known_by_the_name_of_the_job() -> None:
    its = job()
    del its["metadata"]["uid"]
    refusals = [
        event("FailedCreate", "exceeded quota: ours", involvedObject={"kind": "Job", "name": JOB}),
        event("FailedCreate", "Pod's", involvedObject={"kind": "Pod", "name": JOB}, seconds=20),
        event("FailedCreate", "another's", involvedObject={"kind": "Job", "name": "another"}, seconds=20),
    ]
    found = run_status(its, [], refusals, now()).cause
    assert found is not None
    assert found.code is CauseCode.QUOTA_EXCEEDED
