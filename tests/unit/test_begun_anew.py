"""A deploy begins anew since somebody else has changed an object meanwhile, and does not come to its end either."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client import Pipeline
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import ForbiddenError, NotFoundError, PipelineError, WaitTimeoutError
from tests.fakes import FakeCluster, Request
from tests.unit.scene import (
    Content,
    assert_holds_one_of,
    assert_no_half_fires,
    assert_nothing_unowned,
    client,
    cluster,
    deploy,
    others,
    pipeline,
    planned,
    renamed,
    token,
)

WRITES = ("create", "patch", "delete")
TOUCH = {"metadata": {"annotations": {"somebody": "else"}}}
OLD, NEW = pipeline(level="WARN", token=token(1)), pipeline(level="INFO", token=token(1))
CASES = {
    "changed": (OLD, NEW),
    "disabled": (OLD, pipeline(level="INFO", token=token(1), enabled=False)),
    "enabled": (pipeline(level="WARN", token=token(1), enabled=False), NEW),
    "token moves into its Secret": (pipeline(level="WARN", token="opaque"), NEW),
}
case = pytest.mark.parametrize(("before", "item"), CASES.values(), ids=CASES.keys())


@pytest.fixture(autouse=True)
def no_pauses(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.polling.time.sleep")


@dataclass
class Trouble:
    """Somebody touches what a deploy is about to write, once; a later request of the deploy is refused.

    Attributes:
        touch_at: The number of the request before which the object that it is about is touched.
        refuse_at: The number of the request that is refused.
        touched: What was touched.
        requests: How many there were.
        refused: Whether one was.
    """

    fake: FakeCluster
    touch_at: int
    refuse_at: int
    touched: list[tuple[str, str]] = field(default_factory=list)
    requests: int = 0
    refused: bool = False

    def __call__(self, request: Request) -> None:
        self.requests += 1
        if self.requests == self.touch_at and request.verb == "patch":
            try:
                self.fake.merge(Kind(request.kind), request.name, TOUCH)
            except NotFoundError:
                return  # it is about to be created, and there is nothing to touch
            self.touched.append((request.kind, request.name))
        elif self.requests == self.refuse_at:
            self.refused = True
            raise ForbiddenError("admission says no", status=403, reason="Forbidden")


def troubled(before: Pipeline | None, item: Pipeline) -> Iterator[tuple[FakeCluster, Trouble, PipelineError | None]]:
    """Deploy with each write touched, and for each of these with each later request refused."""
    touch_at = requests = 1
    while touch_at <= requests:
        refuse_at = touch_at + 1
        while True:
            fake = scene(before)
            trouble = Trouble(fake, touch_at, refuse_at)
            end = fake.before(trouble)
            error = None
            try:
                deploy(fake, item)
            except PipelineError as caught:
                error = caught
            end()
            requests = max(requests, trouble.requests)
            if not trouble.touched or not trouble.refused:
                break
            yield fake, trouble, error
            refuse_at += 1
        touch_at += 1


def scene(before: Pipeline | None) -> FakeCluster:
    fake = cluster()
    if before is not None:
        deploy(fake, before)
    return fake


def without_touch(fake: FakeCluster) -> Content:
    """Return what a namespace holds, without what somebody has touched there."""
    content = Content.of(fake)
    for item in content.objects.values():
        item["metadata"].get("annotations", {}).pop("somebody", None)
    return content


def launcher(item: Pipeline) -> str:
    """Return what stays of a deploy: the launcher never changes, and others may use it by now."""
    return f"ConfigMap {planned(item).launcher['metadata']['name']}"


@case
def test_one_that_is_refused_then_puts_back_what_was_there_before_it_began_at_all(
    before: Pipeline, item: Pipeline
) -> None:
    was = without_touch(scene(before))
    done = scene(before)
    deploy(done, item)
    refused = 0
    for fake, _, error in troubled(before, item):
        if error is None:  # what was refused was a look at what it had done, which is no reason to undo it
            assert not without_touch(fake).differences(without_touch(done))
            continue
        refused += 1
        left = {*without_touch(fake).differences(was)} - {launcher(item)}
        assert not left, f"{left} after {error}"
    assert refused > 5


def test_a_new_one_that_is_refused_then_leaves_nothing_that_fires_and_says_what_it_leaves() -> None:
    refused = 0
    for fake, _, error in troubled(None, NEW):
        if error is None:
            continue
        refused += 1
        assert error.outcome
        assert all(cronjob["spec"]["suspend"] for cronjob in fake.list(Kind.CRONJOB))
        assert_nothing_unowned(fake)
        deploy(fake, NEW)
        assert not without_touch(fake).differences(without_touch(scene(NEW)))
    assert refused


def once(fake: FakeCluster, wanted: Callable[[Request], bool], deed: Callable[[], object]) -> Callable[[], None]:
    """Have something done once, before the first request of a sort."""
    done: list[Request] = []

    def amid(request: Request) -> None:
        if not done and wanted(request):
            done.append(request)
            deed()

    return fake.before(amid)


def test_one_that_cannot_even_look_again_puts_back_what_was_there() -> None:
    fake = scene(OLD)
    was = Content.of(fake)
    name = NEW.resource_name

    def touch() -> None:
        fake.merge(Kind.SECRET, name, TOUCH)
        refusing.append(True)

    def refuse(request: Request) -> None:
        if refusing and request.verb == "list":
            raise ForbiddenError("no lists any more", status=403, reason="Forbidden")

    refusing: list[bool] = []
    end = fake.before(refuse)
    once(fake, lambda request: request.verb == "patch" and (request.kind, request.name) == (Kind.SECRET, name), touch)
    with pytest.raises(ForbiddenError) as caught:
        deploy(fake, NEW)
    end()
    assert caught.value.outcome
    assert {*without_touch(fake).differences(was)} <= {launcher(NEW)}


def test_one_that_never_comes_to_its_end_puts_back_what_was_there(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.deploying.deploy.GONE_TIMEOUT", 0.05)
    fake = scene(OLD)
    was = Content.of(fake)
    touches = iter(range(10**6))

    def keep_touching(request: Request) -> None:
        if request.verb == "patch" and (request.kind, request.name) == (Kind.SECRET, NEW.resource_name):
            fake.merge(Kind.SECRET, request.name, {"metadata": {"annotations": {"somebody": str(next(touches))}}})

    end = fake.before(keep_touching)
    with pytest.raises(WaitTimeoutError) as caught:
        deploy(fake, NEW)
    end()
    assert caught.value.outcome
    assert {*without_touch(fake).differences(was)} <= {launcher(NEW)}


def test_what_somebody_else_has_deployed_meanwhile_is_not_taken_back() -> None:
    fake = scene(OLD)
    deployed: list[Content] = []

    def deploy_it() -> None:
        deploy(fake, NEW)  # the Secret and the ConfigMap are there as it wants them
        deployed.append(Content.of(fake))

    def refuse(request: Request) -> None:
        if deployed and request.verb == "list":
            raise ForbiddenError("no lists any more", status=403, reason="Forbidden")

    end = fake.before(refuse)
    once(fake, lambda request: request.verb == "patch" and request.kind == Kind.CRONJOB, deploy_it)
    with pytest.raises(ForbiddenError) as caught:
        deploy(fake, NEW)
    end()
    assert caught.value.outcome
    assert Content.of(fake).differences(deployed[0]) == []
    assert_no_half_fires(fake)


def touched_once_the_old_name_is_deleted(fake: FakeCluster, item: Pipeline) -> tuple[list[Request], Callable[[], None]]:
    """Touch the new name's CronJob then; return a list that is empty until that, and what ends the watch."""
    retired: list[Request] = []

    def touch(request: Request) -> None:
        if request.verb == "delete" and request.name == OLD.resource_name and not retired:
            retired.append(request)
            fake.merge(Kind.CRONJOB, item.resource_name, TOUCH)

    return retired, fake.after(touch)


def test_a_rename_is_told_though_the_new_name_was_touched_before_it_was_switched_on() -> None:
    fake = scene(OLD)
    item = renamed(level="INFO", token=token(1))
    _, end = touched_once_the_old_name_is_deleted(fake, item)
    result = deploy(fake, item)
    end()
    assert result.action == "renamed"
    assert [note for note in result.notes if OLD.resource_name in note and "0 runs" in note]
    assert [cronjob["metadata"]["name"] for cronjob in fake.list(Kind.CRONJOB)] == [item.resource_name]
    assert not fake.get(Kind.CRONJOB, item.resource_name)["spec"]["suspend"]


def test_a_rename_that_is_refused_after_it_began_anew_says_that_the_old_name_is_gone() -> None:
    fake = scene(OLD)
    item = renamed(level="INFO", token=token(1))
    retired, _ = touched_once_the_old_name_is_deleted(fake, item)

    def refuse(request: Request) -> None:
        if len([each for each in fake.requests if each.manager == "k8s-pipeline-suspend"]) > 1 and retired:
            raise ForbiddenError("admission says no", status=403, reason="Forbidden")

    fake.before(refuse)
    with pytest.raises(ForbiddenError) as caught:
        deploy(fake, item)
    assert OLD.resource_name in caught.value.outcome


def test_a_switch_is_told_though_the_deploy_began_anew_after_it() -> None:
    fake = scene(OLD)
    item = pipeline(level="INFO", token=token(1), enabled=False)
    alone = deploy(scene(OLD), item)

    def touch() -> None:
        fake.merge(Kind.CRONJOB, item.resource_name, TOUCH)

    once(fake, lambda request: request.kind == Kind.CRONJOB and request.manager == "k8s-pipeline", touch)
    result = deploy(fake, item)
    assert [note for note in result.notes if note not in alone.notes] == []
    assert [note for note in alone.notes if note not in result.notes] == []
    assert alone.notes


def stick(fake: FakeCluster, secret: str, user: str) -> Callable[[Request], None]:
    """Return what has a token's Secret come back once it is deleted, in use, and on its way out for good."""

    def after(request: Request) -> None:
        if (request.verb, request.kind, request.name) == ("delete", Kind.SECRET, secret):
            held = {"finalizers": ["example.org/held"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
            metadata = {"name": secret, "namespace": fake.namespace, **held}
            fake.put({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata})
            fake.merge(Kind.CRONJOB, user, {"metadata": {"labels": {labels.TOKEN: secret}}})

    return after


def token_secret(item: Pipeline) -> str:
    found = planned(item).token
    assert found is not None
    return str(found["metadata"]["name"])


def test_a_deploy_is_done_though_the_token_that_it_leaves_is_stuck(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.deploying.tokens._SETTLE_TIMEOUT", 0.05)
    one, two = pipeline(token=token(bot="one")), pipeline(token=token(bot="two"))
    fake = scene(one)
    (other,) = others(1)
    deploy(fake, other)
    fake.after(stick(fake, token_secret(one), other.resource_name))
    assert deploy(fake, two).action == "updated"
    assert fake.get(Kind.CRONJOB, two.resource_name)["metadata"]["labels"][labels.TOKEN] == token_secret(two)


def test_what_was_refused_is_said_though_the_token_that_is_taken_back_is_stuck(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.deploying.tokens._SETTLE_TIMEOUT", 0.05)
    item = pipeline(token=token(bot="one"))
    fake = cluster()
    (other,) = others(1)
    deploy(fake, other)

    def refuse(request: Request) -> None:
        if (request.verb, request.kind, request.name) == ("patch", Kind.SECRET, item.resource_name):
            raise ForbiddenError("admission says no", status=403, reason="Forbidden")

    fake.before(refuse)
    fake.after(stick(fake, token_secret(item), other.resource_name))
    with pytest.raises(ForbiddenError) as caught:
        deploy(fake, item)
    assert token_secret(item) in caught.value.outcome
    assert [cronjob["metadata"]["name"] for cronjob in fake.list(Kind.CRONJOB)] == [other.resource_name]


def test_a_deploy_is_done_though_there_is_no_time_left_to_look_at_it() -> None:
    fake = scene(OLD)
    fake.requests.clear()
    deploy(fake, NEW)
    last = max(number for number, request in enumerate(fake.requests) if request.verb in WRITES)
    assert len(fake.requests) > last + 1
    fake = scene(OLD)
    fake.requests.clear()

    def be_late(_: Request) -> None:
        if len(fake.requests) > last + 1:
            raise WaitTimeoutError("the time is over", code="TimeLimit")

    end = fake.before(be_late)
    assert deploy(fake, NEW).action == "updated"
    end()
    assert_holds_one_of(fake, NEW)


@pytest.mark.parametrize("as_read", [False, True])
def test_what_is_left_of_a_pipeline_is_said_though_unused_tokens_cannot_be_looked_at(as_read: bool) -> None:
    fake = scene(NEW)
    fake.merge(Kind.CRONJOB, NEW.resource_name, {"metadata": {"finalizers": ["example.org/held"]}})

    def refuse(request: Request) -> None:
        if (request.verb, request.kind) == ("list", Kind.SECRET) and labels.TOKEN in request.labels:
            raise ForbiddenError("no lists", status=403, reason="Forbidden")

    cronjob = fake.get(Kind.CRONJOB, NEW.resource_name)
    fake.before(refuse)
    with pytest.raises(WaitTimeoutError):
        if as_read:
            client(fake).delete_as_read(cronjob, timeout=0)
        else:
            client(fake).delete(NEW.resource_name, timeout=0)
