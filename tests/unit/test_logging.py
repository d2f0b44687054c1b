"""What is logged: each request and step, to nobody who has not asked for it, and never a secret."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from k8s_pipeline_client import Pipelines, Settings
from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.cluster.transport import Transport
from k8s_pipeline_client.domain.entities import IngestionPipeline, Service
from k8s_pipeline_client.domain.pipeline import Pipeline, from_entity
from k8s_pipeline_client.errors import ConflictError
from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
from tests.cluster.support.program import call
from tests.data import sample
from tests.fakes import FakeCluster, Request
from tests.images.recording import RecordingServer
from tests.kubeconfigs.standin import StandIn
from tests.openmetadata import token

BEARER = "opaque-geheim-1"
SETTINGS = Settings(namespace="ns")


def pipeline() -> Pipeline:
    """Make one whose document holds a password and a token."""
    entity = IngestionPipeline.model_validate(sample("pipelines/01_postgres_metadata_daily.json"))
    return from_entity(entity, Service.model_validate(sample("services/postgres.json")), "a test")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StandIn]:
    with StandIn.open(tmp_path) as running:
        yield running


@pytest.fixture
def kubeconfig(server: StandIn, tmp_path: Path) -> Path:
    """A kubeconfig with a bearer token for the stand-in."""
    path = tmp_path / "kubeconfig"
    authority = base64.b64encode(server.ca.encode()).decode()
    cluster = {"server": f"https://{server.address}", "certificate-authority-data": authority}
    config = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": BEARER}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(config))
    return path


def test_requests_to_the_cluster(server: StandIn, kubeconfig: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="k8s_pipeline_client"):
        Transport(connect(kubeconfig)).send("GET", "/api/v1/pods", query={"limit": "2", "continue": "hidden-page"})
    assert server.who() == f"token {BEARER}"
    (record,) = [record for record in caplog.records if record.name == "k8s_pipeline_client.cluster.transport"]
    assert record.levelname == "DEBUG"
    assert record.getMessage().startswith("GET /api/v1/pods?limit=2&continue=***: 200, attempt 1, ")
    assert BEARER not in caplog.text


def test_requests_to_openmetadata(caplog: pytest.LogCaptureFixture) -> None:
    bearer = token()
    with (
        RecordingServer() as running,
        HttpOpenMetadata(running.url, bearer) as client,
        caplog.at_level(logging.DEBUG, logger="k8s_pipeline_client"),
    ):
        client.version()
    (record,) = [record for record in caplog.records if record.name == "k8s_pipeline_client.openmetadata.transport"]
    assert record.getMessage().startswith("GET /v1/system/version: 200, attempt 1, ")
    assert bearer not in caplog.text


def secrets_in(fake: FakeCluster) -> list[str]:
    """Return what the Secrets hold, as it is there and in base64, down to the passwords of the document."""
    found: list[str] = []
    for secret in fake.list(Kind.SECRET):
        for value in secret["data"].values():
            found += [value, base64.b64decode(value).decode()]
    service = sample("services/postgres.json")
    return [*found, service["connection"]["config"]["authType"]["password"]]


def test_the_steps_of_a_deploy(caplog: pytest.LogCaptureFixture) -> None:
    fake = FakeCluster("ns")
    with caplog.at_level(logging.DEBUG, logger="k8s_pipeline_client"):
        name = Pipelines(fake, SETTINGS).deploy(pipeline()).name
    steps = [record.getMessage() for record in caplog.records if record.name.endswith(".deploying.execute")]
    assert f"{name}: create CronJob, suspended" in steps
    assert f"{name}: create Secret" in steps
    assert steps[-1] == f"{name}: resume"
    assert len(steps) >= 5
    hidden = secrets_in(fake)
    assert len(hidden) > 3
    assert not [secret for secret in hidden if secret in caplog.text]


def test_what_is_taken_back(caplog: pytest.LogCaptureFixture) -> None:
    fake = FakeCluster("ns")

    def refuse(request: Request) -> None:
        if request.kind is Kind.CONFIG_MAP and request.verb == "patch" and "launcher" not in request.name:
            raise ConflictError("made up by the test", status=409)

    fake.before(refuse)
    with (
        caplog.at_level(logging.DEBUG, logger="k8s_pipeline_client"),
        pytest.raises(ConflictError, match="made up by the test; the created objects have been deleted") as caught,
    ):
        Pipelines(fake, SETTINGS).deploy(pipeline())
    assert caught.value.outcome == "the created objects have been deleted"
    assert isinstance(caught.value.__cause__, ConflictError)
    assert [record for record in caplog.records if record.getMessage().startswith("undo: Unclaim CronJob om-")]


def test_the_command_line_shows_it_with_v(kubeconfig: Path) -> None:
    words = ["--kubeconfig", str(kubeconfig), "list"]
    shown = call(["-v", *words]).err
    assert "GET /apis/batch/v1/namespaces/openmetadata-pipelines/cronjobs?" in shown
    assert ": 200, attempt 1, " in shown
    assert "cluster.transport: GET " not in shown
    assert "cluster.transport: GET " in call(["-vv", *words]).err
    assert "GET " not in call(words).err
    assert BEARER not in shown


def test_the_output_stays_what_it_says_it_is(kubeconfig: Path) -> None:
    assert json.loads(call(["-vv", "--kubeconfig", str(kubeconfig), "list", "-o", "json"]).out) == []


def test_the_root_cause_is_shown_with_v(server: StandIn, kubeconfig: Path) -> None:
    config = yaml.safe_load(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    kubeconfig.write_text(yaml.safe_dump(config))
    words = ["--kubeconfig", str(kubeconfig), "list"]
    shown = call(["-v", *words])
    assert shown.code == 1
    assert "NewConnectionError, attempt 1; retrying in" in shown.err
    assert "cause: NewConnectionError: " in shown.err
    assert BEARER not in shown.err
    assert "cause" not in call(words).err


def test_a_library_user_who_asks_for_nothing_sees_nothing() -> None:
    program = (
        "import logging, k8s_pipeline_client as p\n"
        "logging.getLogger('k8s_pipeline_client.cluster.identity').warning('seen by nobody')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout + done.stderr == ""
