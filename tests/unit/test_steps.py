"""In which order a deploy writes what, and what undoes each step: for everything that it may find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client import Pipeline
from k8s_pipeline_client.deploying.deployed import Deployed
from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.deploying.observe import observe, observe_secrets
from k8s_pipeline_client.deploying.steps import Changes, Step, changes, title_of
from k8s_pipeline_client.deploying.survey import by_name, survey
from k8s_pipeline_client.deploying.undo import Remove, RemoveUnusedToken, Restore, Unclaim, undo_of
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.managers import MANAGER, SUSPEND_MANAGER
from k8s_pipeline_client.render.plan import Plan
from tests.fakes import FakeCluster
from tests.unit.scene import cluster, deploy, planned
from tests.unit.situations import CASES, Case


def live_of(fake: FakeCluster, plan: Plan) -> Live:
    """Observe; what has the id under another name is the pipeline before it was renamed."""
    return observe(fake, plan).judged(lambda old: True)


def all_changes(fake: FakeCluster, plan: Plan, *, force: bool) -> Changes:
    """Return all that a deploy does; what follows a claim is asked for once the CronJob is created."""
    live = live_of(fake, plan)
    first = changes(plan, live, force=force)
    if live.cronjob is not None:
        return first
    cronjob = fake.apply(plan.suspended_cronjob(), manager=MANAGER)
    rest = changes(plan, observe_secrets(fake, plan, live.claimed_as(cronjob)), force=force)
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
    found = all_changes(fake, planned(case.item, case.settings), force=case.force)
    assert [f"{title_of(step)}: {undone(step)}" for step in found.steps] == list(case.steps)
    notes = [*found.notes, *found.shared_notes]
    assert len(notes) == len(case.notes)
    assert all(part in note for note, part in zip(notes, case.notes, strict=True))
    assert (found.wait is not None) == case.wait


def test_after_a_deploy_there_is_nothing_left_to_do(case: Case, fake: FakeCluster, mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.timelimit.time.sleep", side_effect=fake.advance)
    plan = planned(case.item, case.settings)
    deploy(fake, case.item, force=case.force, settings=case.settings)
    left = [title_of(step) for step in changes(plan, live_of(fake, plan)).steps]
    assert left == (["resume"] if case.title == "suspended by somebody else" else [])


@pytest.mark.parametrize("read", [survey, by_name])
def test_the_lists_of_a_batch_tell_what_needs_nothing_and_what_is_new(
    case: Case, fake: FakeCluster, read: Callable[[FakeCluster, Sequence[Pipeline]], Deployed]
) -> None:
    plan = planned(case.item, case.settings)
    deployed, live = read(fake, [case.item]), live_of(fake, plan)
    found = changes(plan, live)
    if deployed.is_as_planned(plan):
        assert not found.steps
        assert list(found.shared_notes) == [note for note in [deployed.shared_note(plan)] if note]
    elif live.cronjob is not None and not found.steps:
        assert labels.STARTING_DEADLINE in live.cronjob["metadata"]["annotations"]  # only the clock can tell
    if deployed.is_new(plan):
        assert live.cronjob is None and not live.earlier
        assert changes(plan, deployed.live_of_new(plan)).steps == found.steps
        assert deployed.missing_shared(plan) or len(found.steps) == 1


def test_a_batch_is_told_the_same_by_whole_lists_and_by_name(case: Case, fake: FakeCluster) -> None:
    plan = planned(case.item, case.settings)
    found = [
        (read.is_new(plan), read.is_as_planned(plan), read.with_the_same_id(plan.pipeline), read.missing_shared(plan))
        for read in (survey(fake, [case.item]), by_name(fake, [case.item]))
    ]
    assert found[0] == found[1]
