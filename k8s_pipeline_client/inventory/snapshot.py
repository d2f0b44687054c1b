"""A snapshot of the pipelines and runs of a namespace: read page by page, and reduced.

Only the fields that status and comparison need are kept: with thousands of pipelines the others (managedFields,
environment, mounts, probes) are most of the size. So these objects must not be written back, or used to create runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import Object, label, newest_first

_METADATA = (
    "name",
    "namespace",
    "uid",
    "generation",
    "labels",
    "annotations",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
_ANNOTATIONS_LEFT_OUT = frozenset({labels.LOG_TAIL, labels.REQUEST, "kubectl.kubernetes.io/last-applied-configuration"})
_POD_SPEC = (
    "nodeName",
    "nodeSelector",
    "imagePullSecrets",
    "volumes",
    "schedulerName",
    "resourceClaims",
    "activeDeadlineSeconds",
    "terminationGracePeriodSeconds",
)
_CONTAINERS = ("containers", "initContainers")
_CONTAINER = ("name", "image", "resources")
_EVENT = (
    "kind",
    "involvedObject",
    "reason",
    "message",
    "series",
    "lastTimestamp",
    "type",
    "count",
    "eventTime",
    "firstTimestamp",
)


@dataclass(frozen=True)
class Snapshot:
    """Pipelines and runs, reduced; see `read_snapshot`.

    Attributes:
        now: The API server's time after the last read.
        cronjobs: The CronJobs of the pipelines.
        jobs: The Jobs of their runs and of one-shot runs, newest first.
        pods: The pods of the runs.
    """

    now: datetime
    cronjobs: Sequence[Object] = ()
    jobs: Sequence[Object] = ()
    pods: Sequence[Object] = ()

    @cached_property
    def items(self) -> list[Object]:
        """The pipelines: the CronJobs, and the Jobs of one-shot runs."""
        return [*self.cronjobs, *(job for job in self.jobs if label(job, labels.ONE_SHOT))]

    @cached_property
    def pods_by_job(self) -> Mapping[str, list[Object]]:
        """The pods of each Job, by its name."""
        return _grouped(self.pods, labels.JOB_NAME)

    @cached_property
    def jobs_by_pipeline(self) -> Mapping[str, list[Object]]:
        """The Jobs of each pipeline, by its resource name, newest first."""
        return _grouped(self.jobs, labels.PIPELINE)


def read_snapshot(
    cluster: Cluster, selector: str, *, kinds: Sequence[Kind] = (Kind.CRONJOB, Kind.JOB, Kind.POD)
) -> Snapshot:
    """Read the objects that match a label selector.

    Args:
        cluster: The cluster.
        selector: For all pipelines, those of an instance, or one pipeline.
        kinds: The kinds to read; others are empty.
    """
    # Pods last: those of a run that started meanwhile belong to no known Job, and are ignored.
    found = {kind: read_reduced(cluster, kind, labels=selector) for kind in kinds}
    return Snapshot(
        now=cluster.now(),
        cronjobs=found.get(Kind.CRONJOB, ()),
        jobs=newest_first(found.get(Kind.JOB, ())),
        pods=found.get(Kind.POD, ()),
    )


def read_reduced(cluster: Cluster, kind: Kind, *, labels: str = "", fields: str = "") -> list[Object]:
    """Read the objects that match the selectors, reduced page by page."""
    found: list[Object] = []
    for page in cluster.pages(kind, labels=labels, fields=fields, restart=found.clear):
        found += map(reduced, page)
    return found


def reduced(item: Object) -> Object:
    """Return the fields of a CronJob, Job, Pod or Event that status and comparison need."""
    kind, spec = item["kind"], item.get("spec") or {}
    if kind == Kind.EVENT:
        return {**_part(item, _EVENT), "metadata": _part(item["metadata"], ("name", "creationTimestamp"))}
    kept = {"kind": kind, "metadata": _metadata(item["metadata"]), "status": item.get("status") or {}}
    if kind == Kind.POD:
        return {**kept, "spec": _pod_spec(spec)}
    if kind == Kind.JOB:
        return {**kept, "spec": _job_spec(spec)}
    kept["metadata"]["managedFields"] = [_entry(entry) for entry in item["metadata"].get("managedFields") or ()]
    template = spec.get("jobTemplate") or {}
    job = template.get("spec") or {}
    pod = (job.get("template") or {}).get("spec") or {}
    # For scheduled runs, an argument of container main has the schedule's start and end.
    containers = [_part(container, ("name", "args")) for container in pod.get("containers") or ()]
    own = {**_part(pod, ("activeDeadlineSeconds",)), "containers": containers}
    return {**kept, "spec": {**spec, "jobTemplate": {"spec": {**job, "template": {"spec": own}}}}}


def _metadata(metadata: Object) -> Object:
    kept = _part(metadata, _METADATA)
    annotations = metadata.get("annotations")
    if annotations:
        kept["annotations"] = {key: text for key, text in annotations.items() if key not in _ANNOTATIONS_LEFT_OUT}
    return kept


def _job_spec(spec: Object) -> Object:
    pod = (spec.get("template") or {}).get("spec") or {}
    return {**spec, "template": {"spec": _pod_spec(pod)}}


def _pod_spec(spec: Object) -> Object:
    kept = _part(spec, _POD_SPEC)
    for key in _CONTAINERS:
        if spec.get(key):
            kept[key] = [_part(container, _CONTAINER) for container in spec[key]]
    return kept


def _entry(entry: Object) -> Object:
    """Return when a field manager last wrote, and whether it owns ``spec.suspend``."""
    kept = _part(entry, ("manager", "operation", "subresource", "time"))
    if "f:suspend" in ((entry.get("fieldsV1") or {}).get("f:spec") or {}):
        kept["fieldsV1"] = {"f:spec": {"f:suspend": {}}}
    return kept


def _part(item: Object, keys: Sequence[str]) -> Object:
    return {key: item[key] for key in keys if key in item}


def _grouped(items: Sequence[Object], key: str) -> Mapping[str, list[Object]]:
    groups: dict[str, list[Object]] = defaultdict(list)
    for item in items:
        groups[label(item, key)].append(item)
    return groups
