"""The reporter's own ConfigMaps: created when they are first written, and so many that none reaches 1 MiB."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import ConflictError, NotFoundError

LEDGER = "om-reporter"
"""Says when the CronJobs were last looked at; earlier versions kept everything in it."""
_RUNS = f"{LEDGER}-runs-"
_RUN_SHARDS = 32
"""Open runs are annotations, of which an object takes 256 KiB: some 500 runs."""
_SCHEDULES = f"{LEDGER}-schedules-"
_SCHEDULE_SHARDS = 16
_LABELS = {
    labels.APP_NAME: "openmetadata",
    labels.APP_COMPONENT: "reporter",
    labels.APP_MANAGED_BY: "openmetadata",
}


def place_of_run(run_id: str) -> str:
    """Return the ConfigMap that names an open run of no pipeline."""
    return f"{_RUNS}{_number(run_id, _RUN_SHARDS):02d}"


def place_of_schedule(name: str) -> str:
    """Return the ConfigMap that has the entry of a CronJob."""
    return f"{_SCHEDULES}{_number(name, _SCHEDULE_SHARDS):02d}"


def is_own(place: str) -> bool:
    """Return whether a ConfigMap that names open runs is the reporter's, and no pipeline's."""
    return place == LEDGER or place.startswith(_RUNS)


def merge(cluster: Cluster, place: str, patch: Object) -> None:
    """Apply a JSON merge patch to one of them, which is created where it does not exist."""
    metadata = {**patch.get("metadata", {}), "labels": _labels(place)}
    try:
        cluster.merge(Kind.CONFIG_MAP, place, {**patch, "metadata": metadata})
    except NotFoundError:
        named = {"name": place, "namespace": cluster.namespace, "labels": _labels(place)}
        with suppress(ConflictError):  # another reporter was quicker
            cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": named})
        cluster.merge(Kind.CONFIG_MAP, place, {**patch, "metadata": metadata})


def _labels(place: str) -> Mapping[str, str]:
    found_by = labels.SCHEDULES if place.startswith(_SCHEDULES) else labels.OPEN_RUNS
    return {**_LABELS, found_by: "true"}


def _number(key: str, count: int) -> int:
    """Return the shard of a key: the same for every reporter, and for good."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % count
