"""The objects of a namespace, with versions, deletion and garbage collection: the API server's storage, in memory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from k8s_pipeline_client.cluster.port import Kind, Object, Propagation
from tests.fakes import managed, refusals
from tests.fakes.copies import copied
from tests.fakes.defaults import defaulted
from tests.fakes.validation import problems

FOREGROUND = "foregroundDeletion"
_WITH_GENERATION = (Kind.CRONJOB, Kind.JOB)
Changed = Callable[[Kind, Object | None, Object | None], object]
_JOB_LABELS = "batch.kubernetes.io/"


class Store:
    """Objects by kind and name. Not thread-safe by itself."""

    def __init__(self, now: Callable[[], datetime], changed: Changed = lambda kind, before, after: None) -> None:
        """Take the clock, and who is told of each change: the kind, the object before and after it."""
        self._now = now
        self._changed = changed
        self._items: dict[tuple[Kind, str], Object] = {}
        self._version = 1000
        self._collected_state = (0, 0)  # a write adds to the version, a removal takes from the number

    def timestamp(self) -> str:
        """Return the time as metadata have it."""
        return self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def find(self, kind: Kind, name: str) -> Object | None:
        """Return a copy of an object; None if there is none."""
        found = self._items.get((kind, name))
        return copied(found) if found is not None else None

    def all(self, kind: Kind) -> list[Object]:
        """Return the objects of a kind by name, to be read only."""
        return [
            item
            for _, item in sorted(
                ((name, item) for (its, name), item in self._items.items() if its is kind), key=itemgetter(0)
            )
        ]

    def copy_from(self, other: Store) -> None:
        """Hold what another one holds; what is written from then on is each one's own."""
        self._items = dict(other._items)  # an object is never changed in place
        self._version = other._version
        self._collected_state = (0, 0)

    def new(self, item: Object, managers: managed.Managers, *, dry_run: bool = False) -> Object:
        """Keep a new object, and return it.

        Raises:
            Refusal: It is not acceptable, or its name is taken.
        """
        kind, item = Kind(item["kind"]), defaulted(item)
        item["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": self.timestamp()}
        item["metadata"].pop("resourceVersion", None)
        if kind in _WITH_GENERATION:
            item["metadata"]["generation"] = 1
        if kind in (*_WITH_GENERATION, Kind.POD):
            item["status"] = {"phase": "Pending"} if kind is Kind.POD else {}
        self._check(item, None)
        there = self._items.get((kind, item["metadata"]["name"]))
        if there is not None:
            raise refusals.exists(kind, item["metadata"]["name"], going="deletionTimestamp" in there["metadata"])
        if kind is Kind.JOB:
            _label_pods(item)
            item = defaulted(item)
        return self._keep(item, managers, dry_run=dry_run)

    def replace(self, live: Object, item: Object, managers: managed.Managers, *, dry_run: bool = False) -> Object:
        """Keep an object in place of what it was, unless nothing has changed, and return it.

        Raises:
            Refusal: It is not acceptable.
        """
        item = defaulted(item)
        self._check(item, live)
        _count_generation(item, live)
        item["metadata"]["managedFields"] = managed.entries(managers)
        if _without_times(item) == _without_times(live):
            return copied(live)
        return self._keep(item, managers, dry_run=dry_run, version=live["metadata"]["resourceVersion"])

    def put(self, item: Object) -> Object:
        """Keep an object just as it is, but for what it has to have."""
        item = copied(item)
        metadata = item["metadata"]
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", self.timestamp())
        return self._keep(item, managed.of(item))

    def delete(self, live: Object, propagation: Propagation, *, uid: str | None, version: str | None) -> None:
        """Delete an object, or have it on its way out as long as finalizers hold it.

        Raises:
            Refusal: It is not the one that is meant.
        """
        kind, metadata = Kind(live["kind"]), live["metadata"]
        wanted = (
            ("UID", uid, "uid", "The object might have been deleted and then recreated"),
            ("ResourceVersion", version, "resourceVersion", "The object might have been modified"),
        )
        for what, value, key, hint in wanted:
            if value and value != metadata[key]:
                raise refusals.precondition(kind, metadata["name"], what, value, metadata[key], hint)
        finalizers = [each for each in metadata.get("finalizers", ()) if each != FOREGROUND]
        if propagation is Propagation.FOREGROUND:
            finalizers.append(FOREGROUND)
        if not finalizers:
            self._changed(kind, self._items.pop((kind, metadata["name"])), None)
            return
        item = copied(live)
        item["metadata"]["finalizers"] = finalizers
        if "deletionTimestamp" not in metadata:
            item["metadata"] |= {"deletionTimestamp": self.timestamp(), "deletionGracePeriodSeconds": 0}
            if "generation" in metadata:
                item["metadata"]["generation"] += 1
        if item != live:
            self._keep(item, managed.of(item))

    def collect(self) -> None:
        """Do what the garbage collector does, until there is nothing left to do."""
        while (state := (self._version, len(self._items))) != self._collected_state:
            there = self._by_uid()
            for item in list(self._items.values()):
                if self._collected(item, there):
                    there = self._by_uid()
            self._collected_state = state

    def _by_uid(self) -> dict[str, Object]:
        return {each["metadata"]["uid"]: each for each in self._items.values()}

    def _collected(self, item: Object, there: Mapping[str, Object]) -> bool:
        metadata = item["metadata"]
        if self._items.get((Kind(item["kind"]), metadata["name"])) is not item:
            return False
        owners = metadata.get("ownerReferences") or []
        solid = [owner for owner in owners if owner["uid"] in there and not _waits(there[owner["uid"]], owner)]
        if owners and not solid and "deletionTimestamp" not in metadata:
            waits = any(owner["uid"] in there for owner in owners) and any(self._dependents(metadata["uid"]))
            self.delete(item, Propagation.FOREGROUND if waits else Propagation.BACKGROUND, uid=None, version=None)
            return True
        if solid and len(solid) < len(owners):
            self._keep({**item, "metadata": {**metadata, "ownerReferences": solid}}, managed.of(item))
            return True
        if FOREGROUND in metadata.get("finalizers", ()) and not any(self._dependents(metadata["uid"], blocking=True)):
            left = [each for each in metadata["finalizers"] if each != FOREGROUND]
            self._keep({**item, "metadata": {**metadata, "finalizers": left}}, managed.of(item))
            return True
        return False

    def _dependents(self, uid: str, *, blocking: bool = False) -> Iterator[Object]:
        for item in self._items.values():
            for owner in item["metadata"].get("ownerReferences") or ():
                if owner["uid"] == uid and (owner.get("blockOwnerDeletion") or not blocking):
                    yield item

    def _check(self, item: Object, live: Object | None) -> None:
        found = problems(item, live)
        if found:
            raise refusals.invalid(Kind(item["kind"]), item["metadata"]["name"], found)

    def _keep(self, item: Object, managers: managed.Managers, *, dry_run: bool = False, version: str = "") -> Object:
        item = copied(item)
        metadata = item["metadata"]
        metadata["managedFields"] = managed.entries(managers)
        place = Kind(item["kind"]), metadata["name"]
        if dry_run:
            return copied({**item, "metadata": {**metadata, **({"resourceVersion": version} if version else {})}})
        if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            self._changed(place[0], self._items.pop(place, None), None)  # what held it has let it go
        else:
            self._version += 1
            metadata["resourceVersion"] = str(self._version)
            before, self._items[place] = self._items.get(place), item
            self._changed(place[0], before, item)
        return copied(item)


def _waits(owner: Object, reference: Object) -> bool:
    """Tell whether an owner is on its way out and waits for its dependents to go first."""
    metadata = owner["metadata"]
    is_going = "deletionTimestamp" in metadata and FOREGROUND in metadata.get("finalizers", ())
    return is_going and bool(reference.get("blockOwnerDeletion"))


def _label_pods(job: Object) -> None:
    """Give a Job its selector, and its pods the labels that it finds them by."""
    uid, name = job["metadata"]["uid"], job["metadata"]["name"]
    pod = job["spec"]["template"].setdefault("metadata", {})
    found: dict[str, Any] = {"controller-uid": uid, "job-name": name}
    pod["labels"] = {**pod.get("labels", {}), **found, **{f"{_JOB_LABELS}{key}": value for key, value in found.items()}}
    job["spec"]["selector"] = {"matchLabels": {f"{_JOB_LABELS}controller-uid": uid}}


def _count_generation(item: Object, live: Object) -> None:
    if "generation" in live["metadata"]:
        changed = item.get("spec") != live.get("spec")
        item["metadata"]["generation"] = live["metadata"]["generation"] + int(changed)


def _without_times(item: Object) -> Object:
    entries = [{**entry, "time": None} for entry in item["metadata"].get("managedFields") or ()]
    return {**item, "metadata": {**item["metadata"], "managedFields": entries}}
