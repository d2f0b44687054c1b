"""Compares a whole namespace with the plans: which pipelines are unchanged, and which are new.

Lists say it for many pipelines at once; `survey` reads them. Each page is reduced to digests as it comes, so that
thousands of documents are never in memory together. Those that are there and are not as planned are observed one by
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.deploying.live import Live, token_name
from k8s_pipeline_client.deploying.stale import mark_of, without_mark
from k8s_pipeline_client.deploying.steps import SUSPEND_PATH, shared_is_applied, token_note
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.objects import (
    Object,
    annotation,
    identity,
    is_marked_deleted,
    is_terminating,
    label,
)
from k8s_pipeline_client.domain.ownership import fields_of, fingerprint, part
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.render.plan import Plan
from k8s_pipeline_client.render.token import token_of

SHARED = f"{labels.LOOKUP_KEY},!{labels.PIPELINE}"
"""Selects what pipelines share, of Secrets and ConfigMaps."""


@dataclass(frozen=True, slots=True)
class DeployedObject:
    """One object of a pipeline, reduced for the comparison.

    Attributes:
        digest: `fingerprint` of what we own of it, without ``spec.suspend`` and owner references.
        owners: The UIDs of its owners.
    """

    uid: str
    digest: bytes
    owners: frozenset[str] = frozenset()
    fqn: str = ""
    id: str = ""
    instance: str = ""
    source: str = ""
    token: str = ""
    is_suspended: bool = False
    is_marked_deleted: bool = False
    is_terminating: bool = False
    updated_at: int | None = None


@dataclass(slots=True)
class Deployed:
    """What a namespace holds, by kind and name. Several threads may add to it.

    Attributes:
        shared: The complete ConfigMaps and Secrets that pipelines share; there are few.
    """

    cronjobs: dict[str, DeployedObject] = field(default_factory=dict)
    secrets: dict[str, DeployedObject] = field(default_factory=dict)
    config_maps: dict[str, DeployedObject] = field(default_factory=dict)
    shared: dict[tuple[str, str], Object] = field(default_factory=dict)
    _names_of_ids: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def add(self, kind: Kind, items: Iterable[Object]) -> None:
        """Take in a page of a list."""
        reduced = [(item, _reduced(item)) for item in items]
        with self._lock:
            for item, held in reduced:
                self._add(kind, item, held)

    def _add(self, kind: Kind, item: Object, held: DeployedObject) -> None:
        name = str(item["metadata"]["name"])
        if kind is Kind.CRONJOB:
            self.cronjobs[name] = held
            self._names_of_ids.setdefault((held.instance, held.id), set()).add(name)
        elif labels.PIPELINE not in (item["metadata"].get("labels") or {}):
            self.shared[kind, name] = item
        else:
            (self.secrets if kind is Kind.SECRET else self.config_maps)[name] = held

    def forget(self, kind: Kind) -> None:
        """Restart a list."""
        with self._lock:
            match kind:
                case Kind.CRONJOB:
                    self.cronjobs.clear()
                    self._names_of_ids.clear()
                case Kind.SECRET:
                    self.secrets.clear()
                case Kind.CONFIG_MAP:
                    self.config_maps.clear()
            self.shared = {key: item for key, item in self.shared.items() if key[0] != kind}

    def is_new(self, plan: Plan) -> bool:
        """Return whether a pipeline has no objects, under any name."""
        places: Iterable[Mapping[str, DeployedObject]] = (self.cronjobs, self.secrets, self.config_maps)
        return not any(plan.name in place for place in places) and not self.with_the_same_id(plan.pipeline)

    def is_as_planned(self, plan: Plan) -> bool:
        """Return whether a deploy of a plan has no steps; False if that is unknown."""
        cronjob = self.cronjobs.get(plan.name)
        secret, config_map = self.secrets.get(plan.name), self.config_maps.get(plan.name)
        if cronjob is None or secret is None or config_map is None or self.with_the_same_id(plan.pipeline):
            return False
        return (
            not (cronjob.is_terminating or secret.is_terminating or config_map.is_terminating)
            and (cronjob.fqn, cronjob.source) == (plan.pipeline.fqn, plan.source)
            and cronjob.is_suspended == plan.suspend
            and not cronjob.is_marked_deleted
            and cronjob.digest == _digest(plan.cronjob)
            and secret.digest == _digest(plan.secret)
            and config_map.digest == _digest(plan.config_map)
            and (plan.updated_at is None or plan.updated_at == config_map.updated_at)
            and secret.owners == config_map.owners == {cronjob.uid}
            and cronjob.token == (plan.token["metadata"]["name"] if plan.token else "")
            and self._shared_is_there(plan)
        )

    def live_of_new(self, plan: Plan) -> Live:
        """Return the live objects of a new pipeline: only those that it shares with others."""
        names = [manifest["metadata"]["name"] for manifest in plan.shared]
        shared = {name: found for name in names if (found := self.shared.get((Kind.CONFIG_MAP, name)))}
        return Live(shared=shared, token=self.token_of(plan))

    def token_of(self, plan: Plan) -> Object | None:
        """Return the Secret with the bot's token, if it exists."""
        return self.shared.get((Kind.SECRET, plan.token["metadata"]["name"])) if plan.token else None

    def missing_shared(self, plan: Plan) -> tuple[str, ...]:
        """Return the names of the shared objects that a deploy of a plan would write."""
        live = self.live_of_new(plan)
        missing = [plan.token] if plan.token and token_of(live.token) != token_of(plan.token) else []
        missing += [manifest for manifest in plan.shared if manifest["metadata"]["name"] not in live.shared]
        return tuple(sorted(str(manifest["metadata"]["name"]) for manifest in missing))

    def take_shared(self, plan: Plan) -> None:
        """Take what a plan shares with others for written, as a deploy of it would leave it."""
        for manifest in (*plan.shared, *([plan.token] if plan.token else [])):
            self.shared.setdefault((manifest["kind"], manifest["metadata"]["name"]), manifest)

    def refresh_shared(self, cluster: Cluster) -> None:
        """Read the shared objects again."""
        self.shared.clear()
        for kind in (Kind.SECRET, Kind.CONFIG_MAP):
            self.add(kind, cluster.list(kind, labels=SHARED))

    def shared_note(self, plan: Plan) -> str:
        """Return the note about the token of an unchanged pipeline; may be empty."""
        return token_note(plan, Live(token=self.token_of(plan)))

    def _shared_is_there(self, plan: Plan) -> bool:
        live = Live(token=self.token_of(plan))
        is_held = plan.token is None or token_of(live.token) == token_of(plan.token) or bool(token_note(plan, live))
        return is_held and shared_is_applied(plan, self.live_of_new(plan))

    def with_the_same_id(self, pipeline: Pipeline) -> list[Object]:
        """Return the CronJobs with a pipeline's id under other names, reduced for a judge."""
        if not pipeline.id:
            return []
        names = self._names_of_ids.get((naming.instance_label(pipeline.instance), pipeline.id), set())
        found = {name: self.cronjobs[name] for name in sorted(names - {pipeline.resource_name})}
        return [
            {
                "metadata": {
                    "name": name,
                    "annotations": {labels.FQN: held.fqn, labels.ID: held.id, labels.MANAGED_BY_SOURCE: held.source},
                }
            }
            for name, held in found.items()
            if not held.is_terminating
        ]


def _reduced(item: Object) -> DeployedObject:
    metadata = item["metadata"]
    return DeployedObject(
        uid=str(metadata["uid"]),
        digest=_digest(part(item, fields_of(item, MANAGER))),
        owners=frozenset(reference["uid"] for reference in metadata.get("ownerReferences") or ()),
        fqn=annotation(item, labels.FQN),
        id=identity(item) or "",
        instance=label(item, labels.INSTANCE),
        source=annotation(item, labels.MANAGED_BY_SOURCE),
        token=token_name(item),
        is_suspended=bool((item.get("spec") or {}).get("suspend")),
        is_marked_deleted=is_marked_deleted(item),
        is_terminating=is_terminating(item),
        updated_at=mark_of(item),
    )


def _digest(item: Object) -> bytes:
    item = without_mark(item)
    bare = {**item, "metadata": {key: value for key, value in item["metadata"].items() if key != "ownerReferences"}}
    return fingerprint(bare, apart_from=SUSPEND_PATH if item["kind"] == Kind.CRONJOB else ())
