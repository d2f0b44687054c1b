"""A bot's new token takes the place of its old one once OpenMetadata accepts it, two minutes after it was made."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier, BrokenBarrierError

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client import Pipelines
from k8s_pipeline_client.cluster.port import Kind, Object, Propagation
from k8s_pipeline_client.deploying.acceptance import promote_tokens, remembered
from k8s_pipeline_client.deploying.rotate import RotateAction
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import ConflictError, UnreachableError
from k8s_pipeline_client.render.token import next_token_of, token_of
from tests.fakes import FakeCluster, Request
from tests.unit.scene import SETTINGS, cluster, others, pipeline
from tests.unit.scene import token as bot_token

BEGINNING = datetime(2025, 12, 1, tzinfo=UTC)
WINDOW = timedelta(minutes=2)


def made_at(moment: datetime) -> str:
    """Return a token that OpenMetadata made at a time."""
    return bot_token(int((moment - BEGINNING).total_seconds()))


@dataclass
class Server:
    """OpenMetadata: for two minutes after a bot has a new token it refuses that and accepts the old one, then not."""

    fake: FakeCluster
    tokens: list[tuple[datetime, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    is_up: bool = True

    def renew(self) -> str:
        """Make the bot a new token."""
        self.tokens.append((self.fake.clock, made_at(self.fake.clock)))
        return self.tokens[-1][1]

    def takes(self, token: str) -> bool:
        """Return whether who logs in with a token gets in."""
        settled = [found for at, found in self.tokens if self.fake.clock - at >= WINDOW] or [self.tokens[0][1]]
        return token == settled[-1]

    def __call__(self, server: str, token: str) -> bool | None:
        assert server.startswith("http")
        self.asked.append(token)
        return self.takes(token) if self.is_up else None


@pytest.fixture
def fake() -> FakeCluster:
    return cluster()


@pytest.fixture
def server(fake: FakeCluster) -> Server:
    return Server(fake)


@pytest.fixture
def client(fake: FakeCluster, server: Server, mocker: MockerFixture) -> Iterator[Pipelines]:
    """A client that can ask the server, of a namespace where the first token is in force; waits let time go by."""
    time = mocker.patch("k8s_pipeline_client.polling.time")
    time.sleep = fake.advance
    time.monotonic = lambda: fake.clock.timestamp()
    mocker.patch("k8s_pipeline_client.deploying.acceptance._REMEMBERED", -1.0)
    found = Pipelines(fake, SETTINGS, accepted=server)
    found.deploy(pipeline(token=server.renew()))
    fake.advance(3600)
    server.asked.clear()
    yield found


def secret(fake: FakeCluster) -> Object:
    (found,) = fake.list(Kind.SECRET, labels=labels.TOKEN)
    return found


def works(fake: FakeCluster, server: Server) -> bool:
    """Return whether a run that begins now gets in."""
    return server.takes(token_of(secret(fake)))


def test_rotating_waits_until_it_is_accepted_and_never_writes_one_in_force_that_is_not(
    fake: FakeCluster, server: Server, client: Pipelines
) -> None:
    new, begun = server.renew(), fake.clock

    def check(request: Request) -> None:
        if request.verb == "patch":
            assert works(fake, server)

    fake.after(check)
    said: list[str] = []
    done = client.rotate_token(new, announce=said.append)
    assert done.action is RotateAction.ROTATED
    assert len(said) == 1
    assert WINDOW <= fake.clock - begun <= WINDOW + timedelta(seconds=10)
    assert (token_of(secret(fake)), next_token_of(secret(fake))) == (new, "")
    assert client.rotate_token(new).action is RotateAction.UNCHANGED


def test_without_waiting_it_waits_in_the_secret_and_the_reporter_puts_it_in_force(
    fake: FakeCluster, server: Server, client: Pipelines
) -> None:
    old, new = token_of(secret(fake)), server.renew()
    for _ in range(2):
        assert client.rotate_token(new, wait=False).action is RotateAction.WAITING
    assert (token_of(secret(fake)), next_token_of(secret(fake))) == (old, new)
    server.asked.clear()
    assert [found.is_promoted for found in promote_tokens(fake, server)] == [False]
    assert server.asked == [new]
    assert works(fake, server)
    fake.advance(121)
    assert [found.is_promoted for found in promote_tokens(fake, server)] == [True]
    assert works(fake, server)
    assert next_token_of(secret(fake)) == ""
    assert promote_tokens(fake, server) == []


def test_a_deploy_puts_it_there_too_and_the_next_one_in_force(
    fake: FakeCluster, server: Server, client: Pipelines
) -> None:
    new = server.renew()
    done = client.deploy(pipeline(token=new))
    assert done.notes
    assert works(fake, server)
    client.deploy(others(1)[0])  # one that brings the first token
    assert next_token_of(secret(fake)) == new
    fake.advance(121)
    assert client.deploy(pipeline(token=new)).notes
    assert token_of(secret(fake)) == new
    assert client.deploy(pipeline(token=new)).action == "unchanged"


def test_a_deploy_of_many_asks_once_in_a_few_seconds(
    fake: FakeCluster, server: Server, client: Pipelines, mocker: MockerFixture
) -> None:
    mocker.patch("k8s_pipeline_client.deploying.acceptance._REMEMBERED", 60.0)
    new = server.renew()
    client.deploy_all([pipeline(token=new), *(pipeline(token=new, fqn=f"a.{n}", id=None) for n in range(25))])
    assert next_token_of(secret(fake)) == new
    assert len(server.asked) <= 2


@pytest.mark.parametrize(("tokens", "patience"), [(["a"] * 16, 0.2), (["a", "b"], 5.0)], ids=["one", "two"])
def test_of_each_token_it_is_asked_once_and_of_several_at_the_same_time(tokens: list[str], patience: float) -> None:
    asked: list[str] = []
    met: list[str] = []
    barrier = Barrier(2)

    def accepted(_server: str, token: str) -> bool:
        asked.append(token)
        with suppress(BrokenBarrierError):
            barrier.wait(timeout=patience)
            met.append(token)
        return True

    ask = remembered(accepted)
    with ThreadPoolExecutor(len(tokens)) as pool:
        assert all(pool.map(partial(ask, "a server"), tokens))
    assert sorted(asked) == sorted({*tokens})
    assert sorted(met) == (["a", "b"] if "b" in tokens else [])


def test_where_asking_fails_the_next_one_asks_again() -> None:
    asked: list[str] = []

    def accepted(_server: str, token: str) -> bool:
        asked.append(token)
        if len(asked) == 1:
            raise UnreachableError("no")
        return True

    ask = remembered(accepted)
    with pytest.raises(UnreachableError):
        ask("one", "a")
    assert ask("one", "a")


@pytest.mark.parametrize(("age", "is_in_force"), [(0, False), (179, False), (180, True), (-3600, True)])
def test_where_nobody_can_ask_its_age_decides(
    fake: FakeCluster, client: Pipelines, age: int, is_in_force: bool
) -> None:
    alone = Pipelines(fake, SETTINGS)
    new = made_at(fake.clock - timedelta(seconds=age))
    alone.deploy(pipeline(token=new))
    assert (token_of(secret(fake)) == new) is is_in_force
    assert (next_token_of(secret(fake)) == new) is not is_in_force


def test_rotating_waits_for_its_age_where_the_server_is_down(
    fake: FakeCluster, server: Server, client: Pipelines
) -> None:
    server.is_up = False
    new, begun = server.renew(), fake.clock
    assert client.rotate_token(new).action is RotateAction.ROTATED
    assert timedelta(seconds=180) <= fake.clock - begun <= timedelta(seconds=190)
    assert works(fake, server)


def test_one_that_is_never_accepted_goes_on_waiting(fake: FakeCluster, server: Server, client: Pipelines) -> None:
    old = token_of(secret(fake))
    stranger = made_at(fake.clock)
    assert client.rotate_token(stranger).action is RotateAction.WAITING
    assert token_of(secret(fake)) == old
    assert client.rotate_token(stranger, force=True).action is RotateAction.ROTATED
    assert token_of(secret(fake)) == stranger


def test_where_there_is_no_token_it_is_in_force_at_once(fake: FakeCluster, server: Server, client: Pipelines) -> None:
    fake.apply({**secret(fake), "data": {}, "metadata": _bare(secret(fake))}, manager="k8s-pipeline")
    new = server.renew()
    assert client.rotate_token(new).action is RotateAction.ROTATED
    assert server.asked == []


def test_a_newer_one_takes_the_place_of_one_that_waits_and_an_older_one_does_not(
    fake: FakeCluster, server: Server, client: Pipelines
) -> None:
    second = server.renew()
    client.rotate_token(second, wait=False)
    fake.advance(30)
    third = server.renew()
    client.deploy(pipeline(token=third))
    client.deploy(pipeline(token=second))
    assert next_token_of(secret(fake)) == third
    fake.advance(125)
    promote_tokens(fake, server)
    assert token_of(secret(fake)) == third


def test_one_that_waits_is_kept_when_an_earlier_one_is_put_in_force(
    fake: FakeCluster, server: Server, client: Pipelines
) -> None:
    second = server.renew()
    fake.advance(110)
    third = server.renew()
    client.rotate_token(third, wait=False)
    fake.advance(15)
    client.deploy(pipeline(token=second))
    assert (token_of(secret(fake)), next_token_of(secret(fake))) == (second, third)
    assert works(fake, server)


def test_one_that_is_not_newer_any_more_is_dropped(fake: FakeCluster, server: Server, client: Pipelines) -> None:
    second = server.renew()
    client.rotate_token(second, wait=False)
    waiting = secret(fake)["data"]["nextJwtToken"]
    fake.advance(10)
    third = made_at(fake.clock)
    client.rotate_token(third, force=True)
    held = {**secret(fake), "metadata": _bare(secret(fake))}
    held["data"] = {**held["data"], "nextJwtToken": waiting}
    fake.apply(held, manager="k8s-pipeline")
    promote_tokens(fake, server)
    assert (token_of(secret(fake)), next_token_of(secret(fake))) == (third, "")


def test_what_somebody_writes_meanwhile_is_not_overwritten(
    fake: FakeCluster, server: Server, client: Pipelines
) -> None:
    client.rotate_token(server.renew(), wait=False)
    fake.advance(121)
    third = made_at(fake.clock)

    def meanwhile(request: Request) -> None:
        if request.verb == "patch" and request.kind == Kind.SECRET:
            end()
            client.rotate_token(third, force=True)

    end = fake.before(meanwhile)
    assert [found.is_promoted for found in promote_tokens(fake, server)] == [False]
    assert token_of(secret(fake)) == third


def test_of_somebody_elses_secret_nothing_waits(fake: FakeCluster, server: Server, client: Pipelines) -> None:
    held = {**secret(fake), "metadata": _bare(secret(fake))}
    fake.delete(Kind.SECRET, held["metadata"]["name"], Propagation.BACKGROUND)
    fake.apply(held, manager="external-secrets")
    with pytest.raises(ConflictError):
        client.rotate_token(server.renew())
    assert next_token_of(secret(fake)) == ""


def test_a_promotion_that_is_cut_short_is_made_by_the_next_pass(
    fake: FakeCluster, server: Server, client: Pipelines
) -> None:
    new = server.renew()
    client.rotate_token(new, wait=False)
    fake.advance(121)

    def cut(request: Request) -> None:
        if request.verb == "patch":
            end()
            raise KeyboardInterrupt

    end = fake.before(cut)
    with pytest.raises(KeyboardInterrupt):
        promote_tokens(fake, server)
    assert next_token_of(secret(fake)) == new
    promote_tokens(fake, server)
    assert works(fake, server)


def _bare(item: Object) -> Object:
    return {key: item["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}
