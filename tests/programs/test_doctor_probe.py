"""A pod that `doctor` sends to look at OpenMetadata, on a cluster in memory: what is made of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.doctor.finding import Level
from k8s_pipeline_client.errors import ForbiddenError
from tests.fakes import FakeCluster, Request
from tests.images.recording import RecordingServer
from tests.programs.test_doctor import cluster, looked, server, told

__all__ = ["cluster", "server"]


def pod_with(status: Object) -> Callable[[FakeCluster, Object], None]:
    """Have the probe's Job get a pod of this status."""

    def act(cluster: FakeCluster, job: Object) -> None:
        metadata = {"name": "probe-pod", "namespace": "pipelines", "labels": {"job-name": job["metadata"]["name"]}}
        spec = job["spec"]["template"]["spec"]
        cluster.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status})

    return act


def main(**state: Object) -> Object:
    return {"containerStatuses": [{"name": "sidecar", "state": {}}, {"name": "main", "state": state}]}


PROBES: list[tuple[str, Object, Level, str]] = [
    ("seen", main(terminated={"exitCode": 0, "message": json.dumps({"version": "1.12.14"})}), Level.OK, "Ok"),
    ("refused", main(terminated={"message": json.dumps({"failure": "no route"})}), Level.PROBLEM, "PodsCannotReach"),
    ("no python", main(terminated={"exitCode": 127, "message": "?"}), Level.PROBLEM, "ProbeStuck"),
    ("failed", {"phase": "Failed", "reason": "Evicted"}, Level.PROBLEM, "ProbeStuck"),
    ("no image", main(waiting={"reason": "ErrImagePull", "message": "x"}), Level.PROBLEM, "ProbeStuck"),
    ("no node", {"conditions": [{"status": "False", "message": "0/1 nodes"}]}, Level.PROBLEM, "ProbeStuck"),
    ("new", {}, Level.PROBLEM, "ProbeStuck"),
]


@pytest.mark.parametrize(("status", "level", "code"), [case[1:] for case in PROBES], ids=[case[0] for case in PROBES])
def test_what_a_pod_sees(
    status: Object, level: Level, code: str, cluster: FakeCluster, server: RecordingServer
) -> None:
    def act(request: Request) -> None:
        if (request.verb, request.kind) == ("list", Kind.POD) and (jobs := cluster.list(Kind.JOB)):
            remove()
            pod_with(status)(cluster, jobs[0])

    remove = cluster.before(act)

    found = looked(cluster, server, probe=True, probe_timeout=1.0)

    assert told(found, "probe") == (level, code)
    assert cluster.list(Kind.JOB) == []


@pytest.mark.parametrize(("code", "level"), [("AccessDenied", Level.UNKNOWN), ("QuotaExceeded", Level.PROBLEM)])
def test_a_probe_that_may_not_be_sent(
    code: str, level: Level, cluster: FakeCluster, server: RecordingServer, tmp_path: Path
) -> None:
    def act(request: Request) -> None:
        if (request.verb, request.kind) == ("create", Kind.JOB):
            raise ForbiddenError("no", status=403, reason="Forbidden", code=code)

    cluster.before(act)

    assert looked(cluster, server, probe=True)["probe"].level is level
