"""What the service adds: its process, HTTP and its checks, on top of the client; and what it has in memory."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from itertools import count as counted_up
from pathlib import Path
from statistics import median
from typing import Any

from k8s_pipeline_client.domain.source import Source
from tests.bench import definitions, rounds
from tests.bench.figures import Figure, Unit, of_rates, of_times
from tests.bench.loops import CONNECTIONS, delete_job, remove
from tests.bench.rows.starting import BARE, bare_start
from tests.bench.scene import Scene, numbered
from tests.cluster.support.serving import Service
from tests.cluster.support.space import until
from tests.data import SAMPLES, sample
from tests.images.recording import RecordingServer
from tests.service.javaclient import ROOTS

OVER_HTTP = "over HTTP"
BULK = f"in bulk by the library, {CONNECTIONS} at once"
_STEP = 37
_JOB = re.compile(r"Job ([a-z0-9.-]+)>")
_PASSED = 'k8s_pipeline_reporter_passes_total{result="made"}'


def measure_triggers(scene: Scene, size: int) -> Iterator[Figure]:
    """Have runs started, each with an id of its own as newer servers give it; each Job is deleted again."""
    row = "a run started over HTTP, until its Job is created"
    names = [pipeline.resource_name for pipeline in numbered(0, size)]
    send, numbers = scene.send, counted_up(step=_STEP)
    with _served(scene, size) as (_service, http):

        def bare() -> float:
            return then_deleted(lambda: bare_start(send, scene.namespace, names[next(numbers) % size]))

        def ours() -> float:
            name = definitions.entity(next(numbers) % size)["name"]
            body = {"dag_id": name, "conf": {"pipelineRunId": str(uuid.uuid4())}}
            return then_deleted(lambda: _JOB.findall(http("POST", "trigger", body))[0])

        def then_deleted(start: Callable[[], str]) -> float:
            jobs: list[str] = []
            seconds = rounds.timed(lambda: jobs.append(start()))
            delete_job(send, scene.namespace, jobs[0])
            return seconds

        times = rounds.take_turns(
            {BARE: bare, OVER_HTTP: ours}, rounds=scene.scale.samples, seconds=scene.scale.seconds
        )
    yield from of_times(row, size, times, BARE)
    yield Figure(row, "samples of each", size, times.rounds)


def measure_deploys(scene: Scene, size: int) -> Iterator[Figure]:
    """Deploy a batch of new pipelines one after the other, as the server's bulk redeploy does, beside the bulk path."""
    batch = scene.scale.batch
    row = f"{batch} new pipelines deployed in a row over HTTP"
    each: list[float] = []
    with _served(scene, size) as (_service, http):
        entities, pipelines = (
            [definitions.entity(size + number) for number in range(batch)],
            numbered(size, size + batch),
        )
        names = [pipeline.resource_name for pipeline in pipelines]

        def then_removed(deploy: Callable[[], object]) -> Callable[[], float]:
            def once() -> float:
                seconds = rounds.timed(deploy)
                remove(scene.server, scene.namespace, names)
                return seconds

            return once

        def in_a_row() -> None:
            each.extend(rounds.timed(partial(http, "POST", "deploy", entity)) for entity in entities)

        def in_bulk() -> None:
            done = scene.client().deploy_all(pipelines, parallel=CONNECTIONS, source=Source.SERVER)
            assert {str(item.action) for item in done} == {"created"}, done

        times = rounds.take_turns(
            {BULK: then_removed(in_bulk), OVER_HTTP: then_removed(in_a_row)},
            rounds=scene.scale.rounds,
            seconds=scene.scale.seconds / 3,
        )
    yield from of_rates(row, size, times, BULK, batch)
    yield Figure(row, "over HTTP: each", size, median(each), Unit.SECONDS)


def measure_memory(scene: Scene, size: int) -> Iterator[Figure]:
    """Start a service, and wait until its reporter has made a pass, and what is deployed has been looked through."""
    row = "memory of the service"
    with _served(scene, size) as (service, http):
        yield Figure(row, "when it listens", size, _resident(service.pid, "VmRSS"), Unit.BYTES)
        until(lambda: _passes(http) and ", unchanged " in service.log(), "it has made its passes", 300)
        yield Figure(row, "after a pass", size, _resident(service.pid, "VmRSS"), Unit.BYTES)
        yield Figure(row, "at most", size, _resident(service.pid, "VmHWM"), Unit.BYTES)


Http = Callable[..., str]
"""``http(method, operation, body=None)`` returns the body of a 200; all else is an error."""


@contextmanager
def _served(scene: Scene, size: int) -> Iterator[tuple[Service, Http]]:
    """Have a service, whose OpenMetadata knows the pipelines that there are and those of a batch more."""
    entities = [definitions.entity(number) for number in range(size + scene.scale.batch)]
    with RecordingServer() as server:
        server.control.seed({"entities": {"services/ingestionPipelines": entities, **_services()}})
        service = Service(scene.program, scene.folder, openmetadata=server.url, is_forked=False)
        with service.running():
            host, _, port = service.address.rpartition(":")
            connection = HTTPConnection(host, int(port), timeout=60)
            login = base64.b64encode(f"{service.place.username}:{service.place.password}".encode()).decode()

            def http(method: str, operation: str, body: Any = None) -> str:
                path = operation if operation.startswith("/") else f"/{ROOTS[0]}/{operation}"
                data = None if body is None else json.dumps(body).encode()
                connection.request(method, path, data, {"Authorization": f"Basic {login}"})
                answer = connection.getresponse()
                text = answer.read().decode()
                if answer.status != 200:
                    raise RuntimeError(f"{method} {operation}: {answer.status} {text}")
                return text

            with closing(connection):
                service.connected()
                yield service, http


def _services() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    of_pipelines = [definitions.entity(number)["service"] for number in range(20)]
    types = {service["fullyQualifiedName"]: service["type"] for service in of_pipelines}
    for path in sorted((SAMPLES / "services").iterdir()):
        service = sample(f"services/{path.name}")
        if kind := types.get(service["fullyQualifiedName"]):
            found.setdefault(f"services/{kind}s", []).append(service)
    return found


def _passes(http: Http) -> float:
    lines = http("GET", "/metrics").splitlines()
    return float(next((line.rpartition(" ")[2] for line in lines if line.startswith(_PASSED)), 0))


def _resident(pid: int, what: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{what}:")).split()[1]) * 1024
