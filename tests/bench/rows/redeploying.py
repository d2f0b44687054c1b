"""What it costs to deploy everything again where nothing has changed."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from tests.bench import rounds
from tests.bench.figures import OURS, Figure, Unit, of_times
from tests.bench.loops import paged_lists
from tests.bench.meter import metered
from tests.bench.scene import Scene, numbered

BARE, LISTS, RENDERING = "bare: both, one after the other", "bare: paged lists, parsed", "rendering alone"
ROW = "all deployed again, unchanged"


def measure(scene: Scene, size: int) -> Iterator[Figure]:
    """Read all that there is and render all that is to be; then deploy."""
    pipelines = numbered(0, size)
    lists: list[float] = []
    rendering: list[float] = []

    def bare() -> float:
        lists.append(rounds.timed(lambda: paged_lists(scene.send, scene.namespace)))
        rendering.append(rounds.timed(lambda: scene.render(pipelines)))
        return lists[-1] + rendering[-1]

    times = rounds.take_turns(
        {BARE: bare, OURS: lambda: rounds.timed(lambda: scene.deploy(pipelines))},
        rounds=scene.scale.rounds,
        seconds=scene.scale.seconds,
    )
    yield Figure(ROW, LISTS, size, median(lists), Unit.SECONDS)
    yield Figure(ROW, RENDERING, size, median(rendering), Unit.SECONDS)
    yield from of_times(ROW, size, times, BARE)
    with metered() as count:
        scene.deploy(pipelines)
    yield Figure(ROW, "ours: requests, each, beyond the lists", size, (len(count.requests) - count.lists) / size)
    yield Figure(ROW, "ours: lists in all", size, count.lists)
    yield Figure(ROW, "ours: writes in all", size, count.writes)
