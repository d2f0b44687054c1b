"""How many requests a deploy takes, and how much they return: the same however many other pipelines there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client import Pipeline
from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.deploying.bulk import Batch, Deployment
from k8s_pipeline_client.deploying.copies import by_the_files
from k8s_pipeline_client.domain import document, labels
from k8s_pipeline_client.domain.labels import PIPELINE
from k8s_pipeline_client.errors import CopiedIdError
from k8s_pipeline_client.render.plan import Plan
from tests.fakes import FakeCluster
from tests.unit.scene import client, cluster, deploy, others, pipeline, planned

PLAIN = pipeline()
WRITES = ("create", "patch", "delete")


def crowded(count: int) -> FakeCluster:
    """Return a namespace with so many pipelines: of each as much as it can be found by."""
    fake = cluster()
    deploy(fake, others(1)[0])
    alike = [item for kind in (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP) for item in fake.list(kind, labels=PIPELINE)]
    for number in range(1, count):
        for item in alike:
            fake.put(_numbered(item, number))
    fake.requests.clear()
    fake.collects = False  # there is nothing to be collected, and to look for it takes long
    return fake


def _numbered(item: Object, number: int) -> Object:
    metadata = item["metadata"]
    same = (labels.INSTANCE, labels.TOKEN)
    its = {key: value if key in same else f"{value[:50]}-{number}" for key, value in metadata["labels"].items()}
    kept = {"namespace": metadata["namespace"], "name": f"{metadata['name'][:50]}-{number}", "labels": its}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": kept}


class Meter:
    """Counts the objects that lists and reads return."""

    def __init__(self, fake: FakeCluster, mocker: MockerFixture) -> None:
        self.returned = 0
        for verb in ("get", "list"):
            mocker.patch.object(fake, verb, side_effect=self._counting(getattr(fake, verb)))

    def _counting(self, real: Any) -> Any:
        def counted(*args: Any, **kwargs: Any) -> Any:
            found = real(*args, **kwargs)
            self.returned += len(found) if isinstance(found, list) else 1
            return found

        return counted


def test_the_first_deploy_in_a_namespace_creates_what_is_shared_too() -> None:
    fake = cluster()
    deploy(fake, PLAIN)
    assert len(fake.requests) <= 10


BUDGETS = [
    ("new", PLAIN, 7, 4),
    ("unchanged", PLAIN, 4, 0),
    ("changed", pipeline(level="DEBUG"), 8, 3),
    ("disabled", pipeline(level="DEBUG", enabled=False), 6, 1),
    ("unchanged, disabled", pipeline(level="DEBUG", enabled=False), 4, 0),
    ("enabled", pipeline(level="DEBUG"), 6, 1),
]


def test_a_deploy_takes_no_more_beside_three_thousand_pipelines(mocker: MockerFixture) -> None:
    returned = []
    for count in (10, 3000):
        fake = crowded(count)
        meter = Meter(fake, mocker)
        for title, item, requests, writes in BUDGETS:
            fake.requests.clear()
            deploy(fake, item)
            assert len(fake.requests) <= requests, title
            assert len([request for request in fake.requests if request.verb in WRITES]) == writes, title
        returned.append(meter.returned)
    assert returned[0] == returned[1] <= 8 * len(BUDGETS)


@pytest.mark.parametrize("parallel", [1, 8])
def test_a_batch_of_new_pipelines_takes_four_writes_for_each_and_three_lists_for_all(parallel: int) -> None:
    fake = cluster()
    deploy(fake, PLAIN)
    fake.requests.clear()
    items = others(50)
    done = client(fake).deploy_all(items, judge=by_the_files(), parallel=parallel)
    assert {deployment.action for deployment in done} == {"created"}
    counted = Counter(request.verb in WRITES for request in fake.requests)
    assert counted[True] == 4 * len(items)
    assert len({(request.kind, request.name) for request in fake.requests if request.verb in WRITES}) == 3 * len(items)
    assert counted[False] <= 3 + 1  # one more of the tokens, at the end


def test_a_batch_that_changes_nothing_takes_the_three_lists_alone() -> None:
    fake = cluster()
    items = others(50)
    client(fake).deploy_all(items)
    fake.requests.clear()
    done = client(fake).deploy_all(items)
    assert {deployment.action for deployment in done} == {"unchanged"}
    assert sorted((request.verb, request.kind) for request in fake.requests) == [
        ("list", Kind.CONFIG_MAP),
        ("list", Kind.CRONJOB),
        ("list", Kind.SECRET),
    ]


@pytest.mark.parametrize("count", [600, 3000])
def test_a_batch_beside_many_others_reads_a_short_page_of_them_and_its_own(count: int) -> None:
    fake, items = crowded(count), others(50)
    client(fake).deploy_all(items[:20])
    fake.requests.clear()
    returned = fake.returned
    done = client(fake).deploy_all(items)
    assert Counter(deployment.action for deployment in done) == {"unchanged": 20, "created": 30}
    counted = Counter(request.verb in WRITES for request in fake.requests)
    assert counted[True] == 4 * 30
    assert counted[False] <= 10
    # A page of CronJobs shows that there are more; then each of the 20 is read, its CronJob also by its id.
    assert fake.returned - returned <= 100 + 20 * 4 + 5


@pytest.mark.parametrize("labelled", [True, False], ids=["labelled", "of an earlier version"])
def test_a_batch_beside_many_others_finds_its_ids_under_other_names(labelled: bool) -> None:
    fake, items = crowded(600), others(30)
    deploy(fake, items[7])
    copied = replace(items[7], fqn="pg_prod.copied", name="copied")
    if not labelled:
        cronjob = fake.get(Kind.CRONJOB, items[7].resource_name)
        for key in (labels.FQN_HASH, labels.PIPELINE_ID):
            del cronjob["metadata"]["labels"][key]
        fake.put(cronjob)
    fake.requests.clear()
    with pytest.raises(CopiedIdError):
        client(fake).deploy_all([*items[:7], *items[8:], copied], judge=by_the_files())
    assert not [request for request in fake.requests if request.verb in WRITES]


def test_a_batch_that_is_most_of_what_there_is_reads_whole_lists(mocker: MockerFixture) -> None:
    mocker.patch("k8s_pipeline_client.deploying.survey._FIRST_PAGE", 25)
    fake, items = crowded(30), others(30)
    fake.requests.clear()
    client(fake).deploy_all(items)
    read = [request.labels for request in fake.requests if request.verb not in WRITES]
    assert not [labels for labels in read if " in (" in labels]
    assert len(read) <= 3 + 1 + 2 + 1  # what they count; what they share, once it is written, and at the end


def test_a_new_pipeline_of_a_batch_is_rendered_and_its_document_encoded_once(mocker: MockerFixture) -> None:
    fake, items = cluster(), others(50)
    rendered = mocker.Mock(side_effect=planned)
    encoded = mocker.spy(document, "to_json")
    done = Batch(fake, items, rendered, by_the_files()).run()
    assert {deployment.action for deployment in done} == {"created"}
    assert rendered.call_count == encoded.call_count == len(items)


def test_of_a_batch_few_are_rendered_and_not_written_yet() -> None:
    fake, items = cluster(), others(80)
    fake.collects = False
    left: list[int] = []
    rendered = 0

    def render(item: Pipeline) -> Plan:
        nonlocal rendered
        rendered += 1
        return planned(item)

    def on_done(_: Deployment) -> None:
        left.append(rendered - len(left))

    Batch(fake, items, render, by_the_files(), parallel=4, on_done=on_done).run()
    assert len(left) == len(items)
    assert max(left) <= 50


def test_a_batch_writes_what_is_shared_once_and_before_all_else() -> None:
    fake = cluster()
    items = others(30)
    client(fake).deploy_all(items)
    shared = {planned(items[0]).launcher["metadata"]["name"]}
    writes = [request for request in fake.requests if request.verb in WRITES]
    assert [request.name for request in writes if request.name in shared] == [*shared]
    assert writes[0].name in shared
