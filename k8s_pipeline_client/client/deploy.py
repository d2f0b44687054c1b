"""Writes a pipeline to the cluster, so that a crash at any point leaves nothing unowned and nothing half-run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from k8s_pipeline_client.client import copies, rename
from k8s_pipeline_client.client.jobs import annotation
from k8s_pipeline_client.client.resume import Announce
from k8s_pipeline_client.client.run import create_run, let_go
from k8s_pipeline_client.client.waiting import poll
from k8s_pipeline_client.client.write import GONE_TIMEOUT, Attempt, Writer, stuck
from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import (
    ForeignObjectError,
    ManagedElsewhereError,
    NotFoundError,
    PipelineError,
    WaitTimeoutError,
)
from k8s_pipeline_client.render.plan import OneShotPlan, Plan

_KEEPER = {Source.FILES: "deployed from files", Source.SERVER: "deployed by the OpenMetadata server"}


class Action(StrEnum):
    """What a deploy did to a pipeline."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    RENAMED = "renamed"
    """It replaced what the pipeline was under an earlier name."""


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
        self._writer = Writer(cluster, dry_run=dry_run, force=force)
        self._shared: set[str] = set()

    def deploy(self, plan: Plan, judge: copies.Judge, *, announce: Announce = lambda text: None) -> DeployResult:
        """Write a pipeline's objects.

        The judge says whether what the cluster has under another name, with the same id, is the pipeline renamed.

        If a write is refused, what was there before is put back; a new pipeline is removed again. The error says
        what has become of it.

        Args:
            plan: What is to be.
            judge: Says whether what has the same id under another name is the pipeline renamed.
            announce: Called before a run starts that cannot be prevented, and before waiting.

        Raises:
            CopiedIdError: The judge knows the id as another pipeline's.
            ForeignObjectError: The name is taken by an object of another pipeline.
            ManagedElsewhereError: It was deployed from another source, and ``force`` is not set.
            RunActiveError: It was renamed, a run of the earlier name is active, and ``force`` is not set.
            ApiError: The API server refused.
        """
        for _ in poll(GONE_TIMEOUT):
            existing = self._existing(plan)
            olds = self._earlier_names(plan, judge)
            self._check_shared(plan.shared)
            attempt = Attempt(self._writer, plan, existing, olds, announce)
            try:
                attempt.write()
            except PipelineError as error:
                if attempt.overtaken(error):
                    continue
                attempt.roll_back(error)
                raise
            return DeployResult(
                plan.name,
                plan.pipeline.fqn,
                plan.pipeline.display_name,
                _action(existing, olds, changed=attempt.changed),
                (*plan.notes, *attempt.notes),
            )
        raise WaitTimeoutError(
            f"CronJob {plan.name} is created and deleted by somebody else all the time",
            hint="see that only one process deploys and deletes it",
        )

    def create_one_shot(self, plan: OneShotPlan) -> Object:
        """Create a run without a CronJob, and return its Job.

        The Job comes first, suspended, so that the Secret has an owner from its first write.
        """
        self._check_shared(plan.shared)
        job = create_run(self._cluster, plan.job)
        held = bool(plan.job["spec"].get("suspend"))
        return let_go(self._cluster, job, lambda: self._writer.apply(plan.owned_by(job)), held=held)

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
        self._refuse_other_source(existing, plan)
        return existing

    def _earlier_names(self, plan: Plan, judge: copies.Judge) -> list[Object]:
        olds = [old for old in rename.with_the_same_id(self._cluster, plan) if judge(plan.pipeline, old)]
        for old in olds:
            self._refuse_other_source(old, plan)
        if not self._writer.force:
            rename.refuse_active(self._cluster, olds, plan)
        return olds

    def _refuse_other_source(self, existing: Object, plan: Plan) -> None:
        source = annotation(existing, labels.MANAGED_BY_SOURCE)
        if self._writer.force or source in ("", plan.source):
            return
        keeper = _KEEPER[Source(source)] if source in list(Source) else f"deployed from {source!r}"
        raise ManagedElsewhereError(
            f"{annotation(existing, labels.FQN)} was {keeper}, which would undo this deploy or be undone by it",
            hint="delete it there, or take it over with --force",
        )

    def _settled(self, name: str) -> Object | None:
        """Return the CronJob once it is not on its way out; None if there is none."""
        for _ in poll(GONE_TIMEOUT, longest=1.0):
            try:
                existing = self._cluster.get(Kind.CRONJOB, name)
            except NotFoundError:
                return None
            if self._writer.dry_run or "deletionTimestamp" not in existing["metadata"]:
                return existing
        raise stuck("CronJob", name)

    def _check_shared(self, manifests: Sequence[Object]) -> None:
        """Apply what never changes, once for all pipelines of a deploy: the launcher, certificates."""
        for manifest in manifests:
            name = manifest["metadata"]["name"]
            if name not in self._shared:
                self._writer.apply(manifest)
                self._shared.add(name)


def _action(existing: Object | None, olds: Sequence[Object], *, changed: bool) -> Action:
    if olds:
        return Action.RENAMED
    if existing is None:
        return Action.CREATED
    return Action.UPDATED if changed else Action.UNCHANGED
