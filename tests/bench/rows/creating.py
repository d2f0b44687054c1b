"""How fast many pipelines are created beside those that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from tests.bench import definitions, rounds
from tests.bench.figures import OURS, Figure, Unit, of_rates
from tests.bench.loops import CONNECTIONS, Three, four_writes, remove, spread, three_applies
from tests.bench.meter import metered
from tests.bench.scene import Scene, numbered, write_documents, write_manifests
from tests.bench.wire import Send
from tests.data import SAMPLES, sample

BARE, FOUR, FOUR_URLLIB3 = "bare: three applies", "bare: four writes as ours", "the same over urllib3"
KUBECTL, COMMAND = "kubectl apply --server-side", "k8s-pipeline deploy -f"


def measure(scene: Scene, size: int) -> Iterator[Figure]:
    """Create a batch, remove it, and so on."""
    batch = scene.scale.batch
    row = f"{batch} created, {CONNECTIONS} at once"
    pipelines = numbered(size, size + batch)
    threes, names = scene.threes(pipelines), [pipeline.resource_name for pipeline in pipelines]
    file = write_documents(scene.folder / "batch.yaml", _documents(size, batch))
    manifests = write_manifests(scene.folder / "batch.json", [item for three in threes for item in three])

    def then_removed(create: Callable[[], float]) -> Callable[[], float]:
        def once() -> float:
            seconds = create()
            remove(scene.server, scene.namespace, names)
            return seconds

        return once

    def command() -> float:
        return rounds.timed(lambda: scene.command("deploy", "-f", str(file), "--parallel", str(CONNECTIONS)))

    times = rounds.take_turns(
        {
            BARE: then_removed(lambda: _looped(threes, three_applies, scene.server.connections(CONNECTIONS))),
            FOUR: then_removed(lambda: _looped(threes, four_writes, scene.server.connections(CONNECTIONS))),
            FOUR_URLLIB3: then_removed(lambda: _looped(threes, four_writes, scene.server.urllib3(CONNECTIONS))),
            OURS: then_removed(lambda: rounds.timed(lambda: scene.deploy(pipelines))),
            COMMAND: then_removed(command),
        },
        first_only={
            KUBECTL: then_removed(
                lambda: rounds.timed(lambda: scene.kubectl("apply", "--server-side", "-f", str(manifests)))
            )
        },
        rounds=scene.scale.rounds,
        seconds=scene.scale.seconds,
    )
    yield from of_rates(row, size, times, BARE, batch)
    for other in (FOUR, FOUR_URLLIB3):
        yield Figure(row, f"ours beside “{other}”", size, 1 / times.ratio(OURS, other), Unit.SHARE)
    yield from _counted(scene, size, names)


def _counted(scene: Scene, size: int, names: Sequence[str]) -> Iterator[Figure]:
    batch = len(names)
    with metered() as count:
        scene.deploy(numbered(size, size + batch))
    remove(scene.server, scene.namespace, names)
    row = "requests of a deploy in bulk"
    yield Figure(row, "new, each, beyond the lists", size, (len(count.requests) - count.lists) / batch)
    yield Figure(row, "new, lists in all", size, count.lists)


def _documents(size: int, batch: int) -> list[object]:
    services = [sample(f"services/{path.name}") for path in sorted((SAMPLES / "services").iterdir())]
    return [*services, *map(definitions.entity, range(size, size + batch))]


def _looped(
    threes: Sequence[Three],
    write: Callable[[Send, Three], None],
    opened: AbstractContextManager[Sequence[Send]],
) -> float:
    with opened as sends:
        return spread(threes, write, sends)
