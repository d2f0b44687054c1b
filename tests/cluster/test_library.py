"""The library on a real cluster: the page of the documentation, and what a server asks of its client."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client import K8sPipelineClient, create_client, load_settings
from k8s_pipeline_client.errors import DefinitionError, InputError, RunActiveError, UnknownNameError
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.faults import FaultProxy
from tests.cluster.support.program import Program
from tests.cluster.support.space import until

PAGE = Path(__file__).parents[2] / "docs/how-to/use-from-python.md"


def made(program: Program, namespace: str | None = None) -> K8sPipelineClient:
    """Return the client that the settings of the test ask for."""
    loaded = load_settings([program.settings_file], environ={}, namespace=namespace or program.space.namespace)
    client = create_client(loaded.settings, kubeconfig=program.space.kubeconfig)
    assert isinstance(client, K8sPipelineClient)
    return client


@pytest.fixture
def client(program: Program) -> Iterator[K8sPipelineClient]:
    """The client of the test's namespace."""
    with made(program) as client:
        yield client


def test_what_the_page_says_works(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(program.space.kubeconfig))
    shop = pipeline({"log": "one\ntwo"}, name="shop_metadata", service_name="shop")
    Path("shop_metadata.json").write_text(json.dumps(shop))
    Path("shop.json").write_text(json.dumps(service("shop")))
    Path("settings.yaml").write_text(f"namespace: {program.space.namespace}\n{program.settings_file.read_text()}")

    names: dict[str, Any] = {}
    snippets = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    for snippet in snippets:
        exec(compile(snippet, str(PAGE), "exec"), names)

    assert len(snippets) >= 4
    assert names["status"].code == 200
    assert names["ended"].run_id == names["started"].run_id


def test_a_pipeline_s_life_as_a_server_asks_for_it(client: K8sPipelineClient) -> None:
    one = pipeline({"log": "a line"}, schedule="0 3 * * *")

    assert "created" in str(client.deploy_pipeline(one, service()).reason)
    assert "unchanged" in str(client.deploy_pipeline(one, service()).reason)
    run_id = str(uuid.uuid4())
    assert client.run_pipeline(one, run_id=run_id).run_id == run_id
    assert client.pipelines.wait(client.pipelines.newest_run("nightly").job_name, timeout=120).run_id == run_id
    page = client.last_logs(one)
    assert (page["total"], "after" in page) == ("1", False)
    assert "a line" in page["ingestion_task"]
    with pytest.raises(InputError, match="there is no page 1"):
        client.last_logs(one, after=1)
    for wanted in (False, False, True, True):
        client.set_pipeline_enabled(one, wanted)
        assert client.pipelines.list_pipelines()[0].enabled is wanted
    assert client.kill_pipeline(one).reason == "No run of the pipeline was active"
    assert client.delete_pipeline(one).code == 200
    assert client.delete_pipeline(one).reason == "Pipeline was not deployed"
    with pytest.raises(UnknownNameError, match="is not deployed"):
        client.run_pipeline(one)


def test_an_entity_of_the_server_says_itself_that_it_was_renamed(client: K8sPipelineClient) -> None:
    before = pipeline({"log": "x"}, name="before")
    client.deploy_pipeline(before, service())
    after = pipeline({"log": "x"}, name="after", id=before["id"].upper())

    said = str(client.deploy_pipeline(after, service()).reason)

    assert said.startswith("Pipeline renamed as CronJob om-")
    assert "pg_prod.before" in said
    assert [item.name for item in client.pipelines.list_pipelines()] == ["after"]
    assert client.delete_pipeline(before).reason == "Pipeline was not deployed"


def test_a_client_that_was_closed_holds_no_connection(faulty: Program, proxy: FaultProxy) -> None:
    with made(faulty) as client:
        assert client.service_status().code == 200
        assert proxy.connections > 0
    until(lambda: proxy.connections == 0, "the connections are closed")


def test_runs_that_wait_are_told_as_queued(program: Program) -> None:
    program.configure(nodeSelector={"no": "such-node"})
    waiting = made(program)
    one = pipeline()
    waiting.deploy_pipeline(one, service())
    run_id = waiting.run_pipeline(one).run_id

    (status,) = waiting.queued_statuses(one)

    assert (status["runId"], status["pipelineState"]) == (run_id, "queued")
    assert set(status) == {"runId", "pipelineState", "startDate", "timestamp"}
    with pytest.raises(RunActiveError):
        waiting.run_pipeline(one)
    assert waiting.kill_pipeline(one).reason == "1 run killed"
    assert waiting.queued_statuses(one) == []


def test_a_pipeline_is_meant_by_its_fqn_alone(client: K8sPipelineClient) -> None:
    one, other = pipeline(name="one"), pipeline(name="other", displayName="pg_prod.one")
    client.deploy_pipeline(other, service())

    assert client.delete_pipeline(one).reason == "Pipeline was not deployed"

    assert [item.name for item in client.pipelines.list_pipelines()] == ["other"]
    with pytest.raises(DefinitionError, match="no fullyQualifiedName"):
        client.run_pipeline({})


def test_the_instance_need_not_be_told_again(client: K8sPipelineClient) -> None:
    elsewhere = {**pipeline()["openMetadataServerConnection"], "clusterName": "prod/eu"}
    one = pipeline(openMetadataServerConnection=elsewhere)
    client.deploy_pipeline(one, service())
    plain = {"fullyQualifiedName": one["fullyQualifiedName"]}

    client.set_pipeline_enabled({**plain, "openMetadataServerConnection": elsewhere}, True)
    assert client.run_pipeline(plain).run_id
    assert client.delete_pipeline(pipeline()).reason == "Pipeline was not deployed", "that is of another instance"
    here = pipeline()
    client.deploy_pipeline(here, service())
    with pytest.raises(UnknownNameError, match="2 OpenMetadata instances have a pipeline"):
        client.delete_pipeline(plain)
    client.delete_pipeline(here)
    assert "all objects of om-" in str(client.delete_pipeline(plain).reason)


def test_the_service_says_what_is_wrong_with_it(program: Program, client: K8sPipelineClient) -> None:
    assert client.service_status().as_dict()["version"].startswith("v1.")

    refused = made(program, namespace="default").service_status()

    assert refused.code == 403
    assert "default" in str(refused.reason)


def test_a_pipeline_that_has_the_name_of_a_deleted_one_by_now_is_not_touched(client: K8sPipelineClient) -> None:
    gone, ours = (pipeline({"log": "x"}, id=str(uuid.uuid4())) for _ in range(2))
    client.deploy_pipeline(ours, service())

    assert client.delete_pipeline(gone).reason == "Pipeline was not deployed"
    with pytest.raises(UnknownNameError):
        client.run_pipeline(gone)
    assert len(client.pipelines.list_pipelines()) == 1
    assert "all objects of om-" in str(client.delete_pipeline(ours | {"id": ours["id"].upper()}).reason)
