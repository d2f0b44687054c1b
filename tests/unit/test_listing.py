"""list and runs: what is chosen, in which order, and in which form."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cluster.port import Kind
from tests.cluster.support.program import call
from tests.openmetadata import pipeline, service
from tests.unit.console import NIGHTLY, SERVICE, Console, console

__all__ = ["console"]

LAKE = service("lake")


@pytest.fixture
def two(console: Console) -> Console:
    """Two pipelines on two services; the run of the first has failed, the other has none."""
    connection = NIGHTLY["openMetadataServerConnection"]
    other = pipeline("weekly", LAKE, pipelineType="profiler", openMetadataServerConnection=connection)
    console("deploy", "-f", console.file("two.yaml", NIGHTLY, SERVICE, other, LAKE))
    console("run", "nightly")
    (job,) = console.cluster.list(Kind.JOB)
    console.end(job, reason="BackoffLimitExceeded")
    return console


def names(console: Console, *words: str) -> list[str]:
    return [item["name"] for item in console("list", *words, "-o", "json").json]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ["weekly", "nightly"]),
        (["--failed"], ["nightly"]),
        (["--service", "lake"], ["weekly"]),
        (["--type", "Profiler"], ["weekly"]),
        (["--type", "lineage"], []),
        (["-l", "app.kubernetes.io/pipeline-type=profiler"], ["weekly"]),
        (["-l", "team=data"], []),
        (["--sort-by", "name"], ["nightly", "weekly"]),
        (["--sort-by", "last"], ["nightly", "weekly"]),
    ],
)
def test_list_chooses_and_sorts(two: Console, words: list[str], found: list[str]) -> None:
    assert names(two, *words) == found


def test_a_label_that_people_have_put_on_a_cronjob_chooses_its_pipeline(two: Console) -> None:
    (cronjob,) = [item for item in two.cluster.list(Kind.CRONJOB) if "nightly" in str(item["metadata"]["annotations"])]
    two.cluster.merge(Kind.CRONJOB, cronjob["metadata"]["name"], {"metadata": {"labels": {"team": "data"}}})

    assert names(two, "-l", "team=data") == ["nightly"]
    assert two("list", "-l", "team=data", "-o", "json").json[0]["lastRun"]["state"] == "failed"


def test_list_tells_when_the_last_run_was_and_wide_tells_the_resource(two: Console) -> None:
    header, *_ = two("list").out.splitlines()
    assert header.split() == ["NAME", "SERVICE", "TYPE", "SCHEDULE", "NEXT", "LAST", "WHEN", "TOOK", "CAUSE"]

    header, first, _ = two("list", "--sort-by", "last", "-o", "wide").out.splitlines()
    assert {"FQN", "RESOURCE"} < set(header.split())
    assert "pg_prod.nightly" in first


def test_headers_can_be_left_out(two: Console) -> None:
    assert len(two("list", "--no-headers").out.splitlines()) == 2
    assert len(two("runs", "--no-headers").out.splitlines()) == 1
    assert two("list", "--no-headers", "--sort-by", "name", "-o", "custom-columns=N:.name").out.split() == [
        "nightly",
        "weekly",
    ]
    assert two("runs", "--no-headers", "-o", "custom-columns=S:.state").out.split() == ["failed"]


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        ("jsonpath=[*].name", ["nightly", "weekly"]),
        ("jsonpath={[*].lastRun.state}", ["failed"]),
        ("jsonpath=$[?(@.pipelineType=='profiler')].fqn", ["lake.weekly"]),
        ("custom-columns=NAME:.name,STATE:.lastRun.state", ["NAME     STATE", "nightly  failed", "weekly   <none>"]),
    ],
)
def test_a_part_of_the_result_can_be_chosen(two: Console, output: str, lines: list[str]) -> None:
    assert two("list", "--sort-by", "name", "-o", output).out.splitlines() == lines


@pytest.mark.parametrize(
    "output", ["jsonpath={.items[", "jsonpath=..", "custom-columns=", "custom-columns=NAME", "xml", "jsonpath=?"]
)
def test_an_expression_that_is_none_is_bad_usage(output: str) -> None:
    result = call(["list", "-o", output])

    assert result.code == 2
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([], 2),
        (["--state", "queued"], 1),
        (["--state", "failed"], 1),
        (["--state", "failed", "--state", "queued"], 2),
        (["--limit", "1"], 1),
        (["--failed"], 1),
        (["--state", "success"], 0),
    ],
)
def test_runs_are_chosen_by_state_and_number(two: Console, words: list[str], count: int) -> None:
    two("run", "weekly")

    assert len(two("runs", *words, "-o", "json").json) == count
