"""What a deploy says of a schedule that it switches, and which token it keeps for a run that still reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from k8s_pipeline_client import Pipeline
from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.deploying.copies import by_the_entity
from k8s_pipeline_client.deploying.deploy import Deployer
from k8s_pipeline_client.deploying.observe import observe
from k8s_pipeline_client.deploying.steps import (
    Apply,
    Discard,
    ReleaseToken,
    Suspend,
    changes,
    shared_is_applied,
    title_of,
    token_note,
)
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.render import plan as plan_of
from k8s_pipeline_client.render.token import token_inside, with_token_inside
from tests.fakes import FakeCluster
from tests.unit.scene import SETTINGS, client, cluster, deploy, job, pipeline, planned, renamed, token
from tests.unit.situations import (
    NAME,
    NOON,
    OPAQUE,
    PLAIN,
    TOKEN,
    Arrange,
    at,
    claimed,
    cut_rename,
    deleted,
    deployed,
    no_launcher,
    suspended_by,
)

OFF = pipeline(enabled=False)
CHANGED_AND_OFF = pipeline(enabled=False, level="DEBUG")
ON_DEMAND = pipeline(schedule=None)


def namespace(*there: Arrange) -> FakeCluster:
    fake = cluster()
    for arrange in there:
        arrange(fake)
    return fake


def steps_of(fake: FakeCluster, item: Pipeline, *, force: bool = False) -> Sequence[Any]:
    plan = planned(item)
    return changes(plan, observe(fake, plan).judged(lambda old: True), force=force).steps


def marked(fake: FakeCluster) -> None:
    """OpenMetadata has deleted it."""
    client(fake).mark_deleted(fake.get(Kind.CRONJOB, NAME))


@pytest.mark.parametrize(
    ("there", "item", "parts"),
    [
        ([deployed()], OFF, ["was enabled", "is disabled now"]),
        ([deployed()], CHANGED_AND_OFF, ["was enabled", "is disabled now"]),
        ([deployed(OFF)], PLAIN, ["was disabled", "is enabled now"]),
        ([deployed(OFF)], pipeline(level="DEBUG"), ["was disabled", "is enabled now"]),
        ([deployed()], ON_DEMAND, ["ran on a schedule", "runs on demand now"]),
        ([deployed(ON_DEMAND)], PLAIN, ["ran on demand", "runs on its schedule now"]),
        ([claimed()], PLAIN, ["interrupted", "is enabled now"]),
        ([deployed(), marked], PLAIN, ["OpenMetadata had deleted it", "is enabled now"]),
        ([deployed(), marked], OFF, ["OpenMetadata had deleted it", "is suspended now"]),
        ([deployed(ON_DEMAND), marked], ON_DEMAND, ["OpenMetadata had deleted it", "runs on demand now"]),
        ([deployed(), marked], ON_DEMAND, ["OpenMetadata had deleted it", "runs on demand now"]),
    ],
    ids=[
        "disabled",
        "disabled and changed",
        "enabled",
        "enabled and changed",
        "on demand from now on",
        "on a schedule from now on",
        "a deploy was interrupted",
        "restored",
        "restored, and disabled",
        "restored, on demand as before",
        "restored, on demand from now on",
    ],
)
def test_a_schedule_that_is_switched_is_said_with_what_it_was(
    there: list[Arrange], item: Pipeline, parts: list[str]
) -> None:
    fake = namespace(*there)
    switches = [step for step in steps_of(fake, item) if isinstance(step, Suspend)]
    assert switches
    assert all(part in step.note for step in switches for part in parts)
    assert {step.suspend for step in switches} == {not item.enabled or item.schedule is None}
    assert all(step.before["metadata"]["name"] == NAME for step in switches)
    notes = deploy(namespace(*there), item).notes
    assert any(all(part in note for part in parts) for note in notes)


def test_until_the_earlier_name_is_gone_the_new_one_stays_suspended() -> None:
    fake = namespace(deployed(), cut_rename)
    new = renamed(level="DEBUG")
    titles = [title_of(step) for step in steps_of(fake, new)]
    written = ["apply ConfigMap", "apply Secret", "suspend", "apply CronJob, suspended"]
    assert titles == [*written, "delete earlier name", "resume"]


def test_a_new_name_that_somebody_has_enabled_is_suspended_until_the_earlier_one_is_gone() -> None:
    fake = namespace(deployed(), cut_rename)
    name = renamed().resource_name
    client(fake).enable(name)
    titles = [title_of(step) for step in steps_of(fake, renamed())]
    assert titles == ["suspend", "delete earlier name", "resume"]


@pytest.mark.parametrize("force", [False, True])
def test_whose_value_of_suspend_is_overridden(force: bool) -> None:
    def forced(*there: Arrange, item: Pipeline = PLAIN) -> list[tuple[bool, bool]]:
        steps = steps_of(namespace(*there), item, force=force)
        return [(step.force, step.of_new) for step in steps if isinstance(step, Suspend)]

    assert forced(deployed(OFF)) == [(True, False)]
    assert forced(deployed(), item=OFF) == [(False, False)]
    assert forced(deployed(), marked) == [(True, False)]


@pytest.mark.parametrize("updated_at", [None, 2], ids=["from files", "by the server"])
@pytest.mark.parametrize("changed", [{}, {"level": "DEBUG"}], ids=["schedule", "schedule and document"])
def test_a_schedule_that_somebody_else_has_suspended_is_made_up_for_only_if_taken_over(
    updated_at: int | None, changed: Any
) -> None:
    fake = namespace(deployed(), suspended_by("argo", True), at(12, 1))
    item = pipeline(schedule=NOON, updated_at=updated_at, **changed)
    wanted = plan_of(item, SETTINGS, source=Source.SERVER if updated_at else Source.FILES)
    live = observe(fake, wanted).judged(lambda old: True)
    assert not changes(wanted, live).notes
    assert any("2026-01-23T12:00:00Z" in note for note in changes(wanted, live, force=True).notes)


def test_a_token_that_is_missing_is_no_change_of_what_the_server_has_sent() -> None:
    fake = cluster()
    older, newer = (plan_of(pipeline(updated_at=number), SETTINGS, source=Source.SERVER) for number in (1, 2))
    Deployer(fake).deploy(older, by_the_entity)
    deleted(Kind.SECRET, TOKEN)(fake)
    found: Sequence[Any] = changes(newer, observe(fake, newer).judged(lambda old: True)).steps
    assert [title_of(step) for step in found] == ["write token", "apply ConfigMap", "apply CronJob"]
    assert found[2].manifest["metadata"]["annotations"][labels.UPDATED_AT] == "1"


def test_what_the_server_has_changed_bears_its_mark_on_all_objects() -> None:
    fake = cluster()
    older, newer = (
        plan_of(pipeline(updated_at=number, level=level), SETTINGS, source=Source.SERVER)
        for number, level in ((1, "INFO"), (2, "DEBUG"))
    )
    Deployer(fake).deploy(older, by_the_entity)
    found: Sequence[Any] = changes(newer, observe(fake, newer).judged(lambda old: True)).steps
    assert [title_of(step) for step in found] == ["apply ConfigMap", "apply Secret", "apply CronJob"]
    assert {step.manifest["metadata"]["annotations"][labels.UPDATED_AT] for step in found} == {"2"}


def launcher(change: Any) -> Arrange:
    """Somebody has changed the metadata of the launcher."""

    def arrange(fake: FakeCluster) -> None:
        item = fake.get(Kind.CONFIG_MAP, planned(PLAIN).launcher["metadata"]["name"])
        item["metadata"] |= change
        fake.put(item)

    return arrange


@pytest.mark.parametrize(
    ("change", "titles"),
    [
        ({}, []),
        ({"annotations": {labels.UNUSED_SINCE: "2026-01-01T00:00:00Z"}}, ["apply ConfigMap"]),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b"]}, ["apply ConfigMap"]),
    ],
    ids=["as it was", "about to be removed", "being deleted"],
)
def test_a_shared_object_that_goes_is_written_again(change: Any, titles: list[str]) -> None:
    assert [title_of(step) for step in steps_of(namespace(deployed(), launcher(change)), PLAIN)] == titles


def test_shared_objects_are_seen_to_before_the_claim_and_not_again() -> None:
    fake = namespace(deployed(), no_launcher)
    plan = planned(PLAIN)
    live = observe(fake, plan)
    assert [title_of(step) for step in changes(plan, live).steps] == ["create ConfigMap"]
    assert live.cronjob is not None
    assert [title_of(step) for step in changes(plan, live.claimed_as(live.cronjob)).steps] == ["resume"]


def with_run(fake: FakeCluster) -> None:
    """A run is active."""
    job(fake, NAME)


def secret_of(steps: Sequence[Any]) -> Object | None:
    found = [step for step in steps if isinstance(step, Apply) and step.manifest["kind"] == "Secret"]
    return found[0].manifest if found else None


def holding(value: object) -> Arrange:
    """Its document holds this as its token."""

    def arrange(fake: FakeCluster) -> None:
        fake.put(with_token_inside(fake.get(Kind.SECRET, NAME), value))  # type: ignore[arg-type]

    return arrange


@pytest.mark.parametrize(
    ("there", "item", "kept"),
    [
        ([deployed(OPAQUE), with_run], PLAIN, "not one of a bot"),
        ([deployed(OPAQUE)], PLAIN, None),
        ([deployed(OPAQUE), holding(token(1)), with_run], PLAIN, token(2)),
        ([deployed(OPAQUE), holding(token(3)), with_run], PLAIN, token(3)),
        ([deployed(OPAQUE), holding(token(1, "other-bot")), with_run], PLAIN, token(1, "other-bot")),
        ([deployed(OPAQUE), holding("${TOKEN}"), with_run], PLAIN, token(2)),
        ([deployed(OPAQUE), holding({"from": "elsewhere"}), with_run], PLAIN, token(2)),
        ([deployed(), holding(token(1)), with_run], PLAIN, None),
    ],
    ids=[
        "a run reads it",
        "no run",
        "an older one of the same bot",
        "a newer one of the same bot",
        "one of another bot",
        "a reference",
        "no text",
        "the run takes its token from the Secret",
    ],
)
def test_which_token_stays_in_the_document_for_a_run(there: list[Arrange], item: Pipeline, kept: str | None) -> None:
    secret = secret_of(steps_of(namespace(*there), item))
    assert secret is not None
    assert (token_inside(secret) or None) == kept


def test_a_token_that_is_no_longer_used_is_released_by_its_name() -> None:
    fake = namespace(deployed())
    (release,) = [step for step in steps_of(fake, OPAQUE) if isinstance(step, ReleaseToken)]
    assert release.name == planned(PLAIN).token["metadata"]["name"]  # type: ignore[index]


def test_shared_objects_that_are_missing_are_not_applied() -> None:
    plan = planned(PLAIN)
    fake = namespace(deployed())
    assert shared_is_applied(plan, observe(fake, plan))
    no_launcher(fake)
    assert not shared_is_applied(plan, observe(fake, plan))


def test_why_a_token_is_not_written_names_its_secret() -> None:
    plan = planned(PLAIN)
    newer = namespace(deployed(pipeline(token=token(3))))
    assert plan.token is not None
    assert plan.token["metadata"]["name"] in token_note(plan, observe(newer, plan))
    assert token_note(plan, observe(namespace(deployed()), plan)) == ""
    opaque = planned(OPAQUE)
    assert token_note(opaque, observe(newer, opaque)) == ""


@pytest.mark.parametrize(
    ("owners", "is_discarded"),
    [
        ([("CronJob", NAME, "older")], True),
        ([("CronJob", NAME, "older"), ("CronJob", NAME, "mine")], False),
        ([("CronJob", "another", "older")], False),
        ([("Job", NAME, "older")], False),
        ([], False),
    ],
    ids=["a former CronJob's", "also ours", "another CronJob's", "a Job's", "nobody's"],
)
def test_only_what_a_former_cronjob_of_the_name_owned_is_discarded(
    owners: list[tuple[str, str, str]], is_discarded: bool
) -> None:
    fake = namespace(deployed())
    fake.collects = False
    plan = planned(PLAIN)
    live = observe(fake, plan)
    assert live.cronjob is not None
    mine = live.cronjob["metadata"]["uid"]
    references = [{"kind": kind, "name": name, "uid": mine if uid == "mine" else uid} for kind, name, uid in owners]
    secret = fake.get(Kind.SECRET, NAME)
    secret["metadata"]["ownerReferences"] = references
    fake.put(secret)
    claimed_anew = observe(fake, plan).claimed_as(live.cronjob)
    discarded = [step for step in changes(plan, claimed_anew).steps if isinstance(step, Discard)]
    assert bool(discarded) is is_discarded
