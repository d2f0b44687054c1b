"""An API server that is really killed while many pipelines are being deployed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.local.outage import api_server_killed
from tests.cluster.support.access import Access
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import Space, until

pytestmark = [pytest.mark.disruptive, pytest.mark.timeout(600)]

COUNT = 40
TOTAL_TIMEOUT = 8.0
"""Of a request, in seconds, where an outage is to outlast it: the usual minute would show no more."""


@pytest.fixture(autouse=True)
def _our_own(access: Access) -> None:
    if not access.embedded:
        pytest.skip("only the API server of the local cluster can be killed")


def _many(schedule: str) -> list[dict[str, Any]]:
    numbers = range(COUNT)
    ids = [f"5b4a6f8e-0000-4000-8000-0000000000{number:02}" for number in numbers]
    return [
        pipeline({"log": schedule}, name=f"p{number:02}", schedule=schedule, id=identity)
        for number, identity in zip(numbers, ids, strict=True)
    ]


def _check_nothing_half_done(space: Space) -> None:
    """What can fire has all that a run needs, and nothing is without an owner."""
    cronjobs = {item["metadata"]["name"]: item for item in space.list("cronjobs")}
    for kind in ("secrets", "configmaps"):
        found = {item["metadata"]["name"]: item for item in space.list(kind, "k8s-pipeline/pipeline")}
        for name, item in found.items():
            owners = [reference["uid"] for reference in item["metadata"]["ownerReferences"]]
            assert owners == [cronjobs[name]["metadata"]["uid"]]
        active = {name for name, cronjob in cronjobs.items() if not cronjob["spec"]["suspend"]}
        assert active <= set(found), f"{kind} are missing"


def _check_complete(program: Program, schedule: str) -> None:
    _check_nothing_half_done(program.space)
    found = program.space.list("cronjobs")
    assert [(item["spec"]["schedule"], item["spec"]["suspend"]) for item in found] == [(schedule, False)] * COUNT
    assert len(program.space.list("secrets", "k8s-pipeline/pipeline")) == COUNT


def _under_way(program: Program, schedule: str) -> None:
    def some() -> bool:
        return len([item for item in program.space.list("cronjobs") if item["spec"]["schedule"] == schedule]) >= 5

    until(some, "the deploy is under way")


@pytest.fixture
def creating(program: Program) -> Program:
    """A program whose deploy creates all."""
    program.file("many.yaml", *_many("@hourly"), service())
    return program


@pytest.fixture
def updating(access: Access, standin: str, tmp_path: Path) -> Iterator[Program]:
    """One, in a namespace of its own, whose deploy updates all: one outage is for both."""
    folder = tmp_path / "updating"
    folder.mkdir()
    with Space.open(access, folder) as space:
        program = Program(space, image=standin, folder=folder)
        program("deploy", "-f", program.file("many.yaml", *_many("@daily"), service()))
        program.file("many.yaml", *_many("@hourly"), service())
        yield program


def _deploy(program: Program) -> tuple[str, ...]:
    return ("deploy", "-f", str(program.settings_file.with_name("many.yaml")), "--parallel", "4")


def test_a_short_outage_is_waited_out(creating: Program, updating: Program) -> None:
    processes = [program.start(*_deploy(program)) for program in (creating, updating)]
    for program in (creating, updating):
        _under_way(program, "@hourly")
    with api_server_killed():
        assert [process.poll() for process in processes] == [None, None], "over before the API server was killed"
        threading.Event().wait(3.0)
    created, updated = (process.communicate()[0] for process in processes)

    assert [process.returncode for process in processes] == [0, 0], created + updated
    assert f"{COUNT} pipelines: {COUNT} created" in created
    assert f"{COUNT} pipelines: {COUNT} updated" in updated
    for program in (creating, updating):
        _check_complete(program, "@hourly")
        again = program(*_deploy(program), "-o", "json").json
        assert {item["action"] for item in again} == {"unchanged"}


def test_after_a_long_outage_the_next_deploy_completes_what_is_missing(creating: Program, updating: Program) -> None:
    processes = [program.start(*_deploy(program), total_timeout=TOTAL_TIMEOUT) for program in (creating, updating)]
    for program in (creating, updating):
        _under_way(program, "@hourly")
    with api_server_killed():
        outputs = [process.communicate(timeout=240)[0] for process in processes]

    for program, process, output, done_word in zip(
        (creating, updating), processes, outputs, ("created", "updated"), strict=True
    ):
        assert process.returncode == 1, output
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (created|updated|failed|not tried)", output)}
        assert sum(counts.values()) == COUNT, output
        assert counts["failed"] >= 1
        _check_nothing_half_done(program.space)
        active = [item for item in program.space.list("cronjobs") if not item["spec"]["suspend"]]
        done = [item for item in active if item["spec"]["schedule"] == "@hourly"]
        assert len(done) >= counts.get(done_word, 0)

        program(*_deploy(program))
        _check_complete(program, "@hourly")
