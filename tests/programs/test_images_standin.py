"""The stand-in for the ingestion, as a process: what it prints, tells the server and exits with."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.images.recording import RecordingServer, documents
from tests.images.standin import leaks, program, steps
from tests.openmetadata import token

RUN = "11111111-1111-4111-8111-111111111111"
CHECKOUT = Path(__file__).resolve().parents[2]
SECRET = "hunter2 'ü/"


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    seed = documents.seed(
        services=[documents.database_service("shop")], pipelines=[documents.ingestion_pipeline("shop", "meta")]
    )
    with RecordingServer(seed=seed) as running:
        yield running


def workflow(url: str | None, *script: dict[str, Any], **block: Any) -> dict[str, Any]:
    config = {"type": "DatabaseMetadata", "standin": {"steps": list(script), **block}}
    server = {"hostPort": url, "securityConfig": {"jwtToken": token()}}
    return {
        "source": {"type": "postgres", "serviceName": "shop", "sourceConfig": {"config": config}},
        "workflowConfig": {"openMetadataServerConfig": server if url else {}},
        "ingestionPipelineFQN": "shop.meta",
    }


def start(document: dict[str, Any], kind: str = "workflow", **env: str) -> subprocess.CompletedProcess[str]:
    code = f"from tests.images.standin.program import main; main({kind!r})"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONUTF8": "1",
            "config": json.dumps(document),
            "pipelineType": "metadata",
            "pipelineRunId": RUN,
            **env,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def states(server: RecordingServer) -> list[str]:
    return [row["pipelineState"] for row in server.api.runs.history().get("shop.meta", {}).get(RUN, [])]


def test_says_that_it_is_a_standin_and_what_it_was_given() -> None:
    document = workflow(None, {"log": "hello"}, {"logLines": 2}, {"dumpConfig": True})
    done = start(document)

    raw = json.dumps(document).encode()
    assert done.returncode == 0, done.stderr
    assert "STAND-IN" in done.stdout.splitlines()[0]
    assert "hello" in done.stdout
    assert "stand-in line 2 of 2" in done.stdout
    assert f"config bytes={len(raw)} sha256={hashlib.sha256(raw).hexdigest()}" in done.stdout


def test_reports_success(server: RecordingServer) -> None:
    done = start(workflow(server.url, {"log": "x"}, report=True))

    assert (done.returncode, states(server)) == (0, ["running", "success"])
    rows = server.api.runs.history()["shop.meta"][RUN]
    assert "endDate" not in rows[0]
    assert rows[1]["endDate"] >= rows[1]["startDate"]


@pytest.mark.parametrize(
    ("step", "code", "end"),
    # SystemExit is reported as success: the flaw of the real program, kept on purpose.
    [({"fail": "boom"}, 1, "failed"), ({"nonsense": 1}, 1, "failed"), ({"exit": 3}, 3, "success")],
)
def test_reports_the_end(server: RecordingServer, step: dict[str, Any], code: int, end: str) -> None:
    done = start(workflow(server.url, step, report=True))

    assert (done.returncode, states(server)) == (code, ["running", end])


def test_final_state_may_be_given(server: RecordingServer) -> None:
    start(workflow(server.url, report=True, finalState="partialSuccess"))

    assert states(server) == ["running", "partialSuccess"]


def test_hard_exit_reports_nothing_more(server: RecordingServer) -> None:
    done = start(workflow(server.url, {"hardExit": 7}, report=True))

    assert (done.returncode, states(server)) == (7, ["running"])


def test_failing_status_endpoint_is_survived(server: RecordingServer) -> None:
    server.faults.add({"fault": "status500"})

    assert (start(workflow(server.url, report=True)).returncode, states(server)) == (0, [])


def test_refused_token_ends_the_run_at_its_start(server: RecordingServer) -> None:
    server.faults.add({"fault": "unauthorized"})

    assert (start(workflow(server.url, report=True)).returncode, states(server)) == (1, [])


def test_unknown_pipeline_is_made_anew(server: RecordingServer) -> None:
    server.api.entities.delete("services/ingestionPipelines", {"fullyQualifiedName": "shop.meta"})

    assert (start(workflow(server.url, report=True)).returncode, states(server)) == (0, ["running", "success"])


def test_unknown_pipeline_and_service_report_nothing(server: RecordingServer) -> None:
    server.api.entities.clear()

    assert (start(workflow(server.url, report=True)).returncode, states(server)) == (0, [])


def test_fails_until_the_given_attempt(server: RecordingServer) -> None:
    document = workflow(server.url, {"failUntilAttempt": 2})

    assert [start(document).returncode for _ in range(2)] == [1, 0]


def test_leaks_in_every_way() -> None:
    document = workflow(None, {"printSecret": {"path": "secrets.0", "by": list(leaks.GENTLE)}})
    done = start({**document, "secrets": [SECRET]})
    everything = done.stdout + done.stderr

    assert done.returncode == 0, done.stderr
    assert [way for way in leaks.GENTLE if f"leak {way}" not in everything] == []
    assert everything.count(SECRET) >= len(leaks.GENTLE) - 3


def test_block_in_c_outlasts_a_signal() -> None:
    code = (
        "import signal, time\n"
        "from tests.images.standin.blocking import block\n"
        "signal.signal(signal.SIGALRM, lambda *_: print('handled'))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05)\n"
        "begin = time.monotonic(); block(0.4); print(time.monotonic() - begin >= 0.35)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)

    # The handler runs only once the call has returned, though the signal came long before.
    assert done.stdout.split() == ["handled", "True"]


@pytest.mark.parametrize("by", ["request", "connection"])
def test_automation_reports_its_end_and_exits_with_zero(server: RecordingServer, by: str) -> None:
    block = {"standin": {"report": True, "steps": [{"fail": "no access"}]}}
    request = block if by == "request" else {"connection": {"config": block}}
    automation = {
        "id": RUN,
        "name": "a",
        "request": request,
        "openMetadataServerConnection": {"hostPort": server.url, "securityConfig": {"jwtToken": token()}},
    }
    server.control.seed(documents.seed(automations=[automation]))

    assert start(automation, "automation").returncode == 0
    found = server.api.entities.get("automations/workflows", "a")
    assert found is not None
    assert (found["status"], found["response"]["steps"][0]["message"]) == ("Failed", "no access")


@pytest.mark.parametrize("missing", ["config", "pipelineType"])
def test_missing_environment(missing: str) -> None:
    done = start(workflow(None), **{missing: ""})

    assert done.returncode == 1
    assert f"Missing environment variable `{missing}`" in done.stderr


def test_yaml_is_read_too() -> None:
    assert program.parse("---\nsource:\n  type: postgres\n") == {"source": {"type": "postgres"}}
    with pytest.raises(ValueError, match="not a mapping"):
        program.parse("[1]")


def test_every_step_is_described() -> None:
    text = (CHECKOUT / "tests/images/README.md").read_text()

    assert [name for name in steps.names() if f"`{name}:" not in text] == []
