"""What the reporter remembers, and where: labels of Jobs, and annotations and data of ConfigMaps.

Each entry is a key of its own, written by merge patch, so that two reporters never undo what the other has written.
Nothing is written to a CronJob: that would wake its controller, which may make up for a missed run.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation, is_automation, label, run_id
from k8s_pipeline_client.errors import ConflictError, InvalidError, NotFoundError
from k8s_pipeline_client.reporter import own
from k8s_pipeline_client.reporter.own import LEDGER as LEDGER

_BY_PLACE = ("run_id", "place")
"""What of an open run is told by where its annotation is."""


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run whose end is not reported yet, as it is remembered for the time when its Job is gone.

    Attributes:
        run_id: Its id.
        job: Its Job's name.
        uid: Its Job's UID.
        created: When its Job was created.
        pipeline: The resource name of its pipeline.
        instance: Of which OpenMetadata it is, as the label has it.
        fqn: Under which pipeline it reports; empty where it was not known.
        address: Of the OpenMetadata that it reports to; empty where it was not known.
        token: Secret and key with the token, as ``NAME/KEY``; empty where the token is in the document.
        automation: The workflow of the automation that it is; empty for all else.
        place: The ConfigMap that names it.
    """

    run_id: str
    job: str
    uid: str
    created: datetime
    pipeline: str = ""
    instance: str = ""
    fqn: str = ""
    address: str = ""
    token: str = ""
    automation: str = ""
    place: str = LEDGER

    def to_text(self) -> str:
        """Return it as an annotation's value."""
        found = {**asdict(self), "created": self.created.isoformat()}
        kept = {key: value for key, value in found.items() if value and key not in _BY_PLACE}
        return json.dumps(kept, sort_keys=True)

    @classmethod
    def from_text(cls, identity: str, text: str, place: str) -> OpenRun | None:
        """Read an annotation's value; None if it is none of ours."""
        try:
            found = json.loads(text)
            created = datetime.fromisoformat(found.pop("created"))
            if created.tzinfo is None or not all(isinstance(value, str) for value in found.values()):
                return None
            return cls(run_id=identity, created=created, place=place, **found)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Memory:
    """What the ConfigMaps said at the beginning of a pass.

    Attributes:
        runs: The open runs by id.
        versions: The ``resourceVersion`` of each ConfigMap that named any.
        ledger: The data of `LEDGER`.
    """

    runs: Mapping[str, OpenRun]
    versions: Mapping[str, str]
    ledger: Mapping[str, str]

    @classmethod
    def of(cls, config_maps: Iterable[Object]) -> Memory:
        """Read ConfigMaps."""
        runs: dict[str, OpenRun] = {}
        versions: dict[str, str] = {}
        ledger: Mapping[str, str] = {}
        for item in config_maps:
            name = item["metadata"]["name"]
            versions[name] = item["metadata"]["resourceVersion"]
            runs |= {run.run_id: run for run in _open_runs(item)}
            if name == LEDGER:
                ledger = item.get("data") or {}
        return cls(runs, versions, ledger)

    def ids_at(self, place: str) -> set[str]:
        """Return the ids of the runs that a ConfigMap names."""
        return {run.run_id for run in self.runs.values() if run.place == place}


def _open_runs(item: Object) -> Iterator[OpenRun]:
    for key, text in (item["metadata"].get("annotations") or {}).items():
        if key.startswith(labels.OPEN_RUN):
            found = OpenRun.from_text(key.removeprefix(labels.OPEN_RUN), text, item["metadata"]["name"])
            if found is not None:
                yield found


def read(cluster: Cluster) -> Memory:
    """Read what is remembered: one list, of the ConfigMaps that name open runs."""
    return Memory.of(cluster.list(Kind.CONFIG_MAP, labels=labels.OPEN_RUNS))


def remember(cluster: Cluster, place: str, runs: Iterable[OpenRun]) -> None:
    """Make a ConfigMap name open runs; the reporter's own ones, where it is gone or takes no more of them."""
    runs = list(runs)
    if own.is_own(place):
        own.merge(cluster, place, _naming(runs))
        return
    patch = _naming(runs)
    patch["metadata"]["labels"] = {labels.OPEN_RUNS: "true"}
    with suppress(NotFoundError, InvalidError):
        cluster.merge(Kind.CONFIG_MAP, place, patch)
        return
    by_place: dict[str, list[OpenRun]] = defaultdict(list)
    for run in runs:
        by_place[own.place_of_run(run.run_id)].append(run)
    for other, some in by_place.items():
        own.merge(cluster, other, _naming(some))


def _naming(runs: Iterable[OpenRun]) -> Object:
    return {"metadata": {"annotations": {f"{labels.OPEN_RUN}{run.run_id}": run.to_text() for run in runs}}}


def note(cluster: Cluster, data: Mapping[str, str]) -> None:
    """Write entries of `LEDGER`."""
    own.merge(cluster, LEDGER, {"data": dict(data)})


def forget(cluster: Cluster, memory: Memory, place: str, ids: set[str]) -> None:
    """Remove runs from a ConfigMap, and its label where it names no others."""
    annotations = {f"{labels.OPEN_RUN}{identity}": None for identity in ids}
    patch: Object = {"metadata": {"annotations": annotations}}
    with suppress(NotFoundError):
        if not own.is_own(place) and memory.ids_at(place) <= ids and place in memory.versions:
            # Only as it was read: somebody else may have added one.
            bare = {"labels": {labels.OPEN_RUNS: None}, "resourceVersion": memory.versions[place]}
            with suppress(ConflictError):
                cluster.merge(Kind.CONFIG_MAP, place, {"metadata": {**patch["metadata"], **bare}})
                return
        cluster.merge(Kind.CONFIG_MAP, place, patch)


def mark(cluster: Cluster, job: Object, value: str) -> None:
    """Mark a Job as done for the reporter; one that is gone needs no mark."""
    metadata = {"uid": job["metadata"]["uid"], "labels": {labels.REPORTED: value}}
    with suppress(NotFoundError, ConflictError, InvalidError):  # the last two: another Job has the name by now
        cluster.merge(Kind.JOB, job["metadata"]["name"], {"metadata": metadata})


def open_run(job: Object, *, fqn: str, address: str, token: str) -> OpenRun:
    """Return what is to be remembered of a run."""
    is_alone = bool(label(job, labels.ONE_SHOT))
    return OpenRun(
        run_id=run_id(job).lower(),
        job=job["metadata"]["name"],
        uid=job["metadata"]["uid"],
        created=datetime.fromisoformat(job["metadata"]["creationTimestamp"]),
        pipeline=label(job, labels.PIPELINE),
        instance=label(job, labels.INSTANCE),
        fqn=fqn,
        address=address,
        token=token,
        automation=annotation(job, labels.FQN) if is_automation(job) else "",
        place=own.place_of_run(run_id(job).lower()) if is_alone else label(job, labels.PIPELINE),
    )
