"""The CronJobs of a namespace, as a look at the schedules needs them: of thousands, a few hundred bytes each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8s_pipeline_client.cluster.port import SMALL_PAGE, Cluster, Kind, Object
from k8s_pipeline_client.domain import labels

_METADATA = ("name", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp")
_ANNOTATIONS = (labels.FQN, labels.ID, labels.ON_DEMAND)
_SPEC = ("schedule", "timeZone", "suspend", "concurrencyPolicy", "startingDeadlineSeconds")


def read_cronjobs(cluster: Cluster, selector: str) -> list[Object]:
    """Read the CronJobs that match a label selector, reduced page by page; nothing may be made or written of them."""
    found: list[Object] = []
    for page in cluster.pages(Kind.CRONJOB, labels=selector, restart=found.clear, size=SMALL_PAGE):
        found += map(_lean, page)
    return found


def _lean(item: Object) -> Object:
    metadata = item["metadata"]
    kept = _part(metadata, _METADATA)
    kept["labels"] = _part(metadata.get("labels") or {}, (labels.INSTANCE,))
    kept["annotations"] = _part(metadata.get("annotations") or {}, _ANNOTATIONS)
    status = _part(item.get("status") or {}, ("lastScheduleTime",))
    return {"kind": item["kind"], "metadata": kept, "spec": _part(item["spec"], _SPEC), "status": status}


def _part(item: Mapping[str, object], keys: Sequence[str]) -> Object:
    return {key: item[key] for key in keys if key in item}
