"""What is done to the pipelines of files leaves their one-shot runs alone, and says so."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cluster.port import Kind
from tests.cluster.support.program import Result, call
from tests.cluster.support.suggestions import suggested
from tests.openmetadata import pipeline, service
from tests.unit.console import NAME, NIGHTLY, SERVICE, Console, console

__all__ = ["console"]


def _run_file(console: Console) -> str:
    return str(console("run", "-f", console.nightly(), "-o", "json").json["jobName"])


def _end(console: Console, job: str) -> None:
    console.end(console.cluster.get(Kind.JOB, job))


def _typed(result: Result) -> Result:
    (words,) = suggested(result.err)
    return call(words)


def test_who_deletes_what_files_define_is_told_of_their_runs_and_how_to_delete_them(console: Console) -> None:
    console.deploy()
    ended, active = _run_file(console), _run_file(console)
    _end(console, ended)

    result = console("delete", "-f", console.nightly())

    assert console.cluster.list(Kind.CRONJOB) == []
    assert {job["metadata"]["name"] for job in console.jobs()} == {ended, active}
    assert "2 one-shot runs" in result.err
    assert "1 of them active" in result.err
    assert _typed(result).code == 0
    assert console.jobs() == []


def test_so_is_who_has_only_run_the_file(console: Console) -> None:
    job = _run_file(console)

    result = console("delete", "-f", console.nightly(), code=2)

    assert "no pipeline" in result.err
    assert job in result.err
    assert console.jobs()


def test_what_is_left_is_said_to_programs_beside_their_result(console: Console) -> None:
    resource = console.deploy()
    job = _run_file(console)

    result = console("delete", "-f", console.nightly(), "-o", "json")
    assert [item["resourceName"] for item in result.json] == [resource]
    assert job in result.err


@pytest.mark.parametrize("active", [True, False])
def test_who_ends_the_runs_of_files_is_told_of_those_that_go_on(console: Console, active: bool) -> None:
    console.deploy()
    job = _run_file(console)
    if not active:
        _end(console, job)
    console.kills_end_jobs()

    result = console("kill", "-f", console.nightly())

    assert (job in result.err) is active
    if active:
        assert "was killed" in _typed(result).out


@pytest.mark.parametrize("words", [("delete", NAME), ("delete", "--all", "--yes")], ids=" ".join)
def test_without_files_there_is_nothing_of_files_to_be_said(console: Console, words: tuple[str, ...]) -> None:
    console.deploy()

    assert "one-shot" not in console(*words).err


def test_runs_of_other_files_are_not_told_of(console: Console) -> None:
    console.deploy()
    lake = service("lake")
    connection = NIGHTLY["openMetadataServerConnection"]
    other = pipeline(NAME, lake, openMetadataServerConnection=connection)
    console("run", "-f", console.file("other.yaml", other, lake))

    assert "one-shot" not in console("delete", "-f", console.nightly()).err
    assert len(console.jobs()) == 1


def test_of_many_the_newest_are_named(console: Console) -> None:
    console.deploy()
    jobs = [_run_file(console) for _ in range(22)]

    result = console("delete", "-f", console.nightly())
    assert f"{len(jobs)} one-shot runs" in result.err
    assert sum(job in result.err for job in jobs) == 20


def test_a_settings_file_of_no_namespace_is_no_matter(console: Console) -> None:
    console("deploy", "-f", console.file("both.yaml", NIGHTLY, SERVICE))
    assert console("delete", "-f", console.path("both.yaml")).err == ""
