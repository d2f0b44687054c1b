"""Every command has JSON that fits the published schema; `Program` checks each that a test asks for."""

from __future__ import annotations

import json
from pathlib import Path

from k8s_pipeline_client.cli.main import cli
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.schema import commands

WITHOUT_JSON = {"logs", "completion", "serve"}


def test_every_command_has_a_schema() -> None:
    assert set(cli.list_commands(None)) - WITHOUT_JSON == set(commands())  # type: ignore[arg-type]


def test_every_command_prints_what_its_schema_says(program: Program) -> None:
    path = program.file("p.json", pipeline({"log": "x"}, schedule="@daily"), service())
    given = [
        ["version"],
        ["validate", "-f", path],
        ["render", "-f", path],
        ["deploy", "-f", path, "--dry-run=client"],
        ["deploy", "-f", path, "--dry-run=server"],
        ["deploy", "-f", path],
        ["diff", "-f", path],
        ["disable", "nightly"],
        ["enable", "nightly"],
        ["run", "nightly", "--wait"],
        ["wait", "nightly"],
    ]
    for words in given:
        assert program(*words, "-o", "json").json is not None
    run = program("runs", "-o", "json").json[0]
    program("retry", run["runId"], "-o", "json")
    for words in (["kill", "nightly"], ["list"], ["status"], ["status", "nightly"], ["runs"], ["delete", "nightly"]):
        assert program(*words, "-o", "json").json is not None


def test_names_are_those_that_kubectl_takes(program: Program) -> None:
    program.deploy(pipeline({"log": "x"}), service())
    for name in program("list", "-o", "name").out.split():
        program.space.kubectl("get", name)
    program("run", "nightly", "--wait")
    (job,) = program("runs", "-o", "name").out.split()
    assert "Complete" in program.space.kubectl("get", job)


def test_a_run_without_a_pipeline_is_listed_as_the_job_that_it_is(program: Program, tmp_path: Path) -> None:
    entity, its_service = pipeline({"log": "once"}), service()
    paths = [tmp_path / "pipeline.json", tmp_path / "service.json"]
    for path, document in zip(paths, (entity, its_service), strict=True):
        path.write_text(json.dumps(document))
    words = [word for path in paths for word in ("-f", str(path))]
    program("run", *words, "--wait")

    (listed,) = program("list", "-o", "json").json
    assert listed["oneShot"] is True
    (name,) = program("list", "-o", "name").out.split()
    assert name.startswith("job.batch/")
    program.space.kubectl("get", name)

    program("deploy", *words)
    program("run", "nightly", "--wait")
    assert {item["oneShot"] for item in program("list", "-o", "json").json} == {True, False}
    assert name.removeprefix("job.batch/") in program("delete", "nightly").err
    assert program("list", "-o", "name").out.split() == [name]
    assert name.removeprefix("job.batch/") in program("delete", *words, code=2).err
    for resource in program("list", "-o", "name").out.split():
        program("delete", resource)
    assert program("list", "-o", "json").json == []
