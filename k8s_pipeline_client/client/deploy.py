"""Writes a pipeline to the cluster, so that a crash at any point leaves nothing unowned and nothing half-run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from k8s_pipeline_client.client.jobs import annotation
from k8s_pipeline_client.client.waiting import poll
from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import ConflictError, ForeignObjectError, NotFoundError, WaitTimeoutError
from k8s_pipeline_client.render.plan import OneShotPlan, Plan, suspend_manifest

MANAGER = "k8s-pipeline"
SUSPEND_MANAGER = "k8s-pipeline-suspend"
"""Owns ``spec.suspend`` alone, so that a deploy does not undo what a person set, and neither is in doubt."""

_GONE_TIMEOUT = 120.0


class Action(StrEnum):
    """What a deploy did to a pipeline."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class DeployResult:
    """What became of one pipeline.

    Attributes:
        name: Its resource name.
        notes: What was raised in the settings and why, and what of a stranger's was left as it is.
    """

    name: str
    fqn: str
    display_name: str
    action: Action
    notes: Sequence[str]


class Deployer:
    """Deploys pipelines into the namespace of a cluster."""

    def __init__(self, cluster: Cluster, *, dry_run: bool = False, force: bool = False) -> None:
        """Take the cluster.

        Args:
            cluster: Where to.
            dry_run: Have the API server check everything and keep nothing.
            force: Take over fields that another field manager owns.
        """
        self._cluster = cluster
        self._dry_run = dry_run
        self._force = force
        self._launchers: set[str] = set()

    def deploy(self, plan: Plan) -> DeployResult:
        """Write a pipeline's objects.

        Raises:
            ForeignObjectError: The name is taken by an object of another pipeline.
            ApiError: The API server refused.
        """
        existing = self._existing(plan)
        self._check_launcher(plan.launcher)
        if existing is None:
            action, notes = Action.CREATED, self._create(plan)
        else:
            action, notes = self._update(plan, existing)
        return DeployResult(
            plan.name, plan.pipeline.fqn, plan.pipeline.display_name, action, (*plan.notes, *notes)
        )

    def create_one_shot(self, plan: OneShotPlan) -> Object:
        """Create a run without a CronJob, and return its Job.

        The Job comes first, suspended, so that the Secret has an owner from its first write.
        """
        self._check_launcher(plan.launcher)
        job = self._cluster.create(plan.job)
        self._apply(plan.owned_by(job))
        return self._cluster.merge(Kind.JOB, plan.name, {"spec": {"suspend": False}})

    def _existing(self, plan: Plan) -> Object | None:
        existing = self._settled(plan.name)
        if existing is None:
            return None
        fqn = annotation(existing, labels.FQN)
        if fqn != plan.pipeline.fqn:
            raise ForeignObjectError(
                f"CronJob {plan.name} exists already and belongs to {fqn or 'something else'!r}, "
                f"not to {plan.pipeline.fqn!r}",
                hint="delete it, or use another namespace or instance",
            )
        return existing

    def _settled(self, name: str) -> Object | None:
        """Return the CronJob once it is not on its way out; None if there is none."""
        for _ in poll(_GONE_TIMEOUT, longest=1.0):
            try:
                existing = self._cluster.get(Kind.CRONJOB, name)
            except NotFoundError:
                return None
            if self._dry_run or "deletionTimestamp" not in existing["metadata"]:
                return existing
        raise _stuck("CronJob", name)

    def _create(self, plan: Plan) -> list[str]:
        owner = self._apply(plan.suspended_cronjob())
        self._write_config(plan, owner)
        if not self._dry_run:  # there is nothing to set it on
            # Ours by the write above, so nobody's will is overridden.
            self._apply(plan.suspend_patch(plan.suspend), manager=SUSPEND_MANAGER, force=True)
        return []

    def _update(self, plan: Plan, existing: Object) -> tuple[Action, list[str]]:
        self._write_config(plan, existing)
        notes: list[str] = []
        # To switch off comes first: the next write gives `suspend` up, and must not let a run slip through.
        if plan.suspend:
            notes += self._set_suspend(plan)
        updated = self._apply(plan.cronjob)
        if not plan.suspend:
            notes += self._set_suspend(plan)
        changed = _version(updated) != _version(existing)
        return (Action.UPDATED if changed else Action.UNCHANGED), notes

    def _write_config(self, plan: Plan, owner: Object) -> None:
        for manifest in plan.owned_by(owner):
            self._apply(manifest)

    def _check_launcher(self, manifest: Object) -> None:
        """Apply the launcher's ConfigMap, once for all pipelines of a deploy."""
        name = manifest["metadata"]["name"]
        if name not in self._launchers:
            self._apply(manifest)
            self._launchers.add(name)

    def _set_suspend(self, plan: Plan) -> list[str]:
        try:
            self._apply(plan.suspend_patch(plan.suspend), manager=SUSPEND_MANAGER)
        except ConflictError as error:
            state = "suspended" if plan.suspend else "active"
            return [f"left spec.suspend as somebody else set it, though it should be {state}: {error.message}"]
        return []

    def _apply(self, manifest: Object, *, manager: str = MANAGER, force: bool | None = None) -> Object:
        """Apply, and apply again once an object that is being deleted is gone.

        The API server accepts writes to an object that is on its way out, and then forgets them.
        """
        for _ in poll(_GONE_TIMEOUT, longest=1.0):
            answer = self._cluster.apply(
                manifest,
                manager=manager,
                force=self._force if force is None else force,
                dry_run=self._dry_run,
            )
            if "deletionTimestamp" not in answer["metadata"] or self._dry_run:
                return answer
        raise _stuck(manifest["kind"], manifest["metadata"]["name"])


def set_suspend(cluster: Cluster, name: str, suspend: bool, *, force: bool = False) -> Object:
    """Enable or disable a pipeline's schedule: set the wanted state, whatever it is now.

    Raises:
        ConflictError: Another field manager set it, and ``force`` is not set.
    """
    return cluster.apply(suspend_manifest(name, cluster.namespace, suspend), manager=SUSPEND_MANAGER, force=force)


def _stuck(kind: str, name: str) -> WaitTimeoutError:
    return WaitTimeoutError(
        f"{kind} {name} is being deleted and does not go",
        hint=f"look for what holds it: kubectl get {kind} {name} -o yaml, metadata.finalizers",
    )


def _version(item: Object) -> str:
    return str(item["metadata"]["resourceVersion"])
