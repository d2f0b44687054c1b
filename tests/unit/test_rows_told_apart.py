"""Rows of tables that would look alike: each shows a name that can be typed, and means that pipeline alone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.titles import told_apart
from k8s_pipeline_client.inventory.titles import titles
from tests.openmetadata import pipeline, service
from tests.unit.console import NIGHTLY, Console, console

__all__ = ["console"]

TITLE = "Billing, nightly"
SERVICES = ("billing_de", "billing_fr", "billing_it", "billing_us")


def _definitions(*services: str) -> list[dict[str, Any]]:
    connection = NIGHTLY["openMetadataServerConnection"]
    return [
        item
        for name in services
        for item in (
            pipeline("nightly", service(name), displayName=TITLE, openMetadataServerConnection=connection),
            service(name),
        )
    ]


@pytest.fixture
def four(console: Console) -> Console:
    """Four pipelines of one display name, each of a service of its own."""
    console("deploy", "-f", console.file("four.yaml", *_definitions(*SERVICES)))
    return console


def _first_cells(text: str) -> list[str]:
    """What stands in the first column of a table, without its header."""
    return [re.split(r"  +", line)[0] for line in text.splitlines()[1:]]


def _fqns(console: Console) -> list[str]:
    return [f"{name}.nightly" for name in SERVICES]


def test_what_list_shows_can_be_typed_and_means_that_row(four: Console) -> None:
    shown = _first_cells(four("list").out)

    assert shown == _fqns(four)
    for typed, found in zip(shown, four("list", "-o", "json").json, strict=True):
        assert four("status", typed, "-o", "json").json["resourceName"] == found["resourceName"]


@pytest.mark.parametrize("words", [["--service", "billing_fr"], ["-l", "team=fr"], ["--failed"]], ids=" ".join)
def test_so_it_does_where_only_one_of_them_is_shown(four: Console, words: list[str]) -> None:
    (cronjob,) = (item for item in four.cluster.list(Kind.CRONJOB) if "billing_fr" in str(item["metadata"]))
    four.cluster.merge(Kind.CRONJOB, cronjob["metadata"]["name"], {"metadata": {"labels": {"team": "fr"}}})
    job = four("run", "billing_fr.nightly", "-o", "json").json["jobName"]
    four.end(four.cluster.get(Kind.JOB, job), reason="BackoffLimitExceeded")

    assert _first_cells(four("list", *words).out) == ["billing_fr.nightly"]


def test_the_display_name_is_there_where_it_is_asked_for(four: Console) -> None:
    assert four("list", "-o", "wide").out.count(TITLE) == len(SERVICES)
    assert {item["displayName"] for item in four("list", "-o", "json").json} == {TITLE}


def test_a_name_that_one_pipeline_has_alone_is_shown_as_it_is(four: Console) -> None:
    four("delete", *_fqns(four)[1:])

    assert _first_cells(four("list").out) == [TITLE]


def test_a_display_name_that_is_the_name_of_another_pipeline_would_mean_that_one(console: Console) -> None:
    connection = {"openMetadataServerConnection": NIGHTLY["openMetadataServerConnection"]}
    first, other = service("one"), service("two")
    console(
        "deploy",
        "-f",
        console.file(
            "both.yaml",
            pipeline("weekly", first, displayName="nightly", **connection),
            pipeline("nightly", other, displayName="Every night", **connection),
            first,
            other,
        ),
    )

    assert _first_cells(console("list").out) == ["one.weekly", "Every night"]
    assert console("status", "nightly", "-o", "json").json["fqn"] == "two.nightly"


def test_runs_of_one_file_are_told_apart_from_the_pipeline_and_from_each_other(console: Console) -> None:
    console.deploy()
    for _ in range(2):
        console("run", "-f", console.nightly())

    shown = _first_cells(console("list").out)
    assert "nightly" in shown
    for typed in shown:
        found = console("status", typed, "-o", "json").json
        assert found["oneShot"] is (typed != "nightly")
    assert len(set(shown)) == 3


def test_runs_tell_their_pipelines_apart(four: Console) -> None:
    for fqn in _fqns(four)[:2]:
        four("run", fqn)

    assert sorted(_first_cells(four("runs").out)) == _fqns(four)[:2]
    assert sorted(run["fqn"] for run in four("runs", "-o", "json").json) == _fqns(four)[:2]
    assert {run["pipeline"] for run in four("runs", "-o", "json").json} == {TITLE}
    assert _fqns(four)[0] in four("runs", _fqns(four)[0], "-o", "wide").out
    assert _first_cells(four("runs", _fqns(four)[0]).out) == [TITLE]


@pytest.mark.parametrize("words", [["validate"], ["deploy", "--dry-run=client"], ["deploy"]], ids=" ".join)
def test_so_do_the_tables_about_files(console: Console, words: list[str]) -> None:
    result = console(*words, "-f", console.file("four.yaml", *_definitions(*SERVICES)))

    assert _first_cells(result.out) == _fqns(console)


@pytest.mark.parametrize("command", ["validate", "render", "deploy"])
def test_so_do_the_warnings_about_files(console: Console, command: str) -> None:
    definitions = _definitions(*SERVICES[:2])
    definitions[0]["raiseOnError"] = False

    said = console(command, "-f", console.file("x.yaml", *definitions)).err
    assert f"warning: {SERVICES[0]}.nightly: raiseOnError" in said


def test_several_runs_are_told_of_with_their_pipelines(four: Console) -> None:
    started = four("run", *_fqns(four)).out.splitlines()
    assert [line.split(":")[0] for line in started] == _fqns(four)
    four.kills_end_jobs()
    assert [line.split(":")[0] for line in four("kill", *_fqns(four)).out.splitlines()] == _fqns(four)


def _item(resource: str, *, kind: str = "CronJob", **annotations: str) -> dict[str, Any]:
    keys = {"fqn": labels.FQN, "title": labels.DISPLAY_NAME, "name": labels.NAME, "id": labels.ID}
    return {
        "kind": kind,
        "metadata": {"name": resource, "annotations": {keys[key]: text for key, text in annotations.items()}},
    }


@pytest.mark.parametrize(
    ("items", "shown"),
    [
        ([_item("om-1", fqn="a.x", title="X"), _item("om-2", fqn="b.x", title="Y")], ["X", "Y"]),
        ([_item("om-1", fqn="a.x", title="X"), _item("om-2", fqn="a.x", title="X")], ["om-1", "om-2"]),
        ([_item("om-1", fqn="a.x", title="om-2"), _item("om-2", fqn="b.x", title="Y")], ["a.x", "Y"]),
        ([_item("om-1", fqn="a.x", title="b.x"), _item("om-2", fqn="b.x", title="b.x")], ["a.x", "b.x"]),
        ([_item("om-1")], ["om-1"]),
        ([_item("om-1", title="X"), _item("om-2", kind="Job", title="X")], ["X", "om-2"]),
        ([_item("om-1", name="X", title="Y"), _item("om-2", kind="Job", title="X", fqn="c.x")], ["Y", "c.x"]),
    ],
)
def test_a_title_is_the_first_text_that_means_an_object_alone(items: list[dict[str, Any]], shown: list[str]) -> None:
    assert titles(items) == shown


def test_rows_about_the_same_need_not_be_told_apart() -> None:
    assert told_apart([]) == []
    assert told_apart([("a", "x.a"), ("a", "x.a"), ("b", "x.b")]) == ["a", "a", "b"]
    assert told_apart([("a", "x.a"), ("a", "y.a"), ("x.a", "z")]) == ["x.a", "y.a", "z"]
