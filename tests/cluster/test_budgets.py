"""How many requests the API server counts for an operation; `tests/unit/test_budgets_operations.py` has them all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from k8s_pipeline_client import K8sPipelineClient
from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.errors import NotFoundError
from tests.cluster.local.paths import current
from tests.cluster.support.audit import Request, requests_of
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.test_library import made

_MARK = "mark-"


@dataclass
class Counted:
    """Runs operations one after the other, and tells the requests of each by the audit log."""

    program: Program
    names: list[str] = field(default_factory=list)

    def __call__(self, name: str, operation: Callable[[], object]) -> None:
        """Run an operation, with a request before it that shows in the log where it begins."""
        cluster = KubeCluster(connect(self.program.space.kubeconfig), self.program.space.namespace)
        with suppress(NotFoundError):
            cluster.get(Kind.CONFIG_MAP, _MARK + name)
        operation()

    def requests(self) -> dict[str, list[Request]]:
        """Return the requests by operation."""
        account = f"system:serviceaccount:{self.program.space.namespace}:k8s-pipeline"
        found: dict[str, list[Request]] = {}
        own: list[Request] = []
        for request in requests_of(account, current().audit_log):
            before, mark, name = request.uri.rpartition(_MARK)
            if mark and before.endswith("/configmaps/"):
                own = found[name] = []
            else:
                own.append(request)
        return found


def _polled(requests: list[Request]) -> int:
    """Count what is asked for again and again, until it is so, once."""
    return len({(request.verb, request.uri) for request in requests})


def test_the_api_server_counts_as_many_requests_as_are_budgeted(program: Program) -> None:
    if not program.space.access.embedded:
        pytest.skip("the audit log of a cluster that is not ours cannot be read")
    client: K8sPipelineClient = made(program)
    once = pipeline({"log": "a line"}, schedule="@daily")
    again = pipeline({"log": "another line"}, schedule="@daily") | {"id": once["id"]}
    hangs = pipeline({"sleep": 300}, schedule="@daily") | {"id": once["id"]}
    counted = Counted(program)

    counted("first", lambda: client.deploy_pipeline(once, service()))
    counted("changed", lambda: client.deploy_pipeline(again, service()))
    counted("unchanged", lambda: client.deploy_pipeline(again, service()))
    counted("run", lambda: client.run_pipeline(again))
    counted("wait", lambda: client.pipelines.wait(client.pipelines.newest_run("nightly").job_name, timeout=120))
    counted("status", lambda: client.pipelines.status("nightly"))
    counted("logs", lambda: list(client.pipelines.logs("nightly")))
    counted("queued", lambda: client.queued_statuses(again))
    counted("hangs", lambda: (client.deploy_pipeline(hangs, service()), client.run_pipeline(hangs)))
    counted("kill", lambda: client.kill_pipeline(hangs))
    counted("delete", lambda: client.delete_pipeline(hangs))
    counted("end", lambda: None)

    found = counted.requests()
    assert len(found["first"]) <= 11
    assert len(found["changed"]) <= 8  # two of them look once more after the last write
    assert len(found["unchanged"]) <= 4
    assert {request.verb for request in found["unchanged"]} <= {"get", "list"}
    assert [request.verb for request in found["run"]] == ["list", "list", "create"]
    assert len(found["status"]) <= 8  # two for its token, one for a one-shot run of its name, one for events
    # One for a one-shot run of its name; the stream is in the log twice: as it begins, and as it ends.
    assert len(found["logs"]) <= 9
    assert [request.verb for request in found["queued"]] in (["list"], ["list", "list"])  # pods only of what is active
    assert _polled(found["kill"]) <= 12  # as long as its pod has not started, events are read as well
    assert _polled(found["delete"]) <= 20
