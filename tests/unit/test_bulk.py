"""What becomes of a batch where single pipelines, or the API server, are not as one would wish."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client import Pipeline
from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.deploying.bulk import Batch, Deployment
from k8s_pipeline_client.deploying.concurrency import ConcurrencyLimit
from k8s_pipeline_client.deploying.copies import by_the_files
from k8s_pipeline_client.domain import naming
from k8s_pipeline_client.errors import (
    ApiError,
    ForbiddenError,
    InvalidError,
    PipelineError,
    UnauthorizedError,
    UnreachableError,
)
from k8s_pipeline_client.render.token import token_of
from tests.fakes import FakeCluster, Request
from tests.unit.scene import cluster, deploy, others, pipeline, planned, token

MANY = others(30)
TOKEN = naming.token_secret_name(instance="openmetadata", bot="ingestion-bot")


@pytest.fixture(autouse=True)
def no_pauses(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.deploying.bulk._THROTTLED_PAUSE", 0.001)
    mocker.patch("k8s_pipeline_client.polling.time.sleep")


def batch(fake: FakeCluster, items: list[Pipeline] = MANY, *, parallel: int = 8, **options: object) -> list[Deployment]:
    return Batch(fake, items, planned, by_the_files(), parallel=parallel, **options).run()  # type: ignore[arg-type]


def refuse(fake: FakeCluster, error: PipelineError, name: str) -> None:
    """Refuse each write of one pipeline's CronJob."""

    def hook(request: Request) -> None:
        if request.verb == "patch" and request.name == name:
            raise error

    fake.before(hook)


def test_a_429_that_outlasts_a_request_slows_the_batch_and_does_not_end_it(mocker: MockerFixture) -> None:
    fake = cluster()
    back_off = mocker.spy(ConcurrencyLimit, "back_off")
    left = [40]
    lock = threading.Lock()

    def throttle(request: Request) -> None:
        with lock:
            if request.verb == "patch" and left[0]:
                left[0] -= 1
                fake.too_many += 1
                raise ApiError("too many requests", status=429, reason="TooManyRequests")

    fake.before(throttle)
    done = batch(fake)
    assert Counter(each.action for each in done) == {"created": len(MANY)}
    assert back_off.call_count
    assert len(fake.list(Kind.CRONJOB)) == len(MANY)


def test_an_api_server_that_says_429_to_everything_ends_the_batch_in_the_end(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.deploying.bulk._GIVE_UP_SECONDS", 0.05)
    fake = cluster()

    def throttle(request: Request) -> None:
        fake.too_many += 1
        raise ApiError("too many requests", status=429, reason="TooManyRequests")

    fake.before(throttle)
    done = batch(fake)
    assert set(Counter(each.action for each in done)) == {"failed", "not tried"}
    assert {each.error.status for each in done if isinstance(each.error, ApiError)} == {429}


def test_one_that_is_refused_does_not_hold_up_the_others() -> None:
    fake = cluster()
    refuse(fake, InvalidError("it is too long", status=422, reason="Invalid"), MANY[7].resource_name)
    done = batch(fake)
    assert [number for number, each in enumerate(done) if each.action == "failed"] == [7]
    assert Counter(each.action for each in done)["created"] == len(MANY) - 1
    assert [each.fqn for each in done] == [item.fqn for item in MANY]


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError("no answer"),
        UnauthorizedError("who are you", status=401),
        ForbiddenError('cronjobs is forbidden: User "x" cannot patch', status=403, code="AccessDenied"),
        ApiError("bad gateway", status=502),
    ],
    ids=["unreachable", "unauthorized", "a right is missing", "unwell"],
)
def test_what_would_refuse_all_ends_the_batch(error: PipelineError) -> None:
    fake = cluster()

    def hook(request: Request) -> None:
        if request.verb == "patch" and request.kind == Kind.CRONJOB:
            raise error

    fake.before(hook)
    done = batch(fake, parallel=2)
    counted = Counter(each.action for each in done)
    assert counted["failed"] <= 2
    assert counted["not tried"] == len(MANY) - counted["failed"]


def test_an_admission_that_refuses_single_objects_does_not() -> None:
    fake = cluster()
    refuse(fake, ForbiddenError("a policy says no", status=403), MANY[0].resource_name)
    assert Counter(each.action for each in batch(fake)) == {"created": len(MANY) - 1, "failed": 1}


def test_an_interrupt_finishes_those_that_are_begun_and_names_the_rest() -> None:
    fake = cluster()
    done: list[Deployment] = []

    def interrupt_at_the_fifth(deployment: Deployment) -> None:
        done.append(deployment)
        if len(done) == 5:
            os.kill(os.getpid(), signal.SIGINT)

    found = batch(fake, others(200), parallel=4, on_done=interrupt_at_the_fifth)
    counted = Counter(each.action for each in found)
    assert set(counted) == {"created", "interrupted"}
    assert counted["created"] == len(done) == len(fake.list(Kind.CRONJOB))
    assert not [item for item in fake.list(Kind.CRONJOB) if item["spec"]["suspend"]]


def test_progress_is_told_once_for_each_by_one_thread_at_a_time() -> None:
    fake = cluster()
    batch(fake, MANY[:10])
    inside = threading.Lock()
    told: list[str] = []

    def on_done(deployment: Deployment) -> None:
        assert inside.acquire(blocking=False)
        told.append(deployment.action)
        inside.release()

    batch(fake, on_done=on_done)
    assert Counter(told) == {"unchanged": 10, "created": len(MANY) - 10}


def test_a_token_that_a_delete_removes_between_lists_and_claims_is_there_in_the_end() -> None:
    fake = cluster()
    deploy(fake, pipeline())
    gone: list[Request] = []

    def delete_once(request: Request) -> None:
        if request.kind == Kind.CRONJOB and request.verb == "patch" and not gone:
            gone.append(request)
            fake.delete(Kind.SECRET, TOKEN, Propagation.BACKGROUND)

    fake.before(delete_once)
    assert {each.action for each in batch(fake)} == {"created"}
    assert gone
    assert token_of(fake.get(Kind.SECRET, TOKEN)) == token()


@pytest.mark.parametrize("which", ["after the first", "at the end"])
def test_what_is_deployed_is_told_where_a_look_at_what_is_shared_fails(which: str) -> None:
    fake = cluster()
    lists: list[Request] = []

    def fail(request: Request) -> None:
        if request.verb == "list" and request.kind == Kind.SECRET:
            lists.append(request)
            if len(lists) == (2 if which == "after the first" else 3):
                raise ApiError("etcd is busy", status=500)

    fake.before(fail)
    done = batch(fake)
    counted = Counter(each.action for each in done)
    assert len(lists) == 3
    assert counted == {"created" if which == "after the first" else "failed": len(MANY)}
    assert len(fake.list(Kind.CRONJOB)) == len(MANY)
