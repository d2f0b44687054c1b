"""What it takes to delete pipelines, or to prune them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.bench import rounds
from tests.bench.figures import Figure, Unit
from tests.bench.meter import metered
from tests.bench.scene import Scene, numbered
from tests.cluster.support.site import SHOP, Site
from tests.images.recording import RecordingServer
from tests.openmetadata import pipeline


def measure(scene: Scene, size: int) -> Iterator[Figure]:
    """Delete and prune as many as the scale says, by the commands."""
    removed = scene.scale.removed
    doomed = numbered(size, size + removed)
    scene.deploy(doomed)
    names = [item.resource_name for item in doomed]
    yield from _counted(f"k8s-pipeline delete of {removed}", size, lambda: scene.program("delete", *names))
    with RecordingServer() as server:
        site = _site_with_orphans(scene, server)
        yield from _counted(f"k8s-pipeline prune of {removed}", size, lambda: site("prune", "--yes"))
        site.forget(_orphan(0))
        site("prune", "--yes", "--force")
    scene.program.configure()


def _site_with_orphans(scene: Scene, server: RecordingServer) -> Site:
    """Return a server that has lost all pipelines but one."""
    site = Site(scene.program, server, scene.folder)
    entities = [_orphan(number) for number in range(scene.scale.removed + 1)]
    site.seed(services=[SHOP], pipelines=entities)
    site.deploy("--all", "--parallel", "16")
    for entity in entities[1:]:
        site.forget(entity)
    return site


def _counted(row: str, size: int, remove: Callable[[], object]) -> Iterator[Figure]:
    with metered() as count:
        seconds = rounds.timed(remove)
    yield Figure(row, "seconds", size, seconds, Unit.SECONDS)
    yield Figure(row, "lists", size, count.lists)
    yield Figure(row, "requests", size, len(count.requests))
    yield Figure(row, "bytes", size, count.received, Unit.BYTES)


def _orphan(number: int) -> dict[str, object]:
    return pipeline(f"bench-orphan-{number}", SHOP)
