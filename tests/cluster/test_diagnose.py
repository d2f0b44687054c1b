"""`diagnose` of real pods: the cause by the log, what Kubernetes' events say, and no secret."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.support.definitions import PASSWORD, TOKEN, pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until

REFUSED = (
    'CheckAccess-(psycopg2.OperationalError) connection to server at "10.0.0.1", port 5432 failed: FATAL:  password '
    'authentication failed for user "om_reader"'
)


def test_a_run_that_its_source_refused(program: Program) -> None:
    own = "a-secret-of-the-environment"
    program.space.kubectl("create", "secret", "generic", "extra", f"--from-literal=EXTRA={own}")
    program.configure(envFrom=[{"secretRef": {"name": "extra"}}], backoffLimit=1)
    program.deploy(pipeline({"log": f"{PASSWORD} {TOKEN}"}, {"runChild": "echo $EXTRA"}, {"fail": REFUSED}), service())
    program("run", "nightly", "--wait", code=3)

    found: dict[str, Any] = program("diagnose", "nightly", "-o", "json").json

    assert (found["state"], found["category"]) == ("failed", "SourceRefused")
    assert "password authentication failed" in found["summary"]
    assert [attempt["exitCode"] for attempt in found["attempts"]] == [1, 1]
    assert found["peakMemoryBytes"] > 0
    reasons = " ".join(found["events"])
    assert "Scheduled" in reasons
    assert "BackoffLimitExceeded" in reasons
    assert found["events"] == sorted(found["events"], key=lambda line: line.split()[0])
    assert "psycopg2.OperationalError" in found["logTail"]
    assert "*********" in found["logTail"]
    shown = program("diagnose", "nightly")
    for secret in (own, PASSWORD, TOKEN):
        assert secret not in str(found)
        assert secret not in shown.out


@pytest.mark.slow
def test_a_run_that_no_node_takes(program: Program) -> None:
    program.configure(nodeSelector={"no": "where"})
    program.deploy(pipeline({"log": "never"}), service())
    program("run", "nightly")

    def told() -> dict[str, Any]:
        found: dict[str, Any] = program("diagnose", "nightly", "-o", "json").json
        return found if found["category"] else {}

    found = until(told, "a cause")
    assert (found["state"], found["category"], found["logTail"]) == ("queued", "Unschedulable", "")
    assert any("FailedScheduling" in event for event in found["events"])
