"""What pipelines share goes when nothing has used it for an hour, and no sooner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.deploying.copies import by_the_entity
from k8s_pipeline_client.deploying.deploy import Deployer
from k8s_pipeline_client.deploying.housekeeping import collect_unused
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.domain.pipeline import Component
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.render import plan
from tests.fakes import FakeCluster, Request
from tests.unit.scene import SETTINGS, client, cluster, deploy, others, pipeline, planned

LAUNCHER = planned(pipeline()).launcher["metadata"]["name"]
NAME = pipeline().resource_name
HOUR = 3601


@pytest.fixture(autouse=True)
def no_pauses(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.polling.time.sleep")


def left() -> FakeCluster:
    """Return a namespace that has what a pipeline needed which is gone."""
    fake = cluster()
    deploy(fake, pipeline())
    fake.delete(Kind.CRONJOB, NAME, Propagation.BACKGROUND)
    return fake


def noted() -> FakeCluster:
    """Return one in which that has been unused for an hour."""
    fake = left()
    fake.advance(HOUR)
    collect_unused(fake)
    fake.advance(HOUR)
    return fake


def shared(fake: FakeCluster) -> list[str]:
    """Return what pipelines share."""
    found = [*fake.list(Kind.CONFIG_MAP, labels=f"!{labels.PIPELINE}"), *fake.list(Kind.SECRET, labels=labels.TOKEN)]
    return [f"{item['kind']}/{item['metadata']['name']}" for item in found]


def test_what_nothing_uses_goes_after_an_hour() -> None:
    fake = left()
    before = shared(fake)
    assert len(before) == 2
    assert collect_unused(fake) == []
    assert shared(fake) == before
    fake.advance(HOUR)
    assert collect_unused(fake) == [before[1]]  # the token: a deploy that begins to use it looks once more
    fake.advance(HOUR - 60)
    assert collect_unused(fake) == []
    fake.advance(60)
    assert collect_unused(fake) == [before[0]]
    assert shared(fake) == []


@pytest.mark.parametrize("of", ["pipeline", "run", "run that has ended"])
def test_what_is_used_stays(of: str) -> None:
    fake = cluster()
    if of == "pipeline":
        deploy(fake, pipeline())
    else:
        run = client(fake).run_once(pipeline(component=Component.AUTOMATION))
        if of != "run":
            fake.set_status(Kind.JOB, run.job_name, {"conditions": [{"type": "Complete", "status": "True"}]})
    before = {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in fake.list(Kind.CONFIG_MAP)}
    for _ in range(3):
        fake.advance(HOUR)
        assert collect_unused(fake) == []
    after = {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in fake.list(Kind.CONFIG_MAP)}
    assert after == before


def test_what_somebody_else_has_written_is_theirs() -> None:
    fake = cluster()
    for manifest in planned(pipeline()).manifests()[:2]:
        fake.apply(manifest, manager="kubectl")
    before = shared(fake)
    for _ in range(3):
        fake.advance(HOUR)
        assert collect_unused(fake) == []
    assert shared(fake) == before


def test_what_is_used_again_is_not_noted_any_more() -> None:
    fake = noted()
    deploy(fake, pipeline())
    assert annotation(fake.get(Kind.CONFIG_MAP, LAUNCHER), labels.UNUSED_SINCE) == ""
    assert collect_unused(fake) == []
    deploy(fake, pipeline(level="DEBUG"))
    assert f"ConfigMap/{LAUNCHER}" in shared(fake)


def test_a_note_on_what_is_used_after_all_is_taken_away() -> None:
    fake = noted()
    old = fake.get(Kind.CONFIG_MAP, LAUNCHER)
    deploy(fake, pipeline())
    fake.put(old)  # as a client would leave it that knows of no notes
    assert collect_unused(fake) == []
    assert annotation(fake.get(Kind.CONFIG_MAP, LAUNCHER), labels.UNUSED_SINCE) == ""


def by_the_server(fake: FakeCluster) -> None:
    item = replace(pipeline(), updated_at=1)
    Deployer(fake).deploy(plan(item, SETTINGS, source=Source.SERVER), by_the_entity)


DEEDS: dict[str, Callable[[FakeCluster], object]] = {
    "a deploy": lambda fake: deploy(fake, pipeline()),
    "a deploy of the server's": by_the_server,
    "a deploy of many": lambda fake: client(fake).deploy_all([pipeline(), *others(20)]),
    "a run without a pipeline": lambda fake: client(fake).run_once(pipeline(component=Component.AUTOMATION)),
}


CASES = [(scene, title) for title in DEEDS for scene in (left, noted) if scene is noted or "many" not in title]


def whole(fake: FakeCluster) -> None:
    """Check that all that is mounted is there."""
    for cronjob in fake.list(Kind.CRONJOB):
        token = cronjob["metadata"]["labels"].get(labels.TOKEN)
        assert not token or fake.get(Kind.SECRET, token)["data"]["jwtToken"]
    if fake.list(Kind.CRONJOB) or fake.list(Kind.JOB):
        assert fake.get(Kind.CONFIG_MAP, LAUNCHER)["data"]


@pytest.mark.parametrize(("scene", "title"), CASES)
def test_whoever_comes_to_use_it_amid_the_removal_has_it(scene: Callable[[], FakeCluster], title: str) -> None:
    asked = number = 1
    while number <= asked:
        fake = scene()
        fake.advance(HOUR)
        fake.requests.clear()

        def amid(_: Request, fake: FakeCluster = fake, number: int = number) -> None:
            if len(fake.requests) == number:
                DEEDS[title](fake)

        end = fake.before(amid)
        collect_unused(fake)
        end()
        whole(fake)
        asked, number = max(asked, len(fake.requests)), number + 1
    assert asked > 3


@pytest.mark.parametrize(("scene", "title"), CASES)
def test_a_removal_amid_a_deploy_takes_nothing_that_it_needs(scene: Callable[[], FakeCluster], title: str) -> None:
    asked = number = 1
    while number <= asked:
        fake = scene()
        fake.advance(HOUR)
        fake.requests.clear()

        def amid(_: Request, fake: FakeCluster = fake, number: int = number) -> None:
            if len(fake.requests) == number:
                collect_unused(fake)

        end = fake.before(amid)
        DEEDS[title](fake)
        end()
        whole(fake)
        asked, number = max(asked, len(fake.requests)), number + (11 if title == "a deploy of many" else 1)


def test_it_costs_the_same_among_many_pipelines_where_all_is_used() -> None:
    counted = []
    for size in (5, 40):
        fake = FakeCluster("ns", page_size=4)
        fake.advance(20 * 24 * HOUR)
        client(fake).deploy_all(others(size))
        fake.advance(HOUR)
        fake.requests.clear()
        collect_unused(fake)
        counted.append(len(fake.requests))
    assert counted[0] == counted[1] <= 6
