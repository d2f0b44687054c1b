"""Manifests for the contract, and what two API servers' answers have in common."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.errors import ApiError, NotFoundError

US, THEM = "us", "them"
NO_UID = "00000000-0000-0000-0000-000000000000"
HELD = "k8s-pipeline.test/held"
"""A finalizer that nobody but a test takes away."""

_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BY_CHANCE = ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "namespace", "managedFields")

T = TypeVar("T")


@dataclass(frozen=True)
class Objects:
    """Makes manifests of objects that are one test's own.

    Attributes:
        namespace: Where they are.
        name: What their names begin with; also the value of their label ``test``.
    """

    namespace: str
    name: str

    @property
    def selector(self) -> str:
        """Selects all of the test's objects."""
        return f"test={self.name}"

    def config_map(self, data: Object | None = None, *, suffix: str = "", **metadata: Any) -> Object:
        """Return a ConfigMap; without labels unless some are given."""
        own = {} if data is None else {"data": data}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": self._metadata(suffix, metadata), **own}

    def labelled(self, suffix: str, **labels: str) -> Object:
        """Return a ConfigMap with labels, that of the test among them."""
        return self.config_map(suffix=suffix, labels={"test": self.name, **labels})

    def secret(self, *, suffix: str = "", **content: Any) -> Object:
        """Return a Secret."""
        return {"apiVersion": "v1", "kind": "Secret", "metadata": self._metadata(suffix, {}), **content}

    def cronjob(self, *, suffix: str = "", pod: Object | None = None, **spec: Any) -> Object:
        """Return a CronJob that never fires."""
        template = {"spec": {"template": {"spec": {**_POD, **(pod or {})}}}}
        return {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": self._metadata(suffix, {}),
            "spec": {"schedule": "0 0 31 2 *", "jobTemplate": template, **spec},
        }

    def job(self, *, suffix: str = "", metadata: Object | None = None, **spec: Any) -> Object:
        """Return a Job that is suspended, so that no controller does anything with it."""
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": self._metadata(suffix, metadata or {}),
            "spec": {"suspend": True, "template": {"spec": _POD}, **spec},
        }

    def suspend(self, value: bool, **metadata: Any) -> Object:
        """Return what applies ``spec.suspend`` of the CronJob alone."""
        kept = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": self._metadata("", metadata)}
        return {**kept, "spec": {"suspend": value}}

    def _metadata(self, suffix: str, more: Object) -> Object:
        return {"name": self.name + suffix, "namespace": self.namespace, **more}


_POD: Object = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example.org/none:1"}]}


def owner(item: Object, *, block: bool = False) -> Object:
    """Return a reference to an owner."""
    reference = {key: item[key] for key in ("apiVersion", "kind")}
    blocking = {"blockOwnerDeletion": True} if block else {}
    return {**reference, "name": item["metadata"]["name"], "uid": item["metadata"]["uid"], **blocking}


def version(item: Object) -> str:
    """Return an object's resourceVersion."""
    return str(item["metadata"]["resourceVersion"])


def find(cluster: Cluster, kind: Kind, name: str) -> Object | None:
    """Return an object; None if there is none."""
    try:
        return cluster.get(kind, name)
    except NotFoundError:
        return None


def owned(item: Object, manager: str, operation: str = "Apply") -> Object | None:
    """Return the fields of a manager; None if it has none."""
    for entry in item["metadata"].get("managedFields") or ():
        if (entry["manager"], entry["operation"]) == (manager, operation):
            fields: Object = entry["fieldsV1"]
            return fields
    return None


@contextmanager
def refused(status: int, reason: str) -> Iterator[list[ApiError]]:
    """Expect a refusal; it is the list's only item afterwards."""
    found: list[ApiError] = []
    try:
        yield found
    except ApiError as error:
        assert (error.status, error.reason) == (status, reason), error
        found.append(error)
    else:
        raise AssertionError(f"was not refused with {status} {reason}")


def until(look: Callable[[], T]) -> T:
    """Look until there is something: garbage collection takes its time."""
    end = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < end, "not within a minute"
        time.sleep(0.1)
    return found


def comparable(item: Object) -> Object:
    """Return an object without what must differ between two API servers: UIDs, versions, times, controllers' work."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in _BY_CHANCE}
    managers = [
        {key: value for key, value in entry.items() if key != "time"}
        for entry in item["metadata"].get("managedFields") or ()
        if not entry.get("subresource")
    ]
    managers.sort(key=lambda entry: (entry["manager"], entry["operation"]))
    left = {key: value for key, value in item.items() if key not in ("status", "metadata")}
    kept: Object = _without_uids({**left, "metadata": metadata, "managers": managers})
    return kept


def _without_uids(value: Any) -> Any:
    if isinstance(value, dict):
        return {_without_uids(key): _without_uids(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_without_uids(item) for item in value]
    return _UID.sub("(uid)", value) if isinstance(value, str) else value
