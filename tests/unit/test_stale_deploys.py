"""Deploys of an earlier state of an entity: they come in between and last, and do not replace a later one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_mock import MockerFixture

from k8s_pipeline_client import Pipeline
from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.deploying.copies import by_the_entity
from k8s_pipeline_client.deploying.deploy import Action, Deployer, DeployResult
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import UnreachableError
from k8s_pipeline_client.render import plan
from tests.fakes import FakeCluster, Request
from tests.unit.scene import (
    SETTINGS,
    Content,
    assert_no_half_fires,
    assert_nothing_unowned,
    client,
    cluster,
    others,
    pipeline,
    token,
)
from tests.unit.turns import take_turns

NAME = pipeline().resource_name
YEARLY = Schedule("0 4 1 1 *", "UTC")
ONCE_A_MONTH = pipeline(level="INFO")
OTHERS: dict[str, Pipeline] = {
    "document": pipeline(level="DEBUG"),
    "schedule": pipeline(level="INFO", schedule=YEARLY),
    "what only the CronJob has": pipeline(level="INFO", may_overlap=True),
    "disabled": pipeline(level="INFO", enabled=False),
    "nothing": ONCE_A_MONTH,
}
"""In what the older state may differ from the newer."""


@pytest.fixture(autouse=True)
def no_pauses(mocker: MockerFixture) -> None:
    """What waits for somebody else asks again at once."""
    mocker.patch("k8s_pipeline_client.polling.time.sleep")


def deploy(
    fake: FakeCluster, item: Pipeline, at: int | None, current: Callable[[], int | None] = lambda: None
) -> DeployResult:
    """Deploy a state of the entity as the server does."""
    deployer = Deployer(fake, current=lambda _: current())
    return deployer.deploy(plan(replace(item, updated_at=at), SETTINGS, source=Source.SERVER), by_the_entity)


def content(fake: FakeCluster) -> Content:
    """Return what a namespace holds, without the marks."""
    found = Content.of(fake).objects
    for item in found.values():
        item["metadata"].get("annotations", {}).pop(labels.UPDATED_AT, None)
    return Content(found)


def alone(item: Pipeline) -> Content:
    fake = cluster()
    deploy(fake, item, 1)
    return content(fake)


def mark(fake: FakeCluster) -> int:
    return int(annotation(fake.get(Kind.CONFIG_MAP, NAME), labels.UPDATED_AT))


def versions(fake: FakeCluster) -> dict[str, str]:
    kinds = (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP)
    return {kind: fake.get(kind, NAME)["metadata"]["resourceVersion"] for kind in kinds}


def test_an_older_body_is_ignored_and_nothing_is_written() -> None:
    fake = cluster()
    deploy(fake, ONCE_A_MONTH, 2)
    before = versions(fake)
    for current in (lambda: 2, lambda: 3, lambda: None):
        done = deploy(fake, OTHERS["document"], 1, current)
        assert done.action is Action.IGNORED
        assert done.notes
    assert versions(fake) == before


def test_it_is_taken_where_openmetadata_has_no_newer_one_either_and_the_mark_is_reset() -> None:
    fake = cluster()
    deploy(fake, OTHERS["document"], 5)
    assert deploy(fake, ONCE_A_MONTH, 2, lambda: 2).action is Action.UPDATED
    assert mark(fake) == 2
    assert content(fake).differences(alone(ONCE_A_MONTH)) == []
    assert deploy(fake, OTHERS["document"], 3).action is Action.UPDATED


def test_the_same_moment_is_decided_by_content() -> None:
    fake = cluster()
    deploy(fake, ONCE_A_MONTH, 2)
    assert deploy(fake, OTHERS["document"], 2).action is Action.UPDATED
    assert deploy(fake, OTHERS["document"], 2).action is Action.UNCHANGED


@pytest.mark.parametrize(("identity", "at"), [("11111111-1111-4111-8111-111111111111", 1), (ONCE_A_MONTH.id, None)])
def test_another_entity_and_one_that_does_not_say_are_not_compared(identity: str, at: int | None) -> None:
    fake = cluster()
    deploy(fake, ONCE_A_MONTH, 2)
    assert deploy(fake, replace(OTHERS["document"], id=identity), at).action is not Action.IGNORED
    assert client(fake).deploy(replace(ONCE_A_MONTH, updated_at=1), force=True).action is Action.UPDATED


def test_a_newer_moment_with_the_same_content_is_noted_and_the_cronjob_is_not_touched() -> None:
    fake = cluster()
    deploy(fake, ONCE_A_MONTH, 1)
    before = versions(fake)
    fake.requests.clear()
    assert deploy(fake, ONCE_A_MONTH, 2).action is Action.UNCHANGED
    asked, after = len(fake.requests), versions(fake)
    assert {kind for kind in before if before[kind] != after[kind]} == {Kind.CONFIG_MAP}
    assert asked <= 6
    assert deploy(fake, OTHERS["document"], 1).action is Action.IGNORED
    fake.requests.clear()
    assert deploy(fake, ONCE_A_MONTH, 2).action is Action.UNCHANGED
    assert len(fake.requests) <= 4
    assert {request.verb for request in fake.requests} <= {"get", "list"}


def test_an_earlier_name_does_not_come_back() -> None:
    fake = cluster()
    deploy(fake, ONCE_A_MONTH, 1)
    renamed = replace(ONCE_A_MONTH, fqn="pg_prod.renamed", name="renamed")
    deploy(fake, renamed, 2)
    assert deploy(fake, ONCE_A_MONTH, 1).action is Action.IGNORED
    assert [item["metadata"]["name"] for item in fake.list(Kind.CRONJOB)] == [renamed.resource_name]


def test_a_deploy_anew_after_a_delete_is_as_old_as_it_likes() -> None:
    fake = cluster()
    deploy(fake, ONCE_A_MONTH, 2)
    fake.collects = False
    fake.delete(Kind.CRONJOB, NAME, Propagation.BACKGROUND)
    assert deploy(fake, ONCE_A_MONTH, 1).action is Action.CREATED
    assert mark(fake) == 1


def test_of_many_at_once_each_is_compared() -> None:
    fake = cluster()
    items = [replace(item, updated_at=2) for item in others(30)]
    pipelines = client(fake)
    pipelines.deploy_all(items, source=Source.SERVER)
    older = [replace(item, updated_at=1, display_name="older") for item in items[:10]]
    newer = [replace(item, updated_at=3) for item in items[10:20]]
    fake.requests.clear()
    done = pipelines.deploy_all([*older, *newer, *items[20:]], source=Source.SERVER)
    assert [item.action for item in done] == ["ignored"] * 10 + ["unchanged"] * 20
    fake.requests.clear()
    pipelines.deploy_all([*items[:10], *newer, *items[20:]], source=Source.SERVER)
    assert len(fake.requests) == 3


def both(fake: FakeCluster, older: Pipeline, order: list[int]) -> None:
    """Deploy the older state (0) and the newer one (1) at the same time, and check that the newer is there, whole."""
    errors = take_turns(fake, [lambda: deploy(fake, older, 2), lambda: deploy(fake, ONCE_A_MONTH, 3, lambda: 3)], order)
    assert errors == [None, None]
    assert content(fake).differences(alone(ONCE_A_MONTH)) == []
    assert mark(fake) == 3
    assert_nothing_unowned(fake)
    assert_no_half_fires(fake)
    assert deploy(fake, ONCE_A_MONTH, 3).action is Action.UNCHANGED
    if older is not ONCE_A_MONTH:
        assert deploy(fake, older, 2).action is Action.IGNORED


def there(before: Pipeline | None) -> FakeCluster:
    fake = cluster()
    if before is not None:
        deploy(fake, before, 1)
    return fake


BEFORE = {"new": None, "another": pipeline(level="WARN"), "the newer": ONCE_A_MONTH, "the older": ...}
STEPS = 14
"""A deploy makes fewer requests than this, unless it starts over."""


SCENES = list(product(BEFORE, OTHERS))


@pytest.mark.parametrize(("before", "differs"), SCENES)
@pytest.mark.parametrize("first", [0, 1], ids=["older first", "newer first"])
def test_of_two_at_once_the_newer_is_there_in_the_end(before: str, differs: str, first: int) -> None:
    older = OTHERS[differs]
    was = older if before == "the older" else BEFORE[before]
    scene = there(was)  # type: ignore[arg-type]
    for own, others_ in product(range(1, STEPS), (60,)):
        # One goes so far, the other some steps or to its end, then the first to its end.
        both(scene.fork(), older, [first] * own + [1 - first] * others_ + [first] * 60)


@hypothesis_settings(max_examples=120, deadline=None)
@given(st.sampled_from(SCENES), st.lists(st.integers(0, 1), max_size=60))
def test_of_two_in_any_order_the_newer_is_there_in_the_end(scene: tuple[str, str], order: list[int]) -> None:
    older = OTHERS[scene[1]]
    both(there(older if scene[0] == "the older" else BEFORE[scene[0]]), older, order)  # type: ignore[arg-type]


@pytest.mark.parametrize("before", ["new", "another"])
def test_an_older_one_that_comes_where_the_newer_was_cut_short_leaves_it_to_be_completed(before: str) -> None:
    whole = there(BEFORE[before])  # type: ignore[arg-type]
    whole.requests.clear()
    deploy(whole, ONCE_A_MONTH, 3)
    for number in range(1, len(whole.requests) + 1):
        fake = there(BEFORE[before])  # type: ignore[arg-type]
        fake.requests.clear()

        def cut(_: Request, fake: FakeCluster = fake, number: int = number) -> None:
            if len(fake.requests) == number:
                raise UnreachableError("no answer")

        end = fake.after(cut)
        with suppress(UnreachableError):
            deploy(fake, ONCE_A_MONTH, 3)
        end()
        deploy(fake, OTHERS["document"], 2, lambda: 3)
        assert_nothing_unowned(fake)
        deploy(fake, ONCE_A_MONTH, 3)
        assert content(fake).differences(alone(ONCE_A_MONTH)) == []


def test_a_claim_whose_answer_was_lost_is_ours() -> None:
    fake = cluster()

    def lose(request: Request) -> None:
        if (request.verb, request.kind) == ("patch", Kind.CRONJOB):
            end()
            raise UnreachableError("no answer")

    end = fake.after(lose)
    with pytest.raises(UnreachableError):
        deploy(fake, ONCE_A_MONTH, 1)
    assert deploy(fake, ONCE_A_MONTH, 1).action is Action.UPDATED

    again = cluster()
    applied = again.apply

    def twice(manifest: dict[str, object], **words: object) -> object:
        if manifest["kind"] == Kind.CRONJOB and not again.list(Kind.CRONJOB):
            applied(manifest, **words)  # type: ignore[arg-type]
        return applied(manifest, **words)  # type: ignore[arg-type]

    again.apply = twice  # type: ignore[assignment, method-assign]
    assert deploy(again, ONCE_A_MONTH, 1).action is Action.CREATED
    assert again.get(Kind.CRONJOB, NAME)["spec"]["suspend"] is False


def test_a_token_that_moves_does_not_matter() -> None:
    opaque = pipeline(level="INFO", token="opaque")
    for order in ([0, 1] * 20, [0, 0, 0, 1] * 15, [1, 1, 1, 0] * 15, [0] * 6 + [1] * 40, [1] * 6 + [0] * 40):
        both(there(opaque), pipeline(level="DEBUG", token=token()), order)
