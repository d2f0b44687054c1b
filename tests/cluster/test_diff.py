"""diff tells what a deploy would change, and changes nothing."""

from __future__ import annotations

from tests.cluster.support.definitions import PASSWORD, pipeline, service
from tests.cluster.support.program import Program


def test_diff_says_what_a_deploy_would_change(program: Program) -> None:
    entity = pipeline({"log": "x"}, schedule="@daily")

    new = program("diff", "-f", program.file("p.json", entity, service()), code=1)
    assert "+  schedule: '@daily'" in new.out
    assert program.space.list("cronjobs") == []

    program.deploy(entity, service())
    assert program("diff", "-f", program.file("p.json", entity, service())).out == ""

    entity["airflowConfig"]["scheduleInterval"] = "@hourly"
    entity["sourceConfig"]["config"]["password"] = PASSWORD + "-new"
    changed = program("diff", "-f", program.file("p.json", entity, service()), code=1).out
    assert "-  schedule: '@daily'" in changed
    assert "+  schedule: '@hourly'" in changed
    assert "workflow.json: sha256:" in changed
    assert PASSWORD not in changed
    assert program.space.list("cronjobs")[0]["spec"]["schedule"] == "@daily"

    entity["enabled"] = False
    assert "+  suspend: true" in program("diff", "-f", program.file("p.json", entity, service()), code=1).out
    assert program("diff", "-f", "/no/such/file", code=2)
