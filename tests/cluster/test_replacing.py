"""A pipeline under a new name, and a pipeline from another source."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client.cli.files import read_pipelines
from k8s_pipeline_client.client import Pipelines
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import CopiedIdError, ManagedElsewhereError
from k8s_pipeline_client.settings import Settings
from tests.cluster.support.definitions import PASSWORD, pipeline, service
from tests.cluster.support.faults import FaultProxy, answer, killed_at
from tests.cluster.support.program import Program, Result
from tests.cluster.support.space import until

ENTITY_ID = "5b4a6f8e-0000-4000-8000-000000000001"


def _named(name: str, *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return pipeline(*(steps or ({"log": f"I am {name}"},)), name=name, id=ENTITY_ID, schedule="@daily", **fields)


def _uids(program: Program) -> list[str]:
    return [item["metadata"]["uid"] for item in program.space.list("cronjobs")]


def _names(program: Program, kind: str = "cronjobs") -> list[str]:
    return [
        item["metadata"]["annotations"]["k8s-pipeline/fqn"]
        for item in program.space.list(kind, "k8s-pipeline/pipeline")
    ]


def _rename(program: Program, *documents: dict[str, Any], code: int = 0, more: Sequence[str] = ()) -> Result:
    path = program.file("renamed.yaml", *documents, service())
    return program("deploy", "-f", path, "--rename", "-o", "json", *more, code=code)


def test_a_copy_with_the_id_of_a_pipeline_is_refused_and_deletes_nothing(program: Program) -> None:
    program.deploy(_named("before"), service())
    program("run", "before", "--wait")
    path = program.file("copy.yaml", {**_named("copy"), "id": f" {ENTITY_ID.upper()}"}, service())
    kinds = ("cronjobs", "jobs", "secrets", "configmaps")
    before = {kind: program.space.list(kind) for kind in kinds}

    for words in ([], ["--dry-run=server"], ["--force"]):
        refused = program("deploy", "-f", path, *words, code=2)

        assert "'pg_prod.copy' has the id of 'pg_prod.before'" in refused.err
        assert "copy.yaml" in refused.err
        assert "--rename" in refused.err
        assert refused.out == ""
    assert {kind: program.space.list(kind) for kind in kinds} == before
    assert program("runs", "before", "-o", "json").json[0]["state"] == "success"


def test_a_copied_folder_is_refused_as_a_whole(program: Program, tmp_path: Path) -> None:
    originals, copied = tmp_path / "originals", tmp_path / "copied"
    for folder, name in ((originals, "p"), (copied, "copy")):
        folder.mkdir()
        (folder / "service.json").write_text(json.dumps(service()))
        for number in range(11):
            entity = pipeline({"log": "x"}, name=f"{name}-{number}", id=f"{ENTITY_ID[:-2]}{number + 10}")
            (folder / f"{number:02}.json").write_text(json.dumps(entity))
    fresh = pipeline({"log": "x"}, name="fresh")
    (copied / "fresh.json").write_text(json.dumps(fresh))
    program("deploy", "-f", str(originals))
    before = [item["metadata"]["uid"] for item in program.space.list("cronjobs")]

    refused = program("deploy", "-f", str(copied), code=2)
    for command in ("validate", "deploy", "diff"):
        both = program(
            command, "-f", str(originals), "-f", str(copied / "00.json"), "-f", str(copied / "01.json"), code=2
        )
        assert "'pg_prod.copy-0' has the same id as 'pg_prod.p-0'" in both.err
        assert "1 more definitions" in both.err

    assert "10 more definitions" in refused.err
    assert len(before) == 11
    assert [item["metadata"]["uid"] for item in program.space.list("cronjobs")] == before, "and fresh is not there"


def test_a_renamed_pipeline_replaces_its_old_objects(program: Program) -> None:
    program.deploy(_named("before"), service())
    program("run", "before", "--wait")

    (deployed,) = _rename(program, _named("after")).json

    assert deployed["action"] == "renamed"
    assert any("pg_prod.before" in note and "its 1 run" in note for note in deployed["notes"])
    for kind in ("cronjobs", "secrets", "configmaps"):
        assert _names(program, kind) == ["pg_prod.after"]
    assert program.space.list("jobs") == []
    assert program.space.list("cronjobs")[0]["spec"]["suspend"] is False
    assert program("run", "after", "--wait", "-o", "json").json["state"] == "success"
    assert program.deploy(_named("after"), service()).json[0]["action"] == "unchanged"


def test_a_dry_run_of_a_renamed_pipeline_says_so_and_keeps_the_old_one(program: Program) -> None:
    program.deploy(_named("before"), service())
    program("run", "before", "--wait")

    (deployed,) = _rename(program, _named("after"), more=["--dry-run=server"]).json

    assert deployed["action"] == "renamed"
    assert any("would be deleted, with its 1 run" in note for note in deployed["notes"])
    shown = program(
        "deploy", "-f", program.file("after.yaml", _named("after"), service()), "--rename", "--dry-run=server"
    ).out
    assert "renamed (server dry run)" in shown
    assert _names(program) == ["pg_prod.before"]
    assert len(program.space.list("jobs")) == 1


def test_diff_shows_what_a_rename_would_delete(program: Program) -> None:
    old = program.deploy(_named("before"), service()).json[0]["resourceName"]
    run = program("run", "before", "--wait", "-o", "json").json
    path = program.file("after.yaml", _named("after"), service())

    shown = program("diff", "-f", path, code=1).out
    found = program("diff", "-f", path, "-o", "json", code=1).json
    beside = {**_named("before"), "id": "5b4a6f8e-0000-4000-8000-000000000002"}
    both = program("diff", "-f", program.file("both.yaml", _named("after"), beside, service()), code=1).out

    assert (
        "# pg_prod.after has the id of pg_prod.before: a deploy that renames would delete this CronJob and its 1 run"
        in shown
    )
    assert f"--- live/CronJob/{old}" in shown
    assert f"-run {run['runId']}" in shown
    assert {item["kind"] for item in found if item["name"] == old} == {"CronJob", "Secret", "ConfigMap"}
    assert [item["name"] for item in found if item["kind"] == "Job"] == [run["jobName"]]
    assert PASSWORD not in shown
    assert "would delete" not in both
    assert _names(program) == ["pg_prod.before"]


def test_a_name_that_another_definition_has_by_now_is_not_an_earlier_one(program: Program) -> None:
    program.deploy(_named("before"), service())
    program("run", "before", "--wait")
    (uid,) = [item["metadata"]["uid"] for item in program.space.list("cronjobs")]
    anew = {**_named("before"), "id": "5b4a6f8e-0000-4000-8000-000000000002"}

    found = _rename(program, _named("after"), anew).json

    assert {item["fqn"]: item["action"] for item in found} == {"pg_prod.after": "created", "pg_prod.before": "updated"}
    assert sorted(_names(program)) == ["pg_prod.after", "pg_prod.before"]
    assert uid in [item["metadata"]["uid"] for item in program.space.list("cronjobs")]
    assert len(program("runs", "before", "-o", "json").json) == 1


def test_the_id_in_another_instance_is_another_id(program: Program) -> None:
    program.deploy(_named("before"), service())
    connection = {**_named("before")["openMetadataServerConnection"], "clusterName": "staging"}

    (deployed,) = program.deploy(_named("after", openMetadataServerConnection=connection), service()).json

    assert deployed["action"] == "created"
    assert sorted(_names(program)) == ["pg_prod.after", "pg_prod.before"]


def test_what_is_deployed_under_the_old_name_meanwhile_stays(faulty: Program, proxy: FaultProxy) -> None:
    faulty.deploy(_named("before"), service())
    (old,) = faulty.space.list("cronjobs")
    path = faulty.file("anew.yaml", {**_named("before"), "id": None}, service())
    anew = yaml.safe_load_all(faulty("render", "-f", path).out)
    (cronjob,) = [item for item in anew if item["kind"] == "CronJob"]

    def delete_and_make_anew(handler: Any) -> None:
        found = handler.forward()
        body = found.read()
        until(lambda: old["metadata"]["uid"] not in _uids(faulty), "the old one is gone")
        faulty.space.kubectl("apply", "--server-side", "-f", "-", given=json.dumps(cronjob))
        handler.reply(found.status, body, {})

    proxy.fault(delete_and_make_anew, method="DELETE", path="/cronjobs/")
    (deployed,) = _rename(faulty, _named("after")).json

    assert deployed["action"] == "renamed"
    assert sorted(_names(faulty)) == ["pg_prod.after", "pg_prod.before"], "that one is of somebody else's deploy"


def test_a_renamed_pipeline_is_not_replaced_while_it_runs_unless_forced(program: Program) -> None:
    program.deploy(_named("before", {"sleep": 600}), service())
    program("run", "before")

    refused = _rename(program, _named("after"), code=1)

    assert "is active" in refused.err
    assert "--force" in refused.err
    assert _names(program) == ["pg_prod.before"]
    _rename(program, _named("after"), more=["--force"])
    assert _names(program) == ["pg_prod.after"]
    assert program.space.list("pods") == []


def test_a_rename_that_is_refused_keeps_the_old_pipeline(faulty: Program, proxy: FaultProxy) -> None:
    faulty.deploy(_named("before"), service())
    proxy.fault(answer(403, message="nothing is deleted here"), method="DELETE", path="/cronjobs/")

    refused = _rename(faulty, _named("after"), code=1)

    assert "nothing is deleted here" in refused.err
    assert "the created objects have been deleted" in refused.err
    assert _names(faulty) == ["pg_prod.before"]
    assert faulty.space.list("cronjobs")[0]["spec"]["suspend"] is False


def test_a_rename_that_is_killed_never_has_two_that_fire_and_the_next_deploy_completes_it(
    faulty: Program,
    proxy: FaultProxy,
) -> None:
    names = ["before", "after"]
    points = 0
    faulty.deploy(_named(names[0]), service())
    for write in range(1, 20):
        path = faulty.file("after.yaml", _named(names[1]), service())
        if not killed_at(faulty, proxy, write, "deploy", "-f", path, "--rename"):
            break
        proxy.mend()
        points += 1
        assert len([item for item in faulty.space.list("cronjobs") if not item["spec"]["suspend"]]) <= 1
        faulty("deploy", "-f", path, "--rename")
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
    (copied,) = read_pipelines([Path(program.file("copy.yaml", _named("copy"), service()))])
    with pytest.raises(CopiedIdError, match=r"has the id of 'pg_prod\.nightly'"):
        client.deploy(copied, force=True)
    with pytest.raises(ManagedElsewhereError, match="was deployed from files"):
        client.deploy(definition, source=Source.SERVER)
    client.deploy(definition, source=Source.SERVER, force=True)

    refused = program("deploy", "-f", entity, code=1)
    assert "was deployed from the OpenMetadata server" in refused.err
    assert "--force" in refused.err
    program("deploy", "-f", entity, "--force")
    assert program("deploy", "-f", entity, "-o", "json").json[0]["action"] == "unchanged"


def test_what_somebody_else_s_object_owns_is_not_deleted(program: Program) -> None:
    name = program.deploy(_named("nightly"), service()).json[0]["resourceName"]
    program("delete", "nightly")
    program.space.kubectl("create", "configmap", "keeper")
    keeper = program.space.get("configmap", "keeper")["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "keeper", "uid": keeper}
    theirs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "ownerReferences": [owner]}}
    program.space.kubectl("create", "-f", "-", given=json.dumps({**theirs, "stringData": {"theirs": "x"}}))
    before = program.space.get("secret", name)

    program.deploy(_named("nightly"), service())

    after = program.space.get("secret", name)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert "theirs" in after["data"]
