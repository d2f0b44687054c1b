"""The pipeline service client, as OpenMetadata's server would drive it, on a cluster in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from k8s_pipeline_client import Settings
from k8s_pipeline_client.client import K8sPipelineClient
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.errors import DefinitionError, ForbiddenError, InputError, UnknownNameError
from k8s_pipeline_client.runs.logpage import PAGE_CHARACTERS
from tests.data import sample
from tests.fakes import Request
from tests.unit.console import NIGHTLY, SERVICE, Console, console

__all__ = ["console"]

SETTINGS = Settings.model_validate({"namespace": "t-00000000", "metadataApiEndpoint": "http://openmetadata:8585/api"})


@pytest.fixture
def client(console: Console) -> Iterator[K8sPipelineClient]:
    """A client on an empty namespace."""
    with K8sPipelineClient(console.cluster, SETTINGS) as client:
        yield client


def _deploy(client: K8sPipelineClient, **changes: Any) -> str:
    return str(client.deploy_pipeline({**NIGHTLY, **changes}, SERVICE).reason)


def test_it_says_what_a_deploy_has_done(client: K8sPipelineClient, console: Console) -> None:
    assert "created" in _deploy(client)
    assert "unchanged" in _deploy(client)
    assert console.cronjob()["metadata"]["annotations"]["k8s-pipeline/fqn"] == NIGHTLY["fullyQualifiedName"]


def test_a_run_is_queued_until_its_pod_runs(client: K8sPipelineClient, console: Console) -> None:
    _deploy(client)
    started = client.run_pipeline(NIGHTLY)
    (queued,) = client.queued_statuses(NIGHTLY)
    assert (queued["runId"], queued["pipelineState"]) == (started.run_id, "queued")
    assert queued["startDate"] == queued["timestamp"] == round(console.cluster.clock.timestamp() * 1000)
    (job,) = console.cluster.list(Kind.JOB)
    console.give_pod(job)
    assert client.queued_statuses(NIGHTLY) == []


def test_a_run_may_have_other_values_than_its_pipeline(client: K8sPipelineClient, console: Console) -> None:
    _deploy(client)
    client.run_pipeline(NIGHTLY, source_config_override={"includeViews": False})
    assert len([item for item in console.cluster.list(Kind.SECRET) if item["metadata"].get("ownerReferences")]) == 2
    with pytest.raises(InputError):
        client.run_pipeline(NIGHTLY, app_config_override={"a": 1})


def test_the_log_of_the_newest_run_comes_in_pages(client: K8sPipelineClient, console: Console) -> None:
    _deploy(client)
    client.run_pipeline(NIGHTLY)
    assert "there is no pod yet" in client.last_logs(NIGHTLY)["ingestion_task"]
    (job,) = console.cluster.list(Kind.JOB)
    console.give_pod(job, b"x" * (PAGE_CHARACTERS + 1), exit_code=0)
    first = client.last_logs({**NIGHTLY, "pipelineType": "profiler"})
    assert first == {"profiler_task": "x" * PAGE_CHARACTERS, "total": "2", "after": "1"}
    assert client.last_logs(NIGHTLY, 1) == {"ingestion_task": "x", "total": "2"}
    with pytest.raises(InputError, match="2 pages"):
        client.last_logs(NIGHTLY, 2)


def test_its_schedule_is_switched(client: K8sPipelineClient, console: Console) -> None:
    _deploy(client)
    client.set_pipeline_enabled(NIGHTLY, False)
    assert console.cronjob()["spec"]["suspend"] is True
    client.set_pipeline_enabled(NIGHTLY, True)
    assert console.cronjob()["spec"]["suspend"] is False


def test_a_pipeline_on_demand_has_no_schedule_to_stop(client: K8sPipelineClient) -> None:
    _deploy(client, airflowConfig={**NIGHTLY["airflowConfig"], "scheduleInterval": None})
    with pytest.raises(InputError, match="no schedule"):
        client.set_pipeline_enabled(NIGHTLY, False)


def test_deleting_what_is_not_there_is_fine(client: K8sPipelineClient, console: Console) -> None:
    _deploy(client)
    assert "deleted" in str(client.delete_pipeline(NIGHTLY).reason)
    assert console.cluster.list(Kind.CRONJOB) == []
    assert client.delete_pipeline(NIGHTLY).reason == "Pipeline was not deployed"
    assert client.delete_pipeline(NIGHTLY).code == 200


def test_what_is_not_deployed_can_neither_run_nor_be_killed(client: K8sPipelineClient) -> None:
    for ask in (client.run_pipeline, client.kill_pipeline, client.last_logs):
        with pytest.raises(UnknownNameError, match="not deployed"):
            ask(NIGHTLY)
    assert client.queued_statuses(NIGHTLY) == []
    with pytest.raises(DefinitionError, match="no fullyQualifiedName"):
        client.run_pipeline({"name": "nightly"})
    with pytest.raises(DefinitionError, match="no fullyQualifiedName"):
        client.queued_statuses({"name": "nightly"})


def test_killing_where_no_run_is_active_says_so(client: K8sPipelineClient) -> None:
    _deploy(client)
    assert client.kill_pipeline(NIGHTLY).reason == "No run of the pipeline was active"


def test_an_automation_runs_once_and_is_not_deployed(client: K8sPipelineClient, console: Console) -> None:
    started = client.run_automation(sample("automation/test_connection_mysql.json"))
    (job,) = console.cluster.list(Kind.JOB)
    assert job["metadata"]["labels"]["app.kubernetes.io/run-id"] == started.run_id
    assert console.cluster.list(Kind.CRONJOB) == []
    with pytest.raises(DefinitionError):
        client.run_application(sample("automation/test_connection_mysql.json"))


def test_its_status_is_that_of_the_cluster_and_of_our_rights(client: K8sPipelineClient, console: Console) -> None:
    found = client.service_status()
    assert (found.code, found.version) == (200, "v1.34.4")
    assert console.cluster.list(Kind.CONFIG_MAP) == []  # what it tries to write is not kept

    def refuse(request: Request) -> None:
        if request.kind == Kind.SECRET:
            raise ForbiddenError("secrets are forbidden", status=403)

    console.cluster.before(refuse)
    assert client.service_status().code == 403


def test_the_machines_address_is_told_where_that_is_wanted(console: Console) -> None:
    def address(**settings: Any) -> Any:
        return K8sPipelineClient(console.cluster, SETTINGS.model_copy(update=settings)).host_ip()

    assert address(ingestion_ip_info_enabled=False) is None
    assert address(ingestion_ip_info_enabled=True, host_ip="192.0.2.7") == {"ip": "192.0.2.7"}
    assert address(ingestion_ip_info_enabled=True)["ip"]
