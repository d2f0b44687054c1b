"""What the API server does with each request; refusals are raised as `Refusal`."""

from __future__ import annotations

from typing import Any

from k8s_pipeline_client.cluster.port import Kind, Object, Propagation
from tests.fakes import managed, refusals, selectors
from tests.fakes.copies import copied
from tests.fakes.defaults import defaulted
from tests.fakes.merging import patched
from tests.fakes.schema import root
from tests.fakes.store import Store
from tests.fakes.validation import known, type_problems, unknown_fields

_BEFORE_FIRST_APPLY = "before-first-apply"
_POD: Object = {"metadata": {}, "spec": {"containers": []}}
_EMPTY: dict[Kind, Object] = {
    Kind.CRONJOB: {"spec": {"jobTemplate": {"metadata": {}, "spec": {"template": _POD}}}},
    Kind.JOB: {"spec": {"template": _POD}},
    Kind.POD: {"spec": {"containers": []}},
}
"""What an object of a kind has before anything is in it, and so nobody has put there."""


class Server:
    """Answers requests for the objects of one namespace."""

    def __init__(self, store: Store, namespace: str) -> None:
        """Take where the objects are kept."""
        self._store = store
        self._namespace = namespace

    def get(self, kind: Kind, name: str) -> Object:
        """Return an object."""
        found = self._store.find(kind, name)
        if found is None:
            raise refusals.not_found(kind, name)
        return found

    def list(self, kind: Kind, labels: str, fields: str) -> list[Object]:
        """Return those that fit, by name; to be read only."""
        matches = self.matching(kind, labels, fields)
        return [item for item in self._store.all(kind) if matches(item)]

    def matching(self, kind: Kind, labels: str, fields: str) -> selectors.Matches:
        """Return what tells whether an object fits."""
        try:
            by_labels, by_fields = selectors.by_labels(labels), selectors.by_fields(kind, fields)
        except selectors.BadSelectorError as error:
            raise refusals.bad_request(str(error)) from None
        return lambda item: by_labels(item) and by_fields(item)

    def apply(self, manifest: Object, *, manager: str, force: bool, dry_run: bool) -> Object:
        """Server-side apply with strict validation."""
        kind, metadata = Kind(manifest["kind"]), manifest["metadata"]
        name, uid, version = metadata["name"], metadata.get("uid"), metadata.get("resourceVersion")
        if metadata.get("managedFields"):
            raise refusals.bad_request("metadata.managedFields must be nil")
        self._check_namespace(metadata)
        live = self._store.find(kind, name)
        if live is None and uid:
            raise refusals.no_such_uid(kind, name, uid)
        wrong = list(type_problems(manifest, root(kind)))
        if wrong:
            raise refusals.untyped(kind, self._namespace, name, manifest["apiVersion"], wrong)
        before = live or self._empty(manifest)
        if not managed.of(before):
            # What nobody is known to own belongs to a manager of its own from the first apply on.
            empty = {**self._empty(manifest), **_EMPTY.get(kind, {})}
            owners = managed.update(empty, before, root(kind), _BEFORE_FIRST_APPLY, now=self._store.timestamp())
            before = {**before, "metadata": {**before["metadata"], "managedFields": managed.entries(owners)}}
        try:
            item, managers = managed.apply(
                before,
                manifest,
                root(kind),
                manager,
                force=force,
                now=self._store.timestamp(),
            )
        except managed.FieldConflictError as error:
            raise refusals.field_conflict(str(error), error.conflicts) from None
        if live is None:
            return self._store.new(item, managers, dry_run=dry_run)
        return self._replace(live, item, managers, uid=uid, version=version, dry_run=dry_run)

    def create(self, manifest: Object, *, manager: str) -> Object:
        """Create an object."""
        kind = Kind(manifest["kind"])
        self._check_namespace(manifest["metadata"])
        field = root(kind)
        unknown = [path.removeprefix(".") for path in unknown_fields(manifest, field)]
        wrong = [f'unknown field "{path}"' for path in unknown]
        wrong = ["strict decoding error: " + ", ".join(wrong)] if wrong else list(type_problems(manifest, field))
        if wrong:
            version = manifest["apiVersion"].rpartition("/")[2]
            raise refusals.bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {wrong[0]}')
        item = defaulted(manifest)
        empty = _EMPTY.get(kind, {})
        managers = managed.update({**self._empty(item), **empty}, item, field, manager, now=self._store.timestamp())
        return self._store.new(item, managers)

    def merge(self, kind: Kind, name: str, patch: Object, *, manager: str, subresource: str = "") -> Object:
        """Apply a JSON merge patch; to the status with that as subresource."""
        live, field = self.get(kind, name), root(kind)
        metadata = patch.get("metadata") or {}
        item = known(patched(live, patch), field)
        wrong = list(type_problems(item, field))
        if wrong:
            raise refusals.invalid(kind, "", [f"patch: Invalid value: {wrong[0]}"])
        item["metadata"] |= {key: live["metadata"][key] for key in ("uid", "resourceVersion")}
        if kind in _EMPTY and not subresource:
            item["status"] = live.get("status", {})
        item = defaulted(item)
        managers = managed.of(live)
        if managers:  # else nobody's fields are kept track of, until the first apply
            managers = managed.update(live, item, field, manager, subresource=subresource, now=self._store.timestamp())
        uid, version = metadata.get("uid"), metadata.get("resourceVersion")
        return self._replace(live, item, managers, uid=uid, version=version, dry_run=False)

    def delete(
        self,
        kind: Kind,
        name: str,
        propagation: Propagation,
        *,
        uid: str | None,
        version: str | None,
        grace_seconds: int | None = None,
    ) -> None:
        """Delete an object; a pod that is on its way out goes with its last finalizer, at once with a grace of 0."""
        live = self.get(kind, name)
        if kind is Kind.POD and "deletionTimestamp" in live["metadata"] and uid in (None, live["metadata"]["uid"]):
            if grace_seconds == 0:
                self._store.put({**live, "metadata": {**live["metadata"], "deletionGracePeriodSeconds": 0}})
            return
        self._store.delete(live, propagation, uid=uid, version=version)

    def _replace(
        self,
        live: Object,
        item: Object,
        managers: managed.Managers,
        *,
        uid: str | None,
        version: str | None,
        dry_run: bool,
    ) -> Object:
        metadata = live["metadata"]
        if version and version != metadata["resourceVersion"]:
            raise refusals.modified(Kind(live["kind"]), metadata["name"])
        if uid:
            item = {**item, "metadata": {**item["metadata"], "uid": uid}}
        return self._store.replace(live, item, managers, dry_run=dry_run)

    def _empty(self, manifest: Object) -> Object:
        kept: dict[str, Any] = {"name": manifest["metadata"]["name"], "namespace": self._namespace}
        return copied({"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": kept})

    def _check_namespace(self, metadata: Object) -> None:
        if metadata.get("namespace", self._namespace) != self._namespace:
            raise refusals.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
