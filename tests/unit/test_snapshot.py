"""A snapshot keeps little of what it reads, and all that is read of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from k8s_pipeline_client import Pipelines
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.deploying.compare import compare
from k8s_pipeline_client.deploying.fetch import ServerPipeline
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.inventory.snapshot import read_snapshot, reduced
from k8s_pipeline_client.status import events_tell_more, pipeline_status, run_status
from tests.fakes import FakeCluster
from tests.unit.crowd import SETTINGS, Crowd, pipeline
from tests.unit.status_cases.build import now
from tests.unit.status_cases.case import Case
from tests.unit.status_cases.ended import ATTEMPTS, ENDED
from tests.unit.status_cases.images import IMAGES
from tests.unit.status_cases.needs import NEEDS
from tests.unit.status_cases.waits import WAITS
from tests.unit.status_cases.weighed import WEIGHED
from tests.unit.test_status_real import MOMENTS

CASES = [*ENDED, *ATTEMPTS, *IMAGES, *NEEDS, *WAITS, *WEIGHED]


def _same(job: Any, pods: Sequence[Any], events: Sequence[Any], moment: datetime) -> None:
    def small(item: Any, kind: Kind) -> Any:
        return reduced({"metadata": {}, **item, "kind": str(kind)})

    small_pods = [small(pod, Kind.POD) for pod in pods]
    small_events = [small(event, Kind.EVENT) for event in events]
    whole = run_status(job, pods, events, moment)
    assert run_status(small(job, Kind.JOB), small_pods, small_events, moment) == whole


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_run_is_told_the_same_by_what_is_kept(case: Case) -> None:
    _same(case.job, case.pods, case.events, now())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_events_are_left_out_only_where_they_tell_nothing(case: Case) -> None:
    _tells_nothing_left_out(case.job, case.pods, case.events, now())


@pytest.mark.parametrize("name", MOMENTS)
def test_of_real_runs_too(name: str) -> None:
    for moment in MOMENTS[name]:
        _tells_nothing_left_out(moment["job"], moment["pods"], moment["events"], datetime.fromisoformat(moment["now"]))


def _tells_nothing_left_out(job: Any, pods: Any, events: Any, moment: datetime) -> None:
    without = run_status(job, pods, (), moment)
    assert events_tell_more(without, moment) or run_status(job, pods, events, moment) == without


@pytest.mark.parametrize("name", MOMENTS)
def test_a_real_run_is_told_the_same_by_what_is_kept(name: str) -> None:
    for moment in MOMENTS[name]:
        _same(moment["job"], moment["pods"], moment["events"], datetime.fromisoformat(moment["now"]))


@pytest.mark.parametrize("change", [{}, {"schedule": None}, {"display_name": "another"}])
@pytest.mark.parametrize("by", ["nobody", "a person"])
def test_a_pipeline_is_compared_the_same_by_what_is_kept(change: dict[str, Any], by: str) -> None:
    fake = FakeCluster("ns")
    Pipelines(fake, SETTINGS).deploy(pipeline(), source=Source.SERVER)
    if by == "a person":
        name = pipeline().resource_name
        manifest = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": name, "namespace": "ns"},
            "spec": {"suspend": True},
        }
        fake.apply(manifest, manager="kubectl", force=True)
    (cronjob,) = fake.list(Kind.CRONJOB)
    own = pipeline(**change)
    server = ServerPipeline(own.fqn, own.id or "", own.display_name, own.service, own.pipeline_type, own)
    assert compare([server], [reduced(cronjob)], SETTINGS) == compare([server], [cronjob], SETTINGS)
    later = fake.now() + timedelta(days=1)
    due = fake.now() + timedelta(hours=1)
    assert pipeline_status(reduced(cronjob), [], later, due_at=due) == pipeline_status(cronjob, [], later, due_at=due)


def test_little_is_kept() -> None:
    crowd = Crowd(0)
    crowd.client.pipelines.run(crowd.name)
    for kind, share in ((Kind.CRONJOB, 0.4), (Kind.JOB, 0.6)):
        whole = crowd.fake.list(kind)[-1]
        assert len(json.dumps(reduced(whole))) < share * len(json.dumps(whole))


def test_what_belongs_together_is_found_together() -> None:
    crowd = Crowd(30)
    found = read_snapshot(crowd.fake, "k8s-pipeline/pipeline")
    assert len(found.cronjobs) == len(found.items) == 31
    assert len(found.jobs) == 42
    assert found.jobs_by_pipeline[crowd.name][0]["metadata"]["name"] == f"{crowd.name}-11"
    assert len(found.pods_by_job[f"{crowd.name}-3"]) == 1
