"""In which order a deploy writes what, and what undoes each step: for everything that it may find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client import Pipeline, Settings
from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.deploying.observe import observe, observe_secrets
from k8s_pipeline_client.deploying.standing import read_standing
from k8s_pipeline_client.deploying.steps import Course, Step, course
from k8s_pipeline_client.deploying.undo import Remove, RemoveUnusedToken, Restore, Unclaim, undo_of
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.managers import MANAGER, SUSPEND_MANAGER
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.render.plan import Plan, suspend_manifest
from tests.fakes import FakeCluster
from tests.unit.scene import SETTINGS, client, cluster, deploy, job, others, pipeline, planned, renamed, token

PLAIN = pipeline()
OPAQUE = pipeline(token="not one of a bot")
NAME = PLAIN.resource_name
TOKEN = naming.token_secret_name(instance="openmetadata", bot="ingestion-bot")
NAMED = Settings.model_validate({"namespace": "ns", "tokenSecret": {"name": "somebody-elses", "key": "token"}})
Arrange = Callable[[FakeCluster], object]


@dataclass(frozen=True, slots=True)
class Case:
    """What is there, what is planned, and what comes of it.

    Attributes:
        steps: Each with what undoes it.
        notes: How each of them begins or goes on.
        wait: Whether the deploy waits before it looks again.
    """

    title: str
    there: Sequence[Arrange]
    item: Pipeline
    steps: Sequence[str] = ()
    notes: Sequence[str] = ()
    force: bool = False
    settings: Settings = SETTINGS
    wait: bool = False


def deployed(item: Pipeline = PLAIN, settings: Settings = SETTINGS) -> Arrange:
    """It was deployed."""
    return lambda fake: deploy(fake, item, settings=settings)


def patched(kind: Kind, patch: dict[str, Any], name: str = NAME) -> Arrange:
    """Somebody else has changed it."""
    return lambda fake: fake.merge(kind, name, patch)


def deleted(kind: Kind, name: str = NAME) -> Arrange:
    """Somebody else has deleted it."""
    return lambda fake: fake.delete(kind, name, Propagation.BACKGROUND)


def suspended_by(manager: str, suspend: bool) -> Arrange:
    """A field manager has set ``spec.suspend``."""
    return lambda fake: fake.apply(suspend_manifest(NAME, "ns", suspend), manager=manager, force=True)


def claimed(item: Pipeline = PLAIN) -> Arrange:
    """A deploy was killed when it had only just created the CronJob."""
    return lambda fake: fake.apply(planned(item).suspended_cronjob(), manager=MANAGER)


def left_over(fake: FakeCluster) -> None:
    """The CronJob was deleted, and the garbage collector has not come yet."""
    fake.collects = False
    fake.delete(Kind.CRONJOB, NAME, Propagation.BACKGROUND)


def no_launcher(fake: FakeCluster) -> None:
    """Somebody has deleted the launcher."""
    fake.delete(Kind.CONFIG_MAP, planned(PLAIN).launcher["metadata"]["name"], Propagation.BACKGROUND)


def at(hour: int, minute: int = 0) -> Arrange:
    """It is this time of the day after tomorrow."""

    def arrange(fake: FakeCluster) -> None:
        fake.clock = datetime(2026, 1, 23, hour, minute, tzinfo=UTC)

    return arrange


def cut_rename(fake: FakeCluster) -> None:
    """A deploy under the new name was killed before the earlier one went."""

    def kill(request: object) -> None:
        if fake.requests[-1].verb == "delete":
            raise KeyboardInterrupt

    end = fake.before(kill)
    with pytest.raises(KeyboardInterrupt):
        deploy(fake, renamed())
    end()


NOON = Schedule("0 12 * * *", "UTC")
CASES: list[Case] = [
    Case(
        "new, the first in the namespace",
        [],
        PLAIN,
        steps=[
            "create ConfigMap: stays",
            "create CronJob, suspended: remove the pipeline",
            "write token: remove token unless used",
            "create Secret: remove Secret",
            "create ConfigMap: remove ConfigMap",
            "resume: restore suspend",
        ],
    ),
    Case(
        "new, beside others",
        [deployed(others(1)[0])],
        PLAIN,
        steps=[
            "create CronJob, suspended: remove the pipeline",
            "create Secret: remove Secret",
            "create ConfigMap: remove ConfigMap",
            "resume: restore suspend",
        ],
    ),
    Case(
        "new, disabled",
        [deployed(others(1)[0])],
        pipeline(enabled=False),
        steps=[
            "create CronJob, suspended: remove the pipeline",
            "create Secret: remove Secret",
            "create ConfigMap: remove ConfigMap",
            "suspend: stays",
        ],
    ),
    Case(
        "new, on demand",
        [deployed(others(1)[0])],
        pipeline(schedule=None),
        steps=[
            "create CronJob, suspended: remove the pipeline",
            "create Secret: remove Secret",
            "create ConfigMap: remove ConfigMap",
            "suspend: stays",
        ],
    ),
    Case(
        "new, with a token that stays in the document",
        [deployed(others(1)[0])],
        OPAQUE,
        steps=[
            "create CronJob, suspended: remove the pipeline",
            "create Secret: remove Secret",
            "create ConfigMap: remove ConfigMap",
            "resume: restore suspend",
        ],
    ),
    Case(
        "new, with a token in somebody else's Secret",
        [deployed(others(1)[0])],
        PLAIN,
        settings=NAMED,
        steps=[
            "create CronJob, suspended: remove the pipeline",
            "create Secret: remove Secret",
            "create ConfigMap: remove ConfigMap",
            "resume: restore suspend",
        ],
    ),
    Case(
        "new, and what an earlier CronJob of the name owned is still there",
        [deployed(), left_over],
        PLAIN,
        steps=[
            "create CronJob, suspended: remove the pipeline",
            "delete leftover Secret: stays",
            "create Secret: remove Secret",
            "delete leftover ConfigMap: stays",
            "create ConfigMap: remove ConfigMap",
            "resume: restore suspend",
        ],
    ),
    Case(
        "a claim that a crash has left",
        [deployed(others(1)[0]), claimed()],
        PLAIN,
        steps=[
            "create Secret: remove Secret",
            "create ConfigMap: remove ConfigMap",
            "apply CronJob: restore CronJob",
            "resume: restore suspend",
        ],
    ),
    Case(
        "a claim of another definition that a crash has left",
        [deployed(others(1)[0]), claimed(pipeline(level="WARN"))],
        PLAIN,
        steps=[
            "create Secret: remove Secret",
            "create ConfigMap: remove ConfigMap",
            "apply CronJob: restore CronJob",
            "resume: restore suspend",
        ],
    ),
    Case("unchanged", [deployed()], PLAIN),
    Case("unchanged, disabled", [deployed(pipeline(enabled=False))], pipeline(enabled=False)),
    Case(
        "the document has changed",
        [deployed()],
        pipeline(level="DEBUG"),
        steps=["apply Secret: restore Secret", "apply ConfigMap: restore ConfigMap", "apply CronJob: restore CronJob"],
    ),
    Case(
        "only how its pods run has changed",
        [deployed()],
        PLAIN,
        settings=SETTINGS.model_copy(update={"backoff_limit": 1}),
        steps=["apply CronJob: restore CronJob"],
    ),
    Case(
        "the schedule has changed",
        [deployed()],
        pipeline(schedule=Schedule("0 4 1 * *", "UTC")),
        steps=["apply ConfigMap: restore ConfigMap", "apply CronJob: restore CronJob"],
    ),
    Case(
        "the schedule has changed, and what it has been due at is not made up for",
        [deployed(), at(12, 1)],
        pipeline(schedule=NOON),
        steps=["apply ConfigMap: restore ConfigMap", "apply CronJob: restore CronJob"],
        notes=["the run that was due at 2026-01-23T12:00:00Z is not made up for: start"],
    ),
    Case(
        "the schedule has changed, and has just been due",
        [deployed(), at(12)],
        pipeline(schedule=NOON),
        wait=True,
        steps=["apply ConfigMap: restore ConfigMap", "apply CronJob: restore CronJob"],
        notes=["the run that was due at 2026-01-23T12:00:00Z is not made up for: start"],
    ),
    Case(
        "what it has been due at is still not to be made up for",
        [deployed(), at(12, 1), deployed(pipeline(schedule=NOON)), at(12, 5)],
        pipeline(schedule=NOON),
    ),
    Case(
        "what it has been due at is too long ago to be made up for",
        [deployed(), at(12, 1), deployed(pipeline(schedule=NOON)), at(12, 11)],
        pipeline(schedule=NOON),
        steps=["apply CronJob: restore CronJob"],
        notes=["startingDeadlineSeconds is 600 again"],
    ),
    Case("disabled in the definition", [deployed()], pipeline(enabled=False), steps=["suspend: restore suspend"]),
    Case(
        "disabled in the definition, and changed",
        [deployed()],
        pipeline(enabled=False, level="DEBUG"),
        steps=[
            "apply Secret: restore Secret",
            "apply ConfigMap: restore ConfigMap",
            "suspend: restore suspend",
            "apply CronJob: restore CronJob",
        ],
    ),
    Case("enabled in the definition", [deployed(pipeline(enabled=False))], PLAIN, steps=["resume: restore suspend"]),
    Case(
        "enabled in the definition, and changed",
        [deployed(pipeline(enabled=False))],
        pipeline(level="DEBUG"),
        steps=[
            "apply Secret: restore Secret",
            "apply ConfigMap: restore ConfigMap",
            "apply CronJob: restore CronJob",
            "resume: restore suspend",
        ],
    ),
    Case(
        "disabled by a person with `disable`",
        [deployed(), lambda fake: client(fake).disable(NAME)],
        PLAIN,
        steps=["resume: restore suspend"],
    ),
    Case(
        "on demand from now on",
        [deployed()],
        pipeline(schedule=None),
        steps=["apply ConfigMap: restore ConfigMap", "suspend: restore suspend", "apply CronJob: restore CronJob"],
    ),
    Case(
        "on a schedule from now on",
        [deployed(pipeline(schedule=None))],
        PLAIN,
        steps=["apply ConfigMap: restore ConfigMap", "apply CronJob: restore CronJob", "resume: restore suspend"],
    ),
    Case(
        "suspended by somebody else", [deployed(), suspended_by("argo", True)], PLAIN, steps=["resume: restore suspend"]
    ),
    Case(
        "suspended by somebody else, and taken over",
        [deployed(), suspended_by("argo", True)],
        PLAIN,
        force=True,
        steps=["resume: restore suspend"],
    ),
    Case(
        "renamed",
        [deployed()],
        renamed(),
        steps=[
            "create CronJob, suspended: remove the pipeline",
            "create Secret: remove Secret",
            "create ConfigMap: remove ConfigMap",
            "delete earlier name: stays",
            "resume: restore suspend",
        ],
    ),
    Case(
        "renamed and disabled",
        [deployed()],
        renamed(enabled=False),
        steps=[
            "create CronJob, suspended: remove the pipeline",
            "create Secret: remove Secret",
            "create ConfigMap: remove ConfigMap",
            "delete earlier name: stays",
            "suspend: stays",
        ],
    ),
    Case(
        "renamed, and the deploy was cut short before the earlier name went",
        [deployed(), cut_rename],
        renamed(),
        steps=["delete earlier name: stays", "resume: restore suspend"],
    ),
    Case(
        "the token moves out of the document",
        [deployed(OPAQUE)],
        PLAIN,
        steps=[
            "write token: remove token unless used",
            "apply CronJob: restore CronJob",
            "check token: remove token unless used",
            "apply Secret: restore Secret",
            "apply ConfigMap: restore ConfigMap",
        ],
    ),
    Case(
        "the token moves out of the document while a run reads it there",
        [deployed(OPAQUE), lambda fake: job(fake, NAME)],
        PLAIN,
        steps=[
            "write token: remove token unless used",
            "apply CronJob: restore CronJob",
            "check token: remove token unless used",
            "apply Secret: restore Secret",
            "apply ConfigMap: restore ConfigMap",
        ],
        notes=["a run is active that reads its token from the document, which so still"],
    ),
    Case(
        "the token moves back into the document",
        [deployed()],
        OPAQUE,
        steps=[
            "apply Secret: restore Secret",
            "apply ConfigMap: restore ConfigMap",
            "apply CronJob: restore CronJob",
            "release token: stays",
        ],
    ),
    Case(
        "the token is in somebody else's Secret from now on",
        [deployed()],
        PLAIN,
        settings=NAMED,
        steps=["apply CronJob: restore CronJob", "release token: stays"],
    ),
    Case(
        "the token is missing",
        [deployed(), deleted(Kind.SECRET, TOKEN)],
        PLAIN,
        steps=["write token: remove token unless used"],
    ),
    Case(
        "the token is newer than that of its Secret",
        [deployed(pipeline(token=token(1)))],
        PLAIN,
        steps=["write token: stays"],
    ),
    Case(
        "the token is older than that of its Secret",
        [deployed(pipeline(token=token(3)))],
        PLAIN,
        notes=["its token was not written to Secret om-token-openmetadata-ingestion-bo"],
    ),
    Case(
        "the bot is another one",
        [deployed()],
        pipeline(token=token(bot="other-bot")),
        steps=[
            "write token: remove token unless used",
            "apply CronJob: restore CronJob",
            "check token: remove token unless used",
            "release token: stays",
        ],
    ),
    Case("the launcher is missing", [deployed(), no_launcher], PLAIN, steps=["create ConfigMap: stays"]),
    Case(
        "the Secret is missing",
        [deployed(), deleted(Kind.SECRET)],
        PLAIN,
        steps=["create Secret: remove Secret", "apply CronJob: restore CronJob"],
    ),
    Case(
        "the ConfigMap is missing",
        [deployed(), deleted(Kind.CONFIG_MAP)],
        PLAIN,
        steps=["create ConfigMap: remove ConfigMap", "apply CronJob: restore CronJob"],
    ),
    Case(
        "somebody has changed the CronJob",
        [deployed(), patched(Kind.CRONJOB, {"spec": {"schedule": "1 1 1 1 1"}})],
        PLAIN,
        force=True,
        steps=["apply CronJob: restore CronJob"],
    ),
    Case(
        "somebody has changed the Secret",
        [deployed(), patched(Kind.SECRET, {"data": {"workflow.json": "e30="}})],
        PLAIN,
        force=True,
        steps=["apply Secret: restore Secret", "apply CronJob: restore CronJob"],
    ),
    Case(
        "somebody has added what is none of ours",
        [deployed(), patched(Kind.CRONJOB, {"metadata": {"labels": {"a": "b"}}})],
        PLAIN,
    ),
]


def live_of(fake: FakeCluster, plan: Plan) -> Live:
    """Observe; what has the id under another name is the pipeline before it was renamed."""
    return observe(fake, plan).judged(lambda old: True)


def whole_course(fake: FakeCluster, plan: Plan, *, force: bool) -> Course:
    """Return all that a deploy does; what follows a claim is asked for once the CronJob is created."""
    live = live_of(fake, plan)
    first = course(plan, live, force=force)
    if live.cronjob is not None:
        return first
    cronjob = fake.apply(plan.suspended_cronjob(), manager=MANAGER)
    rest = course(plan, observe_secrets(fake, plan, live.claimed_as(cronjob)), force=force)
    return replace(rest, steps=(*first.steps, *rest.steps))


def undone(step: Step) -> str:
    """Say what undoes a step."""
    manifest = getattr(step, "manifest", None)
    answer = manifest and {**manifest, "metadata": {**manifest["metadata"], "uid": "u", "resourceVersion": "later"}}
    match undo_of(step, answer):
        case Unclaim():
            return "remove the pipeline"
        case Remove(item=item):
            return f"remove {item['kind']}"
        case Restore(what=what, manager=manager):
            return f"restore {'suspend' if manager == SUSPEND_MANAGER else what.split()[0]}"
        case RemoveUnusedToken():
            return "remove token unless used"
    return "stays"


@pytest.fixture(params=CASES, ids=[case.title for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    """Each of them."""
    return cast(Case, request.param)


@pytest.fixture
def fake(case: Case) -> FakeCluster:
    """The namespace as the case has it."""
    found = cluster()
    for arrange in case.there:
        arrange(found)
    return found


def test_the_steps_in_their_order_and_what_undoes_them(case: Case, fake: FakeCluster) -> None:
    found = whole_course(fake, planned(case.item, case.settings), force=case.force)
    assert [f"{step.title}: {undone(step)}" for step in found.steps] == list(case.steps)
    notes = [*found.notes, *found.shared_notes]
    assert len(notes) == len(case.notes)
    assert all(part in note for note, part in zip(notes, case.notes, strict=True))
    assert (found.wait is not None) == case.wait


def test_after_a_deploy_there_is_nothing_left_to_do(case: Case, fake: FakeCluster, mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.deploying.deploy.time.sleep", side_effect=fake.advance)
    plan = planned(case.item, case.settings)
    deploy(fake, case.item, force=case.force, settings=case.settings)
    left = [step.title for step in course(plan, live_of(fake, plan)).steps]
    assert left == (["resume"] if case.title == "suspended by somebody else" else [])


def test_the_lists_of_a_batch_tell_what_needs_nothing_and_what_is_new(case: Case, fake: FakeCluster) -> None:
    plan = planned(case.item, case.settings)
    standing, live = read_standing(fake), live_of(fake, plan)
    found = course(plan, live)
    if standing.is_as_planned(plan):
        assert not found.steps
        assert list(found.shared_notes) == [note for note in [standing.shared_note(plan)] if note]
    elif live.cronjob is not None and not found.steps:
        assert labels.STARTING_DEADLINE in live.cronjob["metadata"]["annotations"]  # only the clock can tell
    if standing.is_new(plan):
        assert live.cronjob is None and not live.earlier
        assert course(plan, standing.live_of_new(plan)).steps == found.steps
        assert standing.missing_shared(plan) or len(found.steps) == 1
