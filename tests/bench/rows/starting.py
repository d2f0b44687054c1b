"""How long it takes to start a run. Its pod never comes: a quota forbids that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count as counted_up

from tests.bench import rounds
from tests.bench.figures import OURS, Figure, Unit, of_times
from tests.bench.history import job_of
from tests.bench.loops import delete_job, path_of
from tests.bench.meter import metered
from tests.bench.scene import Scene, numbered
from tests.bench.wire import Send

BARE = "bare: GET CronJob, list its Jobs, POST Job"
ROW = "a run started by the library"
_STEP = 37
"""From one sample to the next, so that it is not always the same pipeline."""


def measure(scene: Scene, size: int) -> Iterator[Figure]:
    """Start a run, delete it, and so on; with a client that lives long, as a service has it."""
    names = [pipeline.resource_name for pipeline in numbered(0, size)]
    send, client, numbers = scene.send, scene.client(), counted_up(step=_STEP)

    def then_deleted(start: Callable[[str], str]) -> float:
        job = ""

        def once() -> None:
            nonlocal job
            job = start(names[next(numbers) % size])

        seconds = rounds.timed(once)
        delete_job(send, scene.namespace, job)
        return seconds

    times = rounds.take_turns(
        {
            BARE: lambda: then_deleted(lambda name: bare_start(send, scene.namespace, name)),
            OURS: lambda: then_deleted(lambda name: client.run(name).job_name),
        },
        rounds=scene.scale.samples,
        seconds=scene.scale.seconds,
    )
    yield from of_times(ROW, size, times, BARE)
    with metered() as count:
        job = client.run(names[0]).job_name
    delete_job(send, scene.namespace, job)
    yield Figure(ROW, "ours: requests", size, len(count.requests))
    yield Figure(ROW, "ours: bytes", size, count.received, Unit.BYTES)
    yield Figure(ROW, "samples of each", size, times.rounds)


def bare_start(send: Send, namespace: str, name: str) -> str:
    """Send what a start cannot do without, and return the Job's name."""
    cronjob = send("GET", path_of(namespace, "cronjobs", name))
    send("GET", f"{path_of(namespace, 'jobs')}?labelSelector=k8s-pipeline/pipeline%3D{name}")
    made = send("POST", path_of(namespace, "jobs"), job_of(cronjob))
    return str(made["metadata"]["name"])
