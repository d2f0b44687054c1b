"""A deploy is cut short, or refused, at each of its requests."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client import Pipeline
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.errors import ForbiddenError, PipelineError, UnreachableError
from tests.fakes import FakeCluster, Request
from tests.unit.scene import (
    Content,
    assert_holds_one_of,
    assert_no_half_fires,
    assert_nothing_unowned,
    cluster,
    deploy,
    pipeline,
    planned,
    renamed,
    token,
)

OLD, NEW = pipeline(level="WARN", token=token(1)), pipeline(level="INFO", token=token(2))
RENAMED = renamed(level="INFO", token=token(2))
DISABLED = pipeline(level="INFO", token=token(2), enabled=False)
CASES = {
    "new": (None, NEW),
    "changed": (OLD, NEW),
    "disabled": (OLD, DISABLED),
    "enabled": (pipeline(level="WARN", token=token(1), enabled=False), NEW),
    "renamed": (OLD, RENAMED),
    "token moves into its Secret": (pipeline(level="WARN", token="opaque"), NEW),
}

case = pytest.mark.parametrize(("before", "item"), CASES.values(), ids=CASES.keys())


@pytest.fixture(autouse=True)
def no_pauses(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.polling.time.sleep")


def scene(before: Pipeline | None) -> FakeCluster:
    """Return a namespace in which the pipeline is as it was before, and another one has the same bot."""
    fake = cluster()
    if before is not None:
        deploy(fake, before)
    fake.requests.clear()
    return fake


def requests(before: Pipeline | None, item: Pipeline) -> list[Request]:
    """Return what a deploy asks for if nothing is in its way."""
    fake = scene(before)
    deploy(fake, item)
    return list(fake.requests)


@case
@pytest.mark.parametrize(
    ("error", "lost"),
    [(KeyboardInterrupt(), False), (UnreachableError("no answer"), False), (UnreachableError("no answer"), True)],
    ids=["killed", "unreachable", "the answer is lost"],
)
def test_a_deploy_that_is_cut_short_leaves_nothing_half_and_the_next_one_completes_it(
    before: Pipeline | None, item: Pipeline, error: BaseException, lost: bool
) -> None:
    for number in range(1, len(requests(before, item)) + 1):
        fake = scene(before)
        cut = partial(_raise, fake, number, error)
        end = fake.after(cut) if lost else fake.before(cut)
        with suppress(KeyboardInterrupt, UnreachableError):
            deploy(fake, item)
        end()
        assert_nothing_unowned(fake)
        assert len([cronjob for cronjob in fake.list(Kind.CRONJOB) if not cronjob["spec"]["suspend"]]) <= 1
        if before is None:
            assert_no_half_fires(fake)
        deploy(fake, item)
        assert_holds_one_of(fake, item)


@case
def test_a_deploy_of_which_a_write_is_refused_puts_back_what_was_there(before: Pipeline | None, item: Pipeline) -> None:
    refused = ForbiddenError("admission says no", status=403, reason="Forbidden")
    asked = requests(before, item)
    for number, request in enumerate(asked, start=1):
        if request.verb not in ("create", "patch", "delete"):
            continue
        fake = scene(before)
        was = Content.of(fake)
        fake.requests.clear()
        end = fake.before(partial(_raise, fake, number, refused))
        with pytest.raises(PipelineError, match="admission says no") as caught:
            deploy(fake, item)
        end()
        assert_nothing_unowned(fake)
        if any(earlier.verb == "delete" for earlier in asked[: number - 1]):
            assert "deploy again" in str(caught.value)  # what the pipeline was before it was renamed is gone
        else:
            # The launcher never changes, and a token that is newer is right for all.
            stays = {f"ConfigMap {planned(item).launcher['metadata']['name']}", *_newer_token(before, item)}
            assert {*Content.of(fake).differences(was)} <= stays
        deploy(fake, item)
        assert_holds_one_of(fake, item)


def _newer_token(before: Pipeline | None, item: Pipeline) -> list[str]:
    was, now = before and planned(before).token, planned(item).token
    return [f"Secret {now['metadata']['name']}"] if was and now and was != now else []


def _raise(fake: FakeCluster, number: int, error: BaseException, _: Request) -> None:
    if len(fake.requests) == number:
        raise error
