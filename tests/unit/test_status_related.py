"""Whose events are worth being read beside those of the run's own objects."""

from __future__ import annotations

from k8s_pipeline_client.status import related_objects

from .status_cases.build import JOB, Obj, condition, event, job, pod, running


def created(*names: str) -> list[Obj]:
    return [event("SuccessfulCreate", f"Created pod: {name}") for name in names]


def test_pods_that_are_gone_are_asked_for_by_name_and_no_others() -> None:
    events = [*created("gone-1", f"{JOB}-4xk2p", "gone-2"), event("SuccessfulDelete", "Deleted pod: gone-1")]

    assert related_objects([job(), pod(running(), "Running")], events) == [("Pod", "gone-2"), ("Pod", "gone-1")]


def test_claims_are_asked_for_while_their_pod_has_no_node() -> None:
    volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": "dbt"}}, {"name": "e", "ephemeral": {"a": 1}}]
    waiting = pod(None, "Pending", conditions=[condition("PodScheduled", "Unschedulable", status="False")])
    placed = pod(running(), "Running", conditions=[condition("PodScheduled")])
    for item in (waiting, placed):
        item["spec"]["volumes"] = volumes

    wanted = [("PersistentVolumeClaim", "dbt"), ("PersistentVolumeClaim", f"{JOB}-4xk2p-e")]
    assert related_objects([waiting], []) == wanted
    assert related_objects([placed], []) == []


def test_many_pods_that_are_gone_are_not_all_asked_for() -> None:
    found = related_objects([job()], created(*(f"gone-{number}" for number in range(50))))

    assert (len(found), found[0]) == (10, ("Pod", "gone-49"))


def test_only_what_a_job_says_that_it_has_created_counts() -> None:
    events = [event("SuccessfulCreate", "odd"), event("Odd", "Created pod: gone-1")]
    assert related_objects([job()], events) == []


def test_odd_objects_do_no_harm() -> None:
    assert related_objects([{}, {"status": {"conditions": None}, "spec": 3}], [{}, {"message": 3}]) == []
