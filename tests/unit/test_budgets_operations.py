"""How many requests an operation costs, and how many objects they return: however many pipelines there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest

from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.errors import UnknownNameError
from tests.fakes import Request
from tests.unit.crowd import ENTITY, Crowd, pipeline

LAST = "00000000-0000-4000-8000-000000000011"


@dataclass(frozen=True)
class Cost:
    """What an operation cost."""

    requests: list[str]
    returned: int


def _run(crowd: Crowd) -> None:
    crowd.client.pipelines.run(crowd.name)


def _run_from_server(crowd: Crowd) -> None:
    crowd.client.run_pipeline(ENTITY)


def _status(crowd: Crowd) -> None:
    crowd.client.pipelines.status(crowd.name)


def _status_by_fqn(crowd: Crowd) -> None:
    crowd.client.pipelines.status(pipeline().fqn)


def _status_by_display_name(crowd: Crowd) -> None:
    crowd.client.pipelines.status(pipeline().display_name)


def _logs(crowd: Crowd) -> None:
    list(crowd.client.pipelines.logs(crowd.name))


def _logs_of_a_run(crowd: Crowd) -> None:
    list(crowd.client.pipelines.logs(LAST))


def _runs(crowd: Crowd) -> None:
    crowd.client.pipelines.runs(crowd.name)


def _queued(crowd: Crowd) -> None:
    assert crowd.client.queued_statuses(ENTITY) == []


def _last_logs(crowd: Crowd) -> None:
    crowd.client.last_logs(ENTITY)


def _kill(crowd: Crowd) -> None:
    crowd.run_of(crowd.name, 30, uid="00000000-0000-4000-8000-000000000030", status={"active": 1})
    crowd.fake.requests.clear()

    def end(request: Request) -> None:
        if request.verb == "patch" and request.kind == Kind.JOB:
            failed = {"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]}
            crowd.fake.set_status(Kind.JOB, request.name, failed)

    crowd.fake.after(end)
    assert len(crowd.client.pipelines.kill(crowd.name)) == 1


def _kill_at_once(crowd: Crowd) -> None:
    crowd.run_of(crowd.name, 30, uid="00000000-0000-4000-8000-000000000030", status={"active": 1})
    crowd.fake.requests.clear()
    assert crowd.client.kill_pipeline(ENTITY, wait=False).code == 200


def _kill_nothing(crowd: Crowd) -> None:
    crowd.client.kill_pipeline(ENTITY)


def _disable(crowd: Crowd) -> None:
    crowd.client.set_pipeline_enabled(ENTITY, False)


def _enable(crowd: Crowd) -> None:
    crowd.client.set_pipeline_enabled(ENTITY, True)


def _retry(crowd: Crowd) -> None:
    crowd.client.pipelines.retry(LAST)


def _wait(crowd: Crowd) -> None:
    crowd.client.pipelines.wait(f"{crowd.name}-11", timeout=5)


def _without_controllers(crowd: Crowd) -> None:
    """Have the pod of a Job go with it."""

    def end(request: Request) -> None:
        if request.verb == "delete" and request.kind == Kind.JOB:
            crowd.fake.delete(Kind.POD, f"{request.name}-aaaaa", Propagation.BACKGROUND)

    crowd.fake.after(end)


def _delete(crowd: Crowd) -> None:
    _without_controllers(crowd)
    crowd.client.pipelines.delete(crowd.name, timeout=5)


def _delete_from_server(crowd: Crowd) -> None:
    _without_controllers(crowd)
    crowd.client.delete_pipeline(ENTITY)


def _delete_at_once(crowd: Crowd) -> None:
    crowd.client.delete_pipeline(ENTITY, wait=False)


def _deploy(crowd: Crowd) -> None:
    crowd.client.pipelines.deploy(pipeline(display_name="another title"))


def _deploy_new(crowd: Crowd) -> None:
    crowd.client.pipelines.deploy(pipeline(fqn="pg_prod.other", id="11111111-1111-4111-8111-111111111111"))


def _not_deployed(crowd: Crowd) -> None:
    with pytest.raises(UnknownNameError):
        crowd.client.run_pipeline({**ENTITY, "fullyQualifiedName": "a.none"})


_MOST: dict[Callable[[Crowd], None], int] = {
    _run: 3,
    _run_from_server: 3,
    _status: 15,  # two for the expiry of its token
    _status_by_fqn: 16,
    _status_by_display_name: 18,
    _logs: 7,
    _logs_of_a_run: 7,
    _runs: 13,
    _queued: 2,
    _last_logs: 7,
    _kill: 12,  # one of them asks whether NAME is a Job
    _kill_at_once: 9,
    _kill_nothing: 2,
    _disable: 2,
    _enable: 2,
    _retry: 6,
    _wait: 4,
    _delete: 28,
    _delete_from_server: 28,
    _delete_at_once: 28,
    _deploy: 8,
    _deploy_new: 7,
    _not_deployed: 2,
}
"""The most requests that each may cost; see `Crowd` for what there is."""


@cache
def _crowd(size: int) -> Crowd:
    return Crowd(size)


def _cost(operation: Callable[[Crowd], None], size: int) -> Cost:
    crowd = _crowd(size).fork()
    crowd.fake.requests.clear()
    before = crowd.fake.returned
    operation(crowd)
    asked = [f"{request.verb} {request.kind} {request.labels or request.fields}" for request in crowd.fake.requests]
    return Cost(asked, crowd.fake.returned - before)


@pytest.mark.parametrize("operation", _MOST, ids=lambda operation: operation.__name__.lstrip("_"))
def test_what_concerns_one_pipeline_costs_the_same_among_3000(operation: Callable[[Crowd], None]) -> None:
    few, many = _cost(operation, 10), _cost(operation, 3000)

    assert len(many.requests) == len(few.requests)
    assert many.returned == few.returned
    assert len(few.requests) <= _MOST[operation], few.requests
