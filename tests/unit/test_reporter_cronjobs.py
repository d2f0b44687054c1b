"""What a look at the schedules keeps of thousands of CronJobs is little, and they are read in small pages."""

from __future__ import annotations

import json

from k8s_pipeline_client.cluster.port import SMALL_PAGE, Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.reporter.cronjobs import read_cronjobs
from tests.unit.reporting import HOURLY, World

COUNT = 2 * SMALL_PAGE + 1


def crowd() -> World:
    """Return a namespace with so many pipelines."""
    world = World(schedule=HOURLY)
    world.fake.collects = False
    first = world.fake.get(Kind.CRONJOB, world.name)
    for number in range(1, COUNT):
        metadata = {key: value for key, value in first["metadata"].items() if key not in ("uid", "resourceVersion")}
        world.fake.put({**first, "metadata": {**metadata, "name": f"om-other-{number}"}})
    world.fake.requests.clear()
    return world


def test_a_tenth_of_each_is_kept() -> None:
    world = crowd()

    found = read_cronjobs(world.fake, labels.PIPELINE)

    assert len(found) == COUNT
    whole = world.fake.get(Kind.CRONJOB, world.name)
    assert all(10 * len(json.dumps(item)) < len(json.dumps(whole)) for item in found)


def test_a_page_has_a_hundred() -> None:
    world = crowd()

    read_cronjobs(world.fake, labels.PIPELINE)

    assert len([item for item in world.fake.requests if item.verb == "list"]) == 3
