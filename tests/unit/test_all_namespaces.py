"""-A: the pipelines, runs and tokens of all namespaces, those of one name in two of them told apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.cluster.port import EVERYWHERE, Kind
from k8s_pipeline_client.cluster.translate import api_error
from k8s_pipeline_client.errors import ForbiddenError
from k8s_pipeline_client.settings import Settings
from tests.cluster.support.program import Result, call
from tests.cluster.support.schema import check_output
from tests.fakes import FakeCluster
from tests.fakes.everywhere import FakeEverywhere
from tests.openmetadata import pipeline, token
from tests.unit.console import NIGHTLY, SERVICE, Console

NAMESPACES = ("t-00000001", "t-00000002")


class Land:
    """Two namespaces that hold the same pipelines; in the first one the run of one has failed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        clusters = {name: FakeCluster(name) for name in NAMESPACES}
        self.everywhere = FakeEverywhere(list(clusters.values()))

        def connect(settings: Settings, **_: Any) -> FakeCluster:
            return clusters[settings.namespace]

        monkeypatch.setattr("k8s_pipeline_client.client.pipelines.connect", connect)
        monkeypatch.setattr("k8s_pipeline_client.client.everywhere.connect", lambda *_, **__: self.everywhere)
        self.first, self.second = (Console(_folder(folder, name), clusters[name]) for name in NAMESPACES)
        for console in (self.first, self.second):
            console.deploy()
        self.first.end(self.first.started(), reason="BackoffLimitExceeded")
        self.second.started()

    def __call__(self, *words: str, code: int = 0) -> Result:
        result = call(list(words))
        assert result.code == code, result
        if not code:
            check_output(words, result.out)
        return result


def _folder(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


@pytest.fixture
def land(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Land:
    return Land(tmp_path, monkeypatch)


def _told(found: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(item["namespace"], item["lastRun"]["state"]) for item in found]


@pytest.mark.parametrize("command", ["list", "status"])
def test_pipelines_of_one_name_have_their_own_runs(land: Land, command: str) -> None:
    found = land(command, "-A", "-o", "json").json

    assert _told(found) == [(NAMESPACES[0], "failed"), (NAMESPACES[1], "queued")]
    header, *lines = land(command, "-A").out.splitlines()
    assert header.split()[:2] == ["NAMESPACE", "NAME"]
    assert [line.split()[0] for line in lines] == list(NAMESPACES)


def test_what_list_chooses_it_chooses_in_all_namespaces(land: Land) -> None:
    assert _told(land("list", "-A", "--failed", "-o", "json").json) == [(NAMESPACES[0], "failed")]
    cronjob = land.second.cronjob()["metadata"]["name"]
    land.second.cluster.merge(Kind.CRONJOB, cronjob, {"metadata": {"labels": {"team": "data"}}})
    assert _told(land("list", "-A", "-l", "team=data", "-o", "json").json) == [(NAMESPACES[1], "queued")]


def test_runs_tell_their_namespaces(land: Land) -> None:
    found = land("runs", "-A", "-o", "json").json

    assert sorted((run["namespace"], run["state"]) for run in found) == list(
        zip(NAMESPACES, ("failed", "queued"), strict=True)
    )
    assert land("runs", "--all-namespaces").out.split()[:2] == ["NAMESPACE", "PIPELINE"]


def test_tokens_are_counted_by_namespace(land: Land) -> None:
    found = land("tokens", "-A", "-o", "json").json

    assert [(item["namespace"], item["pipelines"]) for item in found] == [(name, 1) for name in NAMESPACES]
    assert land("tokens", "-A").out.split()[0] == "NAMESPACE"


def test_a_list_tells_until_when_the_tokens_of_each_namespace_are_valid(land: Land) -> None:
    soon = datetime.now(UTC) + timedelta(days=3)
    for console, at in ((land.first, soon), (land.second, None)):
        connection = {**NIGHTLY["openMetadataServerConnection"]}
        connection["securityConfig"] = {"jwtToken": token(expires=timedelta(days=3) if at else None)}
        console.cluster.clock = datetime.now(UTC)
        console("delete", "nightly")
        console("deploy", "-f", console.nightly(openMetadataServerConnection=connection))

    first, second = land("list", "-A", "-o", "json").json
    assert abs((datetime.fromisoformat(first["tokenExpiresAt"]) - soon).total_seconds()) < 60
    assert second["tokenExpiresAt"] is None
    assert "the token of 1 pipeline" in land("list", "-A").err

    for console in (land.first, land.second):
        console.cluster.denied = {("list", "secrets")}
    land.everywhere.lists.clear()
    assert [item["tokenExpiresAt"] for item in land("list", "-A", "-o", "json").json] == [None, None]
    assert Kind.SECRET not in land.everywhere.lists


def test_events_of_a_pod_of_the_same_name_elsewhere_are_not_taken_for_its_own(land: Land) -> None:
    (job,) = land.second.jobs()
    about = {"kind": "Job", "namespace": NAMESPACES[1], "name": job["metadata"]["name"], "uid": job["metadata"]["uid"]}
    refused = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "refused.1"},
        "involvedObject": about,
        "reason": "FailedCreate",
        "type": "Warning",
        "message": 'Error creating: pods "x" is forbidden: exceeded quota: few',
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }
    land.second.cluster.put(refused)
    # A Job of the same name and, as if it had been copied, of the same UID.
    land.first.cluster.put({**job, "metadata": {**job["metadata"], "namespace": NAMESPACES[0]}})
    for cluster in (land.first.cluster, land.second.cluster):
        cluster.advance(60)

    found = {run["namespace"]: run for run in land("runs", "-A", "--state", "queued", "-o", "json").json}
    assert found[NAMESPACES[1]]["cause"]["code"] == "QuotaExceeded"
    assert found[NAMESPACES[0]]["cause"] is None


@pytest.mark.parametrize("command", ["list", "runs", "tokens"])
def test_the_number_of_lists_does_not_grow_with_the_pipelines(land: Land, command: str) -> None:
    land(command, "-A")
    few = len(land.everywhere.lists)
    connection = NIGHTLY["openMetadataServerConnection"]
    more = [pipeline(f"p{number}", SERVICE, openMetadataServerConnection=connection) for number in range(30)]
    for console in (land.first, land.second):
        console("deploy", "-f", console.file("more.yaml", *more, SERVICE))

    land.everywhere.lists.clear()
    land(command, "-A")
    assert len(land.everywhere.lists) == few


@pytest.mark.parametrize(
    "words",
    [
        ["list", "-A", "-n", "t-00000001"],
        ["-n", "t-00000001", "list", "-A"],
        ["runs", "-A", "-n", "t-00000001"],
        ["tokens", "-A", "-n", "t-00000001"],
        ["list", "-A", "--from-server"],
        ["runs", "nightly", "-A"],
        ["status", "nightly", "-A"],
        ["status", "--all", "-A"],
        ["list", "-A", "-o", "name"],
        ["runs", "-A", "-o", "name"],
    ],
)
def test_what_means_one_namespace_is_refused_beside_it(land: Land, words: list[str]) -> None:
    result = land(*words, code=2)

    assert "-A" in result.err
    assert land.everywhere.lists == []


def test_a_missing_right_is_said_to_be_a_cluster_wide_one() -> None:
    message = 'cronjobs.batch is forbidden: User "me" cannot list resource "cronjobs" at the cluster scope'
    body = json.dumps({"kind": "Status", "message": message, "reason": "Forbidden"})
    error = api_error(403, body.encode(), action="list CronJobs", namespace=EVERYWHERE)

    assert isinstance(error, ForbiddenError)
    assert error.code == "ClusterWideAccessDenied"
    assert "all namespaces" in error.message


def test_of_all_namespaces_nothing_is_read_or_written_by_name() -> None:
    cluster = KubeCluster.__new__(KubeCluster)
    cluster._namespace = EVERYWHERE
    with pytest.raises(ValueError, match="one namespace"):
        cluster.get(Kind.JOB, "om-x")
