"""diff of many pipelines: what is as planned costs a few lists, and what it shows is what each alone would show."""

from __future__ import annotations

import re
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.deploying.bulk import WORTH_LISTS
from k8s_pipeline_client.errors import ForbiddenError
from tests.fakes import Request
from tests.openmetadata import pipeline
from tests.unit.console import NIGHTLY, SERVICE, Console, console

__all__ = ["console"]

MANY = WORTH_LISTS + 10


def _definitions(count: int, **changes: Any) -> list[dict[str, Any]]:
    connection = NIGHTLY["openMetadataServerConnection"]
    names = [f"p{number}" for number in range(count)]
    return [pipeline(name, SERVICE, openMetadataServerConnection=connection, **changes) for name in names]


def _deployed(console: Console, definitions: list[dict[str, Any]]) -> str:
    file = console.file("all.yaml", *definitions, SERVICE)
    console("deploy", "-f", file)
    console.cluster.requests.clear()
    return file


def _writes(requests: list[Request]) -> list[Request]:
    return [request for request in requests if request.verb not in ("get", "list")]


def _shown(found: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    # A dry run gives a UID to what it does not create, another one each time.
    return {(item["kind"], item["name"]): re.sub(r"uid: \S+", "uid: …", item["diff"]) for item in found}


def test_many_that_are_as_planned_cost_as_many_requests_as_some(console: Console) -> None:
    file = _deployed(console, _definitions(MANY))
    assert console("diff", "-f", file).out == ""
    few = len(console.cluster.requests)

    file = _deployed(console, _definitions(3 * MANY))
    assert console("diff", "-f", file).out == ""
    assert len(console.cluster.requests) == few < WORTH_LISTS


def test_one_of_many_that_differs_is_shown_as_it_is_alone(console: Console) -> None:
    definitions = _definitions(MANY)
    _deployed(console, definitions)
    definitions[7] = {**definitions[7], "loggerLevel": "DEBUG"}

    alone = console("diff", "-f", console.file("one.yaml", definitions[7], SERVICE), "-o", "json", code=1).json
    together = console("diff", "-f", console.file("many.yaml", *definitions, SERVICE), "-o", "json", code=1).json
    assert together == alone != []


def test_what_is_new_costs_its_dry_runs_and_is_shown_as_it_is_alone(console: Console) -> None:
    definitions = _definitions(MANY)
    alone: dict[tuple[str, str], str] = {}
    for definition in definitions:
        file = console.file("one.yaml", definition, SERVICE)
        alone |= _shown(console("diff", "-f", file, "-o", "json", code=1).json)
    console.cluster.requests.clear()

    found = console("diff", "-f", console.file("many.yaml", *definitions, SERVICE), "-o", "json", code=1).json
    assert _shown(found) == alone
    assert len(console.cluster.requests) <= 3 * MANY + 10
    cronjobs = [item["name"] for item in found if item["kind"] == Kind.CRONJOB]
    assert len(cronjobs) == MANY
    assert console.cluster.list(Kind.CRONJOB) == []


def test_it_writes_nothing(console: Console) -> None:
    definitions = _definitions(MANY)
    _deployed(console, definitions[:5])
    before = [item for kind in (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP) for item in console.cluster.list(kind)]

    console("diff", "-f", console.file("many.yaml", *definitions, SERVICE), code=1)
    after = [item for kind in (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP) for item in console.cluster.list(kind)]
    assert after == before


def test_the_order_is_that_of_the_definitions(console: Console) -> None:
    definitions = _definitions(MANY)

    found = console("diff", "-f", console.file("many.yaml", *definitions, SERVICE), "-o", "json", code=1).json
    shown = [item["diff"] for item in found if item["kind"] == Kind.CRONJOB]
    wanted = [f"fqn: pg_prod.{item['name']}\n" for item in definitions]
    assert [text for text, diff in zip(wanted, shown, strict=True) if text not in diff] == []


def test_without_the_right_to_list_each_is_looked_at_by_itself(console: Console) -> None:
    definitions = _definitions(MANY)
    file = _deployed(console, definitions)

    def refuse(request: Request) -> None:
        if (request.verb, request.kind) == ("list", Kind.CRONJOB):
            raise ForbiddenError("made up by the test", status=403)

    undo = console.cluster.before(refuse)
    assert console("diff", "-f", file).out == ""
    undo()


def test_a_definition_that_cannot_be_looked_at_is_an_error(console: Console) -> None:
    def refuse(request: Request) -> None:
        if request.verb == "patch" and request.kind == Kind.CONFIG_MAP:
            raise ForbiddenError("made up by the test", status=403)

    console.cluster.before(refuse)
    refused = console("diff", "-f", console.file("many.yaml", *_definitions(MANY), SERVICE), code=2).err
    assert "made up by the test" in refused


@pytest.mark.parametrize("count", [1, WORTH_LISTS - 1])
def test_few_are_looked_at_one_by_one(console: Console, count: int) -> None:
    file = _deployed(console, _definitions(count))

    assert console("diff", "-f", file).out == ""
    assert _writes(console.cluster.requests) == []
