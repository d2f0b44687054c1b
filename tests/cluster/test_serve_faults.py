"""The API server hangs, is slow or away, and the service is killed between two writes: what a server sees of it."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.support import faults
from tests.cluster.support.faults import WRITES, Effect, FaultProxy
from tests.cluster.support.program import Program
from tests.cluster.support.serving import Service, posted
from tests.cluster.support.site import PIPELINES
from tests.cluster.support.space import Space, until
from tests.images.recording import RecordingServer
from tests.service.javaclient import ROOTS, Answer, JavaClient

SLACK = 1.5
"""Seconds that a busy machine adds to a time limit."""
NIGHTLY = posted({"log": "once"}, schedule="0 3 1 1 *")


@dataclass(frozen=True)
class Asked:
    """A request, and how long it may take."""

    method: str
    operation: str
    seconds: float
    body: Any = None

    def send(self, client: JavaClient) -> Answer:
        return client.send(self.method, f"{ROOTS[0]}/{self.operation}", self.body)


QUICK = (
    Asked("GET", "health-auth", 1),
    Asked("GET", "status?dag_id=nightly", 1),
    Asked("GET", "status?dag_id=nightly&only_queued=true", 1),
)
CHANGES = (
    Asked("POST", "deploy", 10, posted({"log": "another"}, name="another")),
    Asked("POST", "deploy", 10, NIGHTLY),
    Asked("POST", "trigger", 10, {"dag_id": "nightly", "conf": {"pipelineRunId": str(uuid.uuid4())}}),
    Asked("POST", "trigger", 10, {"dag_id": "nightly"}),
    Asked("POST", "enable", 10, {"dag_id": "nightly"}),
    Asked("POST", "disable", 10, {"dag_id": "nightly"}),
    Asked("POST", "kill", 10, {"dag_id": "nightly"}),
    Asked("DELETE", "delete?dag_id=nightly", 10),
)
LOGS = Asked("GET", "last_dag_logs?dag_id=nightly&task_id=ingestion_task", 15)


@pytest.fixture
def service(faulty: Program, tmp_path: Path, openmetadata: RecordingServer) -> Iterator[Service]:
    """A service between which and the API server there is the proxy, and which asks nothing of its own accord."""
    options = ["--no-reporter", "--no-refresh"]
    with Service(faulty, tmp_path, openmetadata=openmetadata.url, options=options).running() as found:
        yield found


def in_time(client: JavaClient, *asked: Asked) -> None:
    """Ask all at once; each is an error, in its time, and the service itself stays alive."""

    def one(each: Asked) -> tuple[Asked, Answer, float]:
        begun = time.monotonic()
        answer = each.send(client)
        return each, answer, time.monotonic() - begun

    with ThreadPoolExecutor(len(asked) + 1) as pool:
        alive = pool.submit(one, Asked("GET", "health", 0))
        for each, answer, seconds in pool.map(one, asked):
            assert (answer.status, bool(answer.json["error"])) == (503, True), (each, answer)
            assert seconds < each.seconds + SLACK, each
        assert (alive.result()[1].status, alive.result()[2] < SLACK) == (200, True)


def broken(proxy: FaultProxy, effect: Effect | None) -> Callable[[], None]:
    """Have each request meet with an effect, None for an API server that is away; return what ends that."""
    if effect is None:
        proxy.refuse()
        return proxy.listen
    proxy.fault(effect, times=None)
    return proxy.mend


BAD: dict[str, Effect | None] = {
    "hangs": faults.hang,
    "is away": None,
    "responds a byte at a time": faults.trickle(0.2),
    "responds after 20 s": faults.slow(20),
}


def test_whatever_the_api_server_does_what_is_quick_stays_so(service: Service, proxy: FaultProxy) -> None:
    client = service.client()
    assert Asked("POST", "deploy", 10, NIGHTLY).send(client).status == 200
    for effect in BAD.values():
        end = broken(proxy, effect)
        in_time(client, *QUICK)
        end()
        until(lambda: QUICK[1].send(client).status == 200, "it responds again")
    proxy.fault(faults.slow(0.2), times=None)
    for asked in CHANGES[:3]:
        assert asked.send(client).status == 200, "slow, but in time"


@pytest.mark.slow
@pytest.mark.parametrize("how", [pytest.param(how, marks=[pytest.mark.e2e] * (how != "hangs")) for how in BAD])
def test_no_change_waits_longer_than_its_time(service: Service, proxy: FaultProxy, program: Program, how: str) -> None:
    client = service.client()
    assert Asked("POST", "deploy", 10, NIGHTLY).send(client).status == 200
    end = broken(proxy, BAD[how])
    in_time(client, *CHANGES, LOGS)
    end()
    until(lambda: Asked("POST", "deploy", 10, NIGHTLY).send(client).status == 200, "it responds again")
    assert whole(program.space, "nightly")
    assert [
        item["metadata"]["name"] for item in program.space.list("cronjobs") if not whole_one(program.space, item)
    ] == []


def whole(space: Space, name: str) -> dict[str, Any]:
    """Return the only CronJob of a pipeline, which has all that a run needs, and is switched on."""
    (cronjob,) = [
        item for item in space.list("cronjobs") if item["metadata"]["annotations"]["k8s-pipeline/name"] == name
    ]
    assert whole_one(space, cronjob)
    return cronjob


def whole_one(space: Space, cronjob: dict[str, Any]) -> bool:
    """Return whether a CronJob is suspended, or has the Secret and the ConfigMap that it owns."""
    name, uid = cronjob["metadata"]["name"], cronjob["metadata"]["uid"]
    owned = [
        item["kind"]
        for kind in ("secrets", "configmaps")
        for item in space.list(kind)
        if item["metadata"]["name"] == name and item["metadata"]["ownerReferences"][0]["uid"] == uid
    ]
    return cronjob["spec"]["suspend"] or sorted(owned) == ["ConfigMap", "Secret"]


def killed(service: Service, proxy: FaultProxy, asked: Asked, effect: Effect, **where: Any) -> bool:
    """Ask; kill the service once a request meets with an effect, and start it again. False if it met with none."""
    rule = proxy.fault(effect, times=None, **where)
    client = service.client()

    def ask() -> None:
        with suppress(OSError, HTTPException):
            asked.send(client)

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: rule.hit.is_set() or not asking.is_alive(), "the request, or the end")
    if rule.hit.is_set():
        service.kill()
    asking.join(30)
    proxy.mend()
    if reached := rule.hit.is_set():
        service.start()
    return reached


@pytest.mark.slow
@pytest.mark.parametrize("days", [1, pytest.param(-1, marks=pytest.mark.e2e)])
def test_a_clock_that_is_wrong_by_a_day_changes_no_run_and_no_time(
    program: Program, tmp_path: Path, openmetadata: RecordingServer, days: int
) -> None:
    entity = posted({"sleep": 6}, {"exit": 3}, server=openmetadata.url)
    openmetadata.control.seed({"entities": {PIPELINES: [entity]}})
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    rows, fqn = openmetadata.api.statuses.rows, entity["fullyQualifiedName"]
    with Service(program, tmp_path, openmetadata=openmetadata.url, skew=days * 86400).running() as service:
        client = service.connected()
        client.deploy(entity)
        begun = time.time() * 1000
        for run_id, status in ((first, 200), (second, 409)):
            asked = Asked("POST", "trigger", 10, {"dag_id": "nightly", "conf": {"pipelineRunId": run_id}})
            assert asked.send(client).status == status
        until(lambda: (rows.of_run(fqn, first) or {}).get("pipelineState") == "failed", "its end is reported")

    logged = datetime.fromisoformat(json.loads(service.log().splitlines()[0])["time"])
    assert abs((logged - datetime.now(UTC)).total_seconds()) > 86400 / 2, "its clock is wrong"
    reported, refused = rows.of_run(fqn, first), rows.of_run(fqn, second)
    assert reported is not None and refused is not None
    assert refused["timestamp"] < reported["timestamp"], "the pipeline's status is that of the run"
    for row in (reported, refused):
        assert all(abs(row[key] - begun) < 300_000 for key in ("timestamp", "startDate", "endDate")), row
    assert "ExitCode" in str(reported["status"]) or "exit" in str(reported["status"])


def emptied(space: Space) -> None:
    """Delete what pipelines have, and what they share."""
    for path in (
        "apis/batch/v1/namespaces/{}/cronjobs",
        "api/v1/namespaces/{}/secrets",
        "api/v1/namespaces/{}/configmaps",
    ):
        space.access.api.request("DELETE", "/" + path.format(space.namespace))
    until(lambda: not space.list("cronjobs"), "they are gone")


@pytest.mark.slow
@pytest.mark.parametrize("is_new", [True, pytest.param(False, marks=pytest.mark.e2e)], ids=["new", "changed"])
def test_killed_at_any_write_of_a_deploy_the_same_deploy_makes_it_whole(
    service: Service, proxy: FaultProxy, space: Space, is_new: bool
) -> None:
    asked = Asked("POST", "deploy", 10, NIGHTLY)
    for write in count(1):
        emptied(space)
        if not is_new:
            earlier = {**NIGHTLY, "loggerLevel": "DEBUG", "airflowConfig": {"scheduleInterval": "0 4 1 1 *"}}
            assert Asked("POST", "deploy", 10, earlier).send(service.client()).status == 200
        if not killed(service, proxy, asked, faults.hang, method=WRITES, nth=write):
            break
        assert all(whole_one(space, item) for item in space.list("cronjobs")), "nothing fires that is not whole"
        client = service.client()
        assert asked.send(client).status == 200
        cronjob = whole(space, "nightly")
        assert (cronjob["spec"]["schedule"], cronjob["spec"]["suspend"]) == ("0 3 1 1 *", False)
        assert "unchanged" in asked.send(client).json["message"]
    assert write > (5 if is_new else 3), "there are that many writes"


@pytest.mark.parametrize("effect", [faults.hang, faults.hang_after], ids=["not there yet", "there already"])
def test_killed_while_its_job_is_created_the_same_trigger_is_one_run(
    service: Service, proxy: FaultProxy, space: Space, effect: Effect
) -> None:
    run_id = str(uuid.uuid4())
    trigger = Asked("POST", "trigger", 10, {"dag_id": "nightly", "conf": {"pipelineRunId": run_id}})
    assert Asked("POST", "deploy", 10, NIGHTLY).send(service.client()).status == 200

    assert killed(service, proxy, trigger, effect, method="POST", path="/jobs")

    client = service.client()
    for _ in range(2):
        assert trigger.send(client).status == 200
    (job,) = space.list("jobs")
    assert job["metadata"]["labels"]["app.kubernetes.io/run-id"] == run_id
    rows = Asked("GET", "status?dag_id=nightly", 1).send(client)
    assert rows.status == 503 or [row["runId"] for row in rows.json] == [run_id]
