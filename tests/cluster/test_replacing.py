"""A pipeline under a new name, and a pipeline from another source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.cli.files import read_pipelines
from k8s_pipeline_client.client import Pipelines
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import ManagedElsewhereError
from k8s_pipeline_client.settings import Settings
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.faults import FaultProxy, answer, killed_at
from tests.cluster.support.program import Program

ENTITY_ID = "5b4a6f8e-0000-4000-8000-000000000001"


def _named(name: str, *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return pipeline(*(steps or ({"log": f"I am {name}"},)), name=name, id=ENTITY_ID, schedule="@daily", **fields)


def _names(program: Program, kind: str = "cronjobs") -> list[str]:
    return [
        item["metadata"]["annotations"]["k8s-pipeline/fqn"]
        for item in program.space.list(kind, "k8s-pipeline/pipeline")
    ]


def test_a_renamed_pipeline_replaces_its_old_objects(program: Program) -> None:
    program.deploy(_named("before"), service())
    program("run", "before", "--wait")

    (deployed,) = program.deploy(_named("after"), service()).json

    assert deployed["action"] == "created"
    assert any("pg_prod.before" in note and "records of its runs" in note for note in deployed["notes"])
    for kind in ("cronjobs", "secrets", "configmaps"):
        assert _names(program, kind) == ["pg_prod.after"]
    assert program.space.list("jobs") == []
    assert program.space.list("cronjobs")[0]["spec"]["suspend"] is False
    assert program("run", "after", "--wait", "-o", "json").json["state"] == "success"
    assert program.deploy(_named("after"), service()).json[0]["action"] == "unchanged"


def test_a_dry_run_of_a_renamed_pipeline_says_so_and_keeps_the_old_one(program: Program) -> None:
    program.deploy(_named("before"), service())
    path = program.file("after.yaml", _named("after"), service())

    (deployed,) = program("deploy", "-f", path, "--dry-run=server", "-o", "json").json

    assert any("would be deleted" in note for note in deployed["notes"])
    assert _names(program) == ["pg_prod.before"]


def test_a_renamed_pipeline_is_not_replaced_while_it_runs_unless_forced(program: Program) -> None:
    program.deploy(_named("before", {"sleep": 600}), service())
    program("run", "before")

    refused = program.deploy(_named("after"), service(), code=1)

    assert "is active" in refused.err
    assert "--force" in refused.err
    assert _names(program) == ["pg_prod.before"]
    program("deploy", "-f", program.file("after.yaml", _named("after"), service()), "--force")
    assert _names(program) == ["pg_prod.after"]
    assert program.space.list("pods") == []


def test_a_rename_that_is_refused_keeps_the_old_pipeline(faulty: Program, proxy: FaultProxy) -> None:
    faulty.deploy(_named("before"), service())
    proxy.fault(answer(403, message="nothing is deleted here"), method="DELETE", path="/cronjobs/")

    refused = faulty.deploy(_named("after"), service(), code=1)

    assert "nothing is deleted here" in refused.err
    assert "what had been created has been removed" in refused.err
    assert _names(faulty) == ["pg_prod.before"]
    assert faulty.space.list("cronjobs")[0]["spec"]["suspend"] is False


def test_a_rename_that_is_killed_never_has_two_that_fire_and_the_next_deploy_completes_it(
    faulty: Program,
    proxy: FaultProxy,
) -> None:
    names = ["before", "after"]
    points = 0
    faulty.deploy(_named(names[0]), service())
    for write in range(2, 20):  # the first is the launcher's
        path = faulty.file("after.yaml", _named(names[1]), service())
        if not killed_at(faulty, proxy, write, "deploy", "-f", path):
            break
        proxy.mend()
        points += 1
        assert len([item for item in faulty.space.list("cronjobs") if not item["spec"]["suspend"]]) <= 1
        faulty("deploy", "-f", path)
        assert _names(faulty) == [f"pg_prod.{names[1]}"]
        assert faulty.space.list("cronjobs")[0]["spec"]["suspend"] is False
        names.reverse()
    assert points >= 5


def test_one_id_under_two_names_at_once_is_refused(program: Program) -> None:
    refused = program.deploy(_named("one"), _named("two"), service(), code=2)
    assert "has the same id as" in refused.err
    assert program.space.list("cronjobs") == []


def test_who_manages_a_pipeline_is_not_changed_in_silence(program: Program, tmp_path: Path, standin: str) -> None:
    entity = program.file("p.yaml", _named("nightly"), service())
    (definition,) = read_pipelines([Path(entity)])
    settings = Settings(namespace=program.space.namespace, ingestion_image=standin)
    client = Pipelines.connect(settings, kubeconfig=program.space.kubeconfig)

    program("deploy", "-f", entity)
    with pytest.raises(ManagedElsewhereError, match="was deployed from files"):
        client.deploy(definition, source=Source.SERVER)
    client.deploy(definition, source=Source.SERVER, force=True)

    refused = program("deploy", "-f", entity, code=1)
    assert "was deployed by the OpenMetadata server" in refused.err
    assert "--force" in refused.err
    program("deploy", "-f", entity, "--force")
    assert program("deploy", "-f", entity, "-o", "json").json[0]["action"] == "unchanged"
