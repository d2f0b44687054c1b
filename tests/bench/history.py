"""Runs that have ended, without a pod ever having run: Jobs that the Job controller is told to leave alone."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from k8s_pipeline_client.domain import labels
from tests.bench.loops import CONNECTIONS, path_of, spread
from tests.bench.wire import Send, Server
from tests.cluster.support.space import Space

_NOBODY = "k8s-pipeline.example/nobody"
"""In ``spec.managedBy``; Kubernetes has that since 1.32."""
_IS_REPORTED = {labels.REPORTED: labels.FINAL}
"""So that a reporter has nothing to do."""


def job_of(cronjob: dict[str, Any]) -> dict[str, Any]:
    """Return a Job from the CronJob's template, as `kubectl create job --from` does."""
    template, metadata = copy.deepcopy(cronjob["spec"]["jobTemplate"]), cronjob["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": metadata["name"], "uid": metadata["uid"]}
    identity = {
        "name": f"{metadata['name'][:40]}-{uuid.uuid4().hex[:12]}",
        "namespace": metadata["namespace"],
        "ownerReferences": [owner | {"controller": True}],
    }
    of_template = template.get("metadata") or {}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": of_template | identity, "spec": template["spec"]}


def write(space: Space, server: Server, names: Sequence[str]) -> None:
    """Give each pipeline a run that has succeeded."""

    def one(send: Send, name: str) -> None:
        job = job_of(send("GET", path_of(space.namespace, "cronjobs", name)))
        job["spec"]["managedBy"] = _NOBODY
        job["metadata"]["labels"] = job["metadata"]["labels"] | _IS_REPORTED
        made = send("POST", path_of(space.namespace, "jobs"), job)["metadata"]["name"]
        # The account may not do that: only who manages a Job says how it stands.
        path = path_of(space.namespace, "jobs", made) + "/status"
        status = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": made}, "status": _succeeded()}
        space.access.api.request("PATCH", path, {"fieldManager": "bench", "force": "true"}, status)

    with server.connections(CONNECTIONS) as sends:
        spread(names, one, sends)


def _succeeded() -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [
        {"type": kind, "status": "True", "reason": "CompletionsReached", "lastTransitionTime": now}
        for kind in ("SuccessCriteriaMet", "Complete")
    ]
    return {"startTime": now, "completionTime": now, "succeeded": 1, "conditions": conditions}
