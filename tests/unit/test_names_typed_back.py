"""What stands under NAME, typed back, finds that row's pipeline, whatever people call their pipelines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from k8s_pipeline_client.cli.several import Target
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.likeness import did_you_mean
from k8s_pipeline_client.domain.titles import told_apart
from k8s_pipeline_client.inventory.find import unknown
from k8s_pipeline_client.inventory.finder import Finder
from k8s_pipeline_client.inventory.titles import titles
from k8s_pipeline_client.launcher.visible import visible
from tests.fakes import FakeCluster
from tests.openmetadata import pipeline, service
from tests.unit.console import NIGHTLY, SERVICE, Console, console

__all__ = ["console"]

HARD_TO_TYPE = {
    "tab": "tab\there",
    "escape": "\x1b[31mred",
    "line end": "two\nlines",
    "zero-width": "zero\u200bwidth",
    "override": "\u202eesrever",
    "blank before": " nightly run",
    "blank behind": "nightly run ",
    "two blanks": "nightly  run",
    "no-break blank": "nightly\u00a0run",
    "option": "--all",
    "kind": "job/nightly run",
}

_SIGNS = st.sampled_from(list("ab\\t-. /\t\n\x1b\u200b\u202e\u00a0\u3000e\u00e9\u0301"))
_TEXTS = st.text(_SIGNS, min_size=1, max_size=4) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
_PIPELINES = st.lists(
    st.tuples(_TEXTS, _TEXTS, _TEXTS | st.sampled_from([*HARD_TO_TYPE.values(), "tab\\there"])),
    min_size=1,
    max_size=5,
    unique_by=lambda each: each[:2],
)


def _cronjob(service_name: str, name: str, display_name: str) -> dict[str, Any]:
    fqn = f"{naming.quoted(service_name)}.{naming.quoted(name)}"
    resource = naming.resource_name(instance="", fqn=fqn, service="shop", pipeline_type="metadata")
    by = {labels.FQN_HASH: fqn, labels.NAME_HASH: name, labels.DISPLAY_NAME_HASH: display_name}
    texts = {labels.FQN: fqn, labels.NAME: name, labels.DISPLAY_NAME: display_name}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": resource,
            "uid": resource,
            "labels": {labels.PIPELINE: resource, **{key: naming.lookup_hash(text) for key, text in by.items()}},
            "annotations": texts,
        },
    }


def _resource(item: dict[str, Any]) -> str:
    return str(item["metadata"]["name"])


@given(_PIPELINES)
@example([("a", "one", "tab\there"), ("a", "two", "tab\\there")])
@example([("a", "one", "\u00e9"), ("a", "two", "e\u0301")])
@example([("a", "--all", "--all"), ("-a", "b", "job/a")])
def test_what_is_shown_means_that_row_alone(pipelines: Sequence[tuple[str, str, str]]) -> None:
    cluster = FakeCluster()
    items = [_cronjob(*texts) for texts in pipelines]
    for item in items:
        cluster.put(item)
    shown = titles(items)

    for item, title in zip(items, shown, strict=True):
        assert not title.startswith("-")
        typed = Target().convert(" ".join(visible(title).split()), None, None)
        assert _resource(Finder(cluster).find(typed)) == _resource(item)


@given(_PIPELINES)
@example([("a", "one", "tab\there"), ("a", "two", "tab\\there")])
def test_what_looks_like_the_name_of_another_row_is_not_shown(pipelines: Sequence[tuple[str, str, str]]) -> None:
    items = [_cronjob(*texts) for texts in pipelines]
    shown = titles(items)

    for item, title in zip(items, shown, strict=True):
        others = (other["metadata"]["annotations"].values() for other in items if other is not item)
        assert not [text for texts in others for text in texts if text != title and visible(text) == title]


def _deploy(console: Console, *display_names: str) -> None:
    connection = NIGHTLY["openMetadataServerConnection"]
    definitions = [
        pipeline(f"p{number}", SERVICE, displayName=text, openMetadataServerConnection=connection)
        for number, text in enumerate(display_names)
    ]
    console("deploy", "-f", console.file("some.yaml", *definitions, SERVICE))


def _first_cells(text: str) -> list[str]:
    return [re.split(r"  +", line)[0] for line in text.splitlines()[1:]]


def test_two_that_look_alike_are_shown_by_what_tells_them_apart(console: Console) -> None:
    _deploy(console, "tab\there", "tab\\there")

    assert _first_cells(console("list").out) == ["pg_prod.p0", "pg_prod.p1"]


@pytest.mark.parametrize("text", HARD_TO_TYPE.values(), ids=HARD_TO_TYPE)
def test_a_name_that_cannot_be_typed_as_it_is_shown_is_not_shown(console: Console, text: str) -> None:
    _deploy(console, text)
    console("run", "pg_prod.p0")

    for words in (["list"], ["runs"], ["validate", "-f", console.path("some.yaml")]):
        assert _first_cells(console(*words).out) == ["pg_prod.p0"]


def test_where_the_full_name_cannot_be_typed_either_the_resource_is_shown(console: Console) -> None:
    hidden = service("pg\u200bprod")
    connection = NIGHTLY["openMetadataServerConnection"]
    definition = pipeline("p", hidden, displayName="-x", openMetadataServerConnection=connection)
    file = console.file("hidden.yaml", definition, hidden)
    deployed = console("deploy", "-f", file).out
    console("run", "-f", file)
    (resource,) = (item["metadata"]["name"] for item in console.cluster.list(Kind.CRONJOB))

    assert _first_cells(deployed) == [resource]
    assert _first_cells(console("validate", "-f", file).out) == [resource]
    shown = _first_cells(console("list").out)
    assert resource in shown
    for typed in shown:
        assert console("status", typed, "-o", "json").json["resourceName"] == typed
    console("run", resource)
    assert resource in _first_cells(console("runs").out)


@pytest.mark.parametrize("text", HARD_TO_TYPE.values(), ids=HARD_TO_TYPE)
def test_what_is_offered_for_it_can_be_typed(text: str) -> None:
    error = unknown([_cronjob("shop", "weekly", text)], visible(text), namespace="ns")

    assert error.facts["close"] == ("shop.weekly",)


def test_what_there_is_can_be_typed() -> None:
    item = _cronjob("-shop", "weekly", "W")

    assert unknown([item], "nothing like it", namespace="ns").facts["known"] == (_resource(item),)


def test_of_files_what_is_offered_can_be_typed_too(console: Console) -> None:
    connection = NIGHTLY["openMetadataServerConnection"]
    definitions = [
        pipeline(f"p{number}", SERVICE, displayName=text, openMetadataServerConnection=connection)
        for number, text in enumerate(["tab\there", "weekly"])
    ]
    file = console.file("some.yaml", *definitions, SERVICE)

    assert "did you mean 'pg_prod.p0'?" in console("run", "tab\\there", "-f", file, code=2).err


@pytest.mark.parametrize("text", ["a\\b", "it's", 'it\'s "so"', "plain"])
def test_what_is_offered_is_quoted_as_shells_read_it(text: str) -> None:
    asked = did_you_mean([text])

    assert shlex.split(asked.removeprefix("did you mean ").removesuffix("?")) == [text]


def test_rows_that_look_alike_are_told_apart() -> None:
    rows = [("tab\there", "a.x", "om-1"), ("tab\\there", "a.y", "om-2"), ("W", "-a.z", "om-3"), ("-x", "-a.w", "om-4")]

    assert told_apart(rows) == ["a.x", "a.y", "W", "om-4"]


def test_what_is_like_two_that_look_alike_is_answered_with_what_tells_them_apart() -> None:
    items = [_cronjob("shop", "one", "tab\there"), _cronjob("shop", "two", "tab\\there")]

    assert unknown(items, "tab\\her", namespace="ns").facts["close"] == ("shop.one", "shop.two")


def test_runs_of_a_file_and_of_its_pipeline_are_about_the_same(console: Console) -> None:
    console.deploy()
    for words in (["nightly"], ["-f", console.nightly()], ["-f", console.nightly()]):
        console("run", *words)

    assert _first_cells(console("runs").out) == ["nightly"] * 3
