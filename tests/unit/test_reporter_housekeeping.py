"""What a reporter does now and then: tokens that waited are put in force, and what nothing uses is removed."""

from __future__ import annotations

from datetime import UTC, datetime

from pytest_mock import MockerFixture

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.render.token import next_token_of, token_of, with_next_token
from k8s_pipeline_client.reporter import Reporter
from tests.fakes import Request
from tests.unit import scene
from tests.unit.reporting import World

OLD, NEW = scene.token(2), scene.token(3)


def waiting(world: World, token: str = NEW) -> None:
    """Have a newer token wait in the Secret of the pipeline's bot."""
    plan = scene.planned(world.pipeline, world.settings)
    assert plan.token is not None
    world.fake.apply(with_next_token(plan.token, token), manager=MANAGER)
    assert next_token_of(secret_of(world)) == token


def secret_of(world: World) -> Object:
    (secret,) = world.fake.list(Kind.SECRET, labels=labels.TOKEN)
    return secret


def reporter_with_its_tokens(world: World) -> None:
    """Have a fresh reporter make a pass in which the server hears the token that it is asked with."""
    world.fake.advance(60)
    Reporter(world.fake, world.settings, lambda way: world.server.with_token(way.token), parallel=1).reconcile()


def test_a_token_that_waits_is_put_in_force_once_openmetadata_accepts_it() -> None:
    world = World()
    waiting(world)
    world.server.accept_only("ingestion-bot", OLD)

    reporter_with_its_tokens(world)
    assert (token_of(secret_of(world)), next_token_of(secret_of(world))) == (OLD, NEW)

    world.server.accept_only("ingestion-bot", NEW)
    reporter_with_its_tokens(world)
    assert (token_of(secret_of(world)), next_token_of(secret_of(world))) == (NEW, "")


def made_just_now(world: World) -> str:
    """Return a token that is too young to be taken to be accepted by its age."""
    return scene.token(int((world.fake.clock - datetime(2025, 12, 1, tzinfo=UTC)).total_seconds()))


def test_a_token_whose_bot_may_list_no_pipelines_is_an_accepted_one() -> None:
    world = World()
    new = made_just_now(world)
    waiting(world, new)
    world.server.refuse(403, operation="pipelines")
    reporter_with_its_tokens(world)
    assert (token_of(secret_of(world)), next_token_of(secret_of(world))) == (new, "")


def test_a_token_of_which_openmetadata_does_not_say_goes_on_waiting_while_it_is_young() -> None:
    world = World()
    old, new = token_of(secret_of(world)), made_just_now(world)
    waiting(world, new)
    world.server.be_down("pipelines")
    reporter_with_its_tokens(world)
    assert (token_of(secret_of(world)), next_token_of(secret_of(world))) == (old, new)


def test_a_launcher_that_nothing_uses_is_removed_after_its_time() -> None:
    world = World()
    launcher = scene.planned(world.pipeline, world.settings).launcher
    old = {**launcher, "metadata": {**launcher["metadata"], "name": "om-launcher-0000000000"}}
    old["metadata"]["labels"] = {**launcher["metadata"]["labels"], labels.LOOKUP_KEY: "om-launcher-0000000000"}
    world.fake.apply(old, manager=MANAGER)

    for _ in range(5):
        world.passes(1, seconds=1800)

    names = {item["metadata"]["name"] for item in world.fake.list(Kind.CONFIG_MAP)}
    assert "om-launcher-0000000000" not in names
    assert launcher["metadata"]["name"] in names


def test_a_first_pass_removes_nothing() -> None:
    world = World()
    world.fake.requests.clear()

    world.passes()

    assert not [item for item in world.fake.requests if item.verb == "delete"]


def test_a_token_that_is_stuck_is_a_warning(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.polling.time.sleep")
    mocker.patch("k8s_pipeline_client.deploying.tokens._SETTLE_TIMEOUT", 0.05)
    world = World()
    unused = scene.planned(scene.pipeline(token=scene.token(bot="another"))).token
    assert unused is not None
    world.fake.apply(unused, manager=MANAGER)
    name = unused["metadata"]["name"]

    def stick(request: Request) -> None:
        if (request.verb, request.kind, request.name) == ("delete", Kind.SECRET, name):
            held = {"finalizers": ["example.org/held"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
            world.fake.put({**unused, "metadata": {**unused["metadata"], **held}})
            world.fake.merge(Kind.CRONJOB, world.name, {"metadata": {"labels": {labels.TOKEN: name}}})

    world.fake.after(stick)
    reporter = world.reporter()
    warnings: list[str] = []
    for _ in range(4):
        world.fake.advance(1800)
        warnings += reporter.reconcile().warnings
    assert [text for text in warnings if name in text]
