"""What a deploy may find, what is planned then, and what it does: its steps in their order, with what undoes each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from k8s_pipeline_client import Pipeline, Settings
from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.domain import naming
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.render.plan import suspend_manifest
from tests.fakes import FakeCluster
from tests.unit.scene import SETTINGS, client, deploy, job, others, pipeline, planned, renamed, token

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


CLAIM = "create CronJob, suspended: remove the pipeline"
CREATE_BOTH = ("create ConfigMap: remove ConfigMap", "create Secret: remove Secret")
APPLY_BOTH = ("apply ConfigMap: restore ConfigMap", "apply Secret: restore Secret")
CRONJOB = "apply CronJob: restore CronJob"
RESUME = "resume: restore suspend"
SUSPEND = "suspend: restore suspend"
NOON = Schedule("0 12 * * *", "UTC")
CASES: list[Case] = [
    Case(
        "new, the first in the namespace",
        [],
        PLAIN,
        steps=["create ConfigMap: stays", CLAIM, "write token: remove token unless used", *CREATE_BOTH, RESUME],
    ),
    Case("new, beside others", [deployed(others(1)[0])], PLAIN, steps=[CLAIM, *CREATE_BOTH, RESUME]),
    Case(
        "new, disabled",
        [deployed(others(1)[0])],
        pipeline(enabled=False),
        steps=[CLAIM, *CREATE_BOTH, "suspend: stays"],
    ),
    Case(
        "new, on demand",
        [deployed(others(1)[0])],
        pipeline(schedule=None),
        steps=[CLAIM, *CREATE_BOTH, "suspend: stays"],
    ),
    Case(
        "new, with a token that stays in the document",
        [deployed(others(1)[0])],
        OPAQUE,
        steps=[CLAIM, *CREATE_BOTH, RESUME],
    ),
    Case(
        "new, with a token in somebody else's Secret",
        [deployed(others(1)[0])],
        PLAIN,
        settings=NAMED,
        steps=[CLAIM, *CREATE_BOTH, RESUME],
    ),
    Case(
        "new, and what an earlier CronJob of the name owned is still there",
        [deployed(), left_over],
        PLAIN,
        steps=[
            CLAIM,
            "delete leftover ConfigMap: stays",
            "create ConfigMap: remove ConfigMap",
            "delete leftover Secret: stays",
            "create Secret: remove Secret",
            RESUME,
        ],
    ),
    Case(
        "a claim that a crash has left",
        [deployed(others(1)[0]), claimed()],
        PLAIN,
        steps=[*CREATE_BOTH, CRONJOB, RESUME],
    ),
    Case(
        "a claim of another definition that a crash has left",
        [deployed(others(1)[0]), claimed(pipeline(level="WARN"))],
        PLAIN,
        steps=[*CREATE_BOTH, CRONJOB, RESUME],
    ),
    Case("unchanged", [deployed()], PLAIN),
    Case("unchanged, disabled", [deployed(pipeline(enabled=False))], pipeline(enabled=False)),
    Case(
        "the document has changed",
        [deployed()],
        pipeline(level="DEBUG"),
        steps=[*APPLY_BOTH, CRONJOB],
    ),
    Case(
        "only how its pods run has changed",
        [deployed()],
        PLAIN,
        settings=SETTINGS.model_copy(update={"backoff_limit": 1}),
        steps=[CRONJOB],
    ),
    Case(
        "the schedule has changed",
        [deployed()],
        pipeline(schedule=Schedule("0 4 1 * *", "UTC")),
        steps=["apply ConfigMap: restore ConfigMap", CRONJOB],
    ),
    Case(
        "the schedule has changed, and what it has been due at is not made up for",
        [deployed(), at(12, 1)],
        pipeline(schedule=NOON),
        steps=["apply ConfigMap: restore ConfigMap", CRONJOB],
        notes=["the run that was due at 2026-01-23T12:00:00Z is skipped: start"],
    ),
    Case(
        "the schedule has changed, and has just been due",
        [deployed(), at(12)],
        pipeline(schedule=NOON),
        wait=True,
        steps=["apply ConfigMap: restore ConfigMap", CRONJOB],
        notes=["the run that was due at 2026-01-23T12:00:00Z is skipped: start"],
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
        steps=[CRONJOB],
        notes=["startingDeadlineSeconds is 600 again"],
    ),
    Case("disabled in the definition", [deployed()], pipeline(enabled=False), steps=[SUSPEND]),
    Case(
        "disabled in the definition, and changed",
        [deployed()],
        pipeline(enabled=False, level="DEBUG"),
        steps=[*APPLY_BOTH, SUSPEND, CRONJOB],
    ),
    Case("enabled in the definition", [deployed(pipeline(enabled=False))], PLAIN, steps=[RESUME]),
    Case(
        "enabled in the definition, and changed",
        [deployed(pipeline(enabled=False))],
        pipeline(level="DEBUG"),
        steps=[*APPLY_BOTH, CRONJOB, RESUME],
    ),
    Case(
        "disabled by a person with `disable`",
        [deployed(), lambda fake: client(fake).disable(NAME)],
        PLAIN,
        steps=[RESUME],
    ),
    Case(
        "on demand from now on",
        [deployed()],
        pipeline(schedule=None),
        steps=["apply ConfigMap: restore ConfigMap", SUSPEND, CRONJOB],
    ),
    Case(
        "on a schedule from now on",
        [deployed(pipeline(schedule=None))],
        PLAIN,
        steps=["apply ConfigMap: restore ConfigMap", CRONJOB, RESUME],
    ),
    Case("suspended by somebody else", [deployed(), suspended_by("argo", True)], PLAIN, steps=[RESUME]),
    Case(
        "suspended by somebody else, and taken over",
        [deployed(), suspended_by("argo", True)],
        PLAIN,
        force=True,
        steps=[RESUME],
    ),
    Case("renamed", [deployed()], renamed(), steps=[CLAIM, *CREATE_BOTH, "delete earlier name: stays", RESUME]),
    Case(
        "renamed and disabled",
        [deployed()],
        renamed(enabled=False),
        steps=[CLAIM, *CREATE_BOTH, "delete earlier name: stays", "suspend: stays"],
    ),
    Case(
        "renamed, and the deploy was cut short before the earlier name went",
        [deployed(), cut_rename],
        renamed(),
        steps=["delete earlier name: stays", RESUME],
    ),
    Case(
        "the token moves out of the document",
        [deployed(OPAQUE)],
        PLAIN,
        steps=[
            "write token: remove token unless used",
            APPLY_BOTH[0],
            CRONJOB,
            "check token: remove token unless used",
            APPLY_BOTH[1],
        ],
    ),
    Case(
        "the token moves out of the document while a run reads it there",
        [deployed(OPAQUE), lambda fake: job(fake, NAME)],
        PLAIN,
        steps=[
            "write token: remove token unless used",
            APPLY_BOTH[0],
            CRONJOB,
            "check token: remove token unless used",
            APPLY_BOTH[1],
        ],
        notes=["an active run reads its token from the document, so the token is kept there"],
    ),
    Case(
        "the token moves back into the document",
        [deployed()],
        OPAQUE,
        steps=[*APPLY_BOTH, CRONJOB, "release token: stays"],
    ),
    Case(
        "the token is in somebody else's Secret from now on",
        [deployed()],
        PLAIN,
        settings=NAMED,
        steps=[CRONJOB, "release token: stays"],
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
            CRONJOB,
            "check token: remove token unless used",
            "release token: stays",
        ],
    ),
    Case("the launcher is missing", [deployed(), no_launcher], PLAIN, steps=["create ConfigMap: stays"]),
    Case(
        "the Secret is missing",
        [deployed(), deleted(Kind.SECRET)],
        PLAIN,
        steps=["create Secret: remove Secret", CRONJOB],
    ),
    Case(
        "the ConfigMap is missing",
        [deployed(), deleted(Kind.CONFIG_MAP)],
        PLAIN,
        steps=["create ConfigMap: remove ConfigMap", CRONJOB],
    ),
    Case(
        "somebody has changed the CronJob",
        [deployed(), patched(Kind.CRONJOB, {"spec": {"schedule": "1 1 1 1 1"}})],
        PLAIN,
        force=True,
        steps=[CRONJOB],
    ),
    Case(
        "somebody has changed the Secret",
        [deployed(), patched(Kind.SECRET, {"data": {"workflow.json": "e30="}})],
        PLAIN,
        force=True,
        steps=["apply Secret: restore Secret", CRONJOB],
    ),
    Case(
        "somebody has added what is none of ours",
        [deployed(), patched(Kind.CRONJOB, {"metadata": {"labels": {"a": "b"}}})],
        PLAIN,
    ),
]
