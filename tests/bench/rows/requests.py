"""How many requests one deploy takes."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.loops import remove
from tests.bench.meter import metered
from tests.bench.scene import Scene, numbered

ROW = "requests of one deploy"


def measure(scene: Scene, size: int) -> Iterator[Figure]:
    """Count with a new client each time, as a command has it; what pipelines share is there already."""
    (one,) = numbered(size, size + 1)
    for what in ("new", "unchanged"):
        with metered() as count:
            scene.client().deploy(one)
        yield Figure(ROW, what, size, len(count.requests))
        if what == "unchanged":
            yield Figure(ROW, "unchanged: of these writes", size, count.writes)
    remove(scene.server, scene.namespace, [one.resource_name])
