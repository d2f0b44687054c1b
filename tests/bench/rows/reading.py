"""What is read of one pipeline among many, and of one long log."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.bench import rounds
from tests.bench.figures import OURS, Figure, Unit, of_times
from tests.bench.loops import path_of
from tests.bench.meter import metered
from tests.bench.scene import LONG, SHORT, Scene, real_entities

_PAGES = "the pages of a log, in order"


def measure_one(scene: Scene, size: int) -> Iterator[Figure]:
    """Read status, log and queue of a pipeline, beside kubectl in a process of its own."""
    service = scene.service_client()
    client, entity = service.pipelines, real_entities(scene.scale)[SHORT]
    job = client.newest_run(SHORT).job_name
    cronjob = client.resource_name(SHORT)
    selector = f"k8s-pipeline/pipeline={cronjob}"
    asked: dict[str, tuple[Callable[[], object], tuple[str, ...]]] = {
        "status": (lambda: client.status(SHORT), ("get", "cronjob", cronjob, "-o", "json")),
        "logs": (lambda: list(client.logs(SHORT)), ("logs", f"job/{job}")),
        "queued_statuses": (lambda: service.queued_statuses(entity), ("get", "jobs", "-l", selector, "-o", "json")),
    }
    for name, (ours, words) in asked.items():
        yield from _one(scene, size, f"{name} of one pipeline", ours, words)


def _one(scene: Scene, size: int, row: str, ours: Callable[[], object], words: tuple[str, ...]) -> Iterator[Figure]:
    kubectl = f"kubectl {' '.join(words[:2])}".split("/")[0]
    times = rounds.take_turns(
        {kubectl: lambda: rounds.timed(lambda: scene.kubectl(*words)), OURS: lambda: rounds.timed(ours)},
        rounds=min(scene.scale.samples, 15),
        seconds=scene.scale.seconds / 3,
    )
    yield from of_times(row, size, times, kubectl)
    with metered() as count:
        ours()
    yield Figure(row, "ours: requests", size, len(count.requests))
    yield Figure(row, "ours: bytes", size, count.received, Unit.BYTES)


def measure_pages(scene: Scene, size: int) -> Iterator[Figure]:
    """Read a log page by page, as OpenMetadata's page does, beside reading it in one piece."""
    entity = real_entities(scene.scale)[LONG]
    job = scene.client().newest_run(LONG)
    path = f"{path_of(scene.namespace, 'pods', job.attempts[-1].name)}/log?container=main"
    length = len(scene.send.raw("GET", path)[1])

    def pages() -> int:
        with scene.service_client() as service:  # one that has read nothing of it yet
            page, read = service.last_logs(entity), 1
            while "after" in page:
                page, read = service.last_logs(entity, int(page["after"])), read + 1
        return read

    times = rounds.take_turns(
        {
            "bare: the log in one piece": lambda: rounds.timed(lambda: scene.send.raw("GET", path)),
            OURS: lambda: rounds.timed(pages),
        },
        rounds=scene.scale.rounds,
        seconds=scene.scale.seconds / 3,
    )
    yield from of_times(_PAGES, size, times, "bare: the log in one piece")
    with metered() as count:
        number = pages()
    yield Figure(_PAGES, "pages", size, number)
    yield Figure(_PAGES, "ours: reads of the log", size, count.log_reads)
    yield Figure(_PAGES, "ours: bytes, beside those of the log", size, count.received / length, Unit.TIMES)
