"""A pipeline is deployed while somebody else does something to it: at each point between two requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_mock import MockerFixture

from k8s_pipeline_client import Pipeline
from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.deploying.copies import by_the_entity
from k8s_pipeline_client.deploying.deploy import Deployer
from k8s_pipeline_client.domain.managers import MANAGER, SUSPEND_MANAGER
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import ForeignObjectError, ManagedElsewhereError, RunActiveError
from k8s_pipeline_client.render import plan
from tests.fakes import FakeCluster, Request
from tests.unit.scene import (
    SETTINGS,
    assert_holds_one_of,
    assert_nothing_unowned,
    client,
    cluster,
    deploy,
    pipeline,
    planned,
    renamed,
    token,
)
from tests.unit.turns import take_turns

BEFORE, ONE, OTHER = pipeline(level="WARN"), pipeline(level="INFO"), pipeline(level="DEBUG")
ONE_DISABLED = pipeline(level="INFO", enabled=False)
RENAMED = renamed()
IN_DOCUMENT, MOVED = pipeline(token="nobody's"), pipeline(level="DEBUG")

Deed = Callable[[FakeCluster], object]


def switch(verb: str) -> Deed:
    """Enable or disable all that is there."""

    def deed(fake: FakeCluster) -> None:
        pipelines = client(fake)
        for name, _ in pipelines.names():
            getattr(pipelines, verb)(name)

    return deed


@pytest.fixture(autouse=True)
def no_pauses(mocker: MockerFixture) -> None:
    """What waits for somebody else asks again at once."""
    mocker.patch("k8s_pipeline_client.polling.time.sleep")


def points(before: Pipeline | None, item: Pipeline, deed: Deed) -> Iterator[tuple[FakeCluster, bool]]:
    """Deploy once for each of the deploy's requests, with the deed done before it.

    A deploy may be refused for what the deed has done; then what the deed has left has to be whole.

    Yields:
        The cluster, and whether the deploy has written anything after the deed.
    """
    asked = number = 1
    while number <= asked:
        fake = cluster()
        if before is not None:
            deploy(fake, before)
        fake.requests.clear()

        done: list[Request] = []

        def amid(request: Request, fake: FakeCluster = fake, number: int = number, done: list[Request] = done) -> None:
            if len(fake.requests) == number:
                done.append(request)
                deed(fake)

        end = fake.before(amid)
        with suppress(RunActiveError):  # somebody has to deploy again, and is told so
            deploy(fake, item)
        end()
        wrote = any(request.verb in ("create", "patch") for request in fake.requests[number - 1 :])
        asked, number = max(asked, len(fake.requests)), number + 1
        if done:
            yield fake, wrote


def delete(fake: FakeCluster, *, wait: bool = True) -> None:
    pipelines = client(fake)
    for name, _ in pipelines.names():
        pipelines.delete(name, wait=wait)


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("before", [None, BEFORE], ids=["new", "existing"])
def test_a_delete_amid_a_deploy_leaves_a_whole_pipeline_wherever_it_comes(before: Pipeline | None, wait: bool) -> None:
    for fake, wrote in points(before, ONE, partial(delete, wait=wait)):
        if wrote:
            assert_holds_one_of(fake, ONE)
        else:
            assert not fake.list(Kind.CRONJOB)
        assert_nothing_unowned(fake)


@pytest.mark.parametrize("wait", [True, False])
def test_a_deploy_amid_a_delete_of_what_was_read_before_leaves_what_it_deploys(wait: bool) -> None:
    asked = number = 1
    kept: list[bool] = []
    while number <= asked:
        fake = cluster()
        deploy(fake, BEFORE)
        cronjob = fake.get(Kind.CRONJOB, BEFORE.resource_name)
        fake.requests.clear()

        done: list[Request] = []

        def amid(request: Request, fake: FakeCluster = fake, number: int = number, done: list[Request] = done) -> None:
            if len(fake.requests) == number:
                done.append(request)
                deploy(fake, ONE)

        end = fake.before(amid)
        is_deleted = client(fake).delete_as_read(cronjob, wait=wait)
        end()
        asked, number = max(asked, len(fake.requests)), number + 1
        if not done:
            continue
        assert_holds_one_of(fake, ONE)
        assert_nothing_unowned(fake)
        there = fake.get(Kind.CRONJOB, ONE.resource_name)["metadata"]["uid"]
        assert is_deleted is (there != cronjob["metadata"]["uid"])
        kept.append(not is_deleted)
    assert {*kept} == {True, False}


@pytest.mark.parametrize("other", [OTHER, BEFORE, ONE_DISABLED], ids=["other", "what was before", "disabled"])
@pytest.mark.parametrize("before", [None, BEFORE], ids=["new", "existing"])
@pytest.mark.parametrize("item", [ONE, ONE_DISABLED], ids=["enabled", "disabled"])
def test_another_deploy_amid_a_deploy_leaves_one_of_the_two_definitions(
    before: Pipeline | None, item: Pipeline, other: Pipeline
) -> None:
    for fake, _ in points(before, item, lambda fake: deploy(fake, other)):
        assert_holds_one_of(fake, item, other)
        assert_nothing_unowned(fake)


@pytest.mark.parametrize("other", [ONE, IN_DOCUMENT], ids=["the same", "what was before"])
def test_another_deploy_amid_one_that_moves_the_token_leaves_one_of_the_two_definitions(other: Pipeline) -> None:
    for fake, _ in points(IN_DOCUMENT, MOVED, lambda fake: deploy(fake, other)):
        assert_holds_one_of(fake, MOVED, other)
        assert_nothing_unowned(fake)


@pytest.mark.parametrize("before", [None, BEFORE], ids=["new", "existing"])
def test_a_pipeline_that_is_disabled_amid_a_deploy_is_disabled_if_the_deploy_says_so_or_was_over(
    before: Pipeline | None,
) -> None:
    for fake, wrote in points(before, ONE, switch("disable")):
        assert_holds_one_of(fake, *([ONE] if wrote and before is None else [ONE, ONE_DISABLED]))


def test_a_pipeline_that_is_enabled_amid_a_deploy_that_disables_it_is_whole() -> None:
    for fake, _ in points(BEFORE, ONE_DISABLED, switch("enable")):
        assert_holds_one_of(fake, ONE, ONE_DISABLED)


@pytest.mark.parametrize("item", [BEFORE, ONE, RENAMED], ids=["unchanged", "changed", "renamed, too"])
def test_a_rename_amid_a_deploy_leaves_one_pipeline_under_one_name(item: Pipeline) -> None:
    for fake, _ in points(BEFORE, item, lambda fake: deploy(fake, RENAMED)):
        assert_holds_one_of(fake, RENAMED, item)
        assert_nothing_unowned(fake)


def test_a_deploy_that_began_anew_says_all_that_it_has_done() -> None:
    fake = cluster()
    deploy(fake, pipeline(level="WARN", token=token(1)))
    deeds: list[Request] = []

    def finish_it(request: Request) -> None:
        if request.verb == "patch" and request.kind == Kind.CRONJOB and not deeds:
            deeds.append(request)
            deploy(fake, ONE)

    end = fake.before(finish_it)
    result = deploy(fake, ONE)
    end()
    assert result.action == "updated"
    assert [note for note in result.notes if "its token is newer" in note]


def test_what_a_deploy_created_before_it_began_anew_it_has_created() -> None:
    fake = cluster()
    deeds: list[Request] = []

    def touch(request: Request) -> None:
        if request.manager == SUSPEND_MANAGER and not deeds:
            deeds.append(request)
            fake.merge(Kind.CRONJOB, ONE.resource_name, {"metadata": {"annotations": {"somebody": "else"}}})

    end = fake.before(touch)
    result = deploy(fake, ONE)
    end()
    assert result.action == "created"
    assert not result.notes


def before_the_claim(fake: FakeCluster, deed: Deed) -> Callable[[], None]:
    """Do something once, right before the first write to a CronJob."""
    done: list[Request] = []

    def amid(request: Request) -> None:
        if request.verb in ("create", "patch") and request.kind == Kind.CRONJOB and not done:
            done.append(request)
            deed(fake)

    return fake.before(amid)


def test_a_cronjob_that_another_source_creates_before_the_claim_is_not_taken_over() -> None:
    fake = cluster()

    def from_the_server(fake: FakeCluster) -> None:
        Deployer(fake).deploy(plan(OTHER, SETTINGS, source=Source.SERVER), by_the_entity)
        theirs.append(fake.get(Kind.CRONJOB, OTHER.resource_name))

    theirs: list[Object] = []
    end = before_the_claim(fake, from_the_server)
    with pytest.raises(ManagedElsewhereError):
        deploy(fake, ONE)
    end()
    assert [fake.get(Kind.CRONJOB, OTHER.resource_name)] == theirs


def test_a_strangers_cronjob_that_comes_before_the_claim_is_not_taken_over() -> None:
    fake = cluster()
    manifest = planned(ONE).suspended_cronjob()
    stranger = {**manifest, "metadata": {"name": ONE.resource_name, "namespace": fake.namespace}}
    end = before_the_claim(fake, lambda fake: fake.create(stranger))
    with pytest.raises(ForeignObjectError):
        deploy(fake, ONE)
    end()
    assert "annotations" not in fake.get(Kind.CRONJOB, ONE.resource_name)["metadata"]


def test_a_claim_whose_response_was_lost_is_ours() -> None:
    fake = cluster()
    end = before_the_claim(fake, lambda fake: fake.apply(planned(ONE).suspended_cronjob(), manager=MANAGER))
    result = deploy(fake, ONE)
    end()
    assert result.action == "created"
    assert not result.notes
    assert_holds_one_of(fake, ONE)


def test_a_deploy_that_began_anew_looks_at_what_it_did_not_write_as_well() -> None:
    fake = cluster()
    deploy(fake, ONE)
    order = [0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1]
    take_turns(fake, [lambda: deploy(fake, BEFORE), lambda: deploy(fake, ONE)], order)
    assert_holds_one_of(fake, BEFORE, ONE)


def test_two_deploys_at_once_end_in_one_definition_in_whichever_order_their_requests_come(
    mocker: MockerFixture,
) -> None:
    @hypothesis_settings(deadline=None)
    @given(
        st.sampled_from([None, BEFORE, ONE, OTHER]),
        st.tuples(*[st.sampled_from([BEFORE, ONE, OTHER, ONE_DISABLED])] * 2),
        st.lists(st.integers(0, 1), max_size=40),
    )
    def check(before: Pipeline | None, items: tuple[Pipeline, Pipeline], order: list[int]) -> None:
        fake = cluster()
        if before is not None:
            deploy(fake, before)
        errors = take_turns(fake, [lambda: deploy(fake, items[0]), lambda: deploy(fake, items[1])], order)
        assert errors == [None, None]
        assert_holds_one_of(fake, *items)
        assert_nothing_unowned(fake)

    check()
