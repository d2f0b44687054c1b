"""Deploys one pipeline: read, compute the steps, execute them; again after conflicts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from k8s_pipeline_client.cluster.port import Cluster, Object
from k8s_pipeline_client.deploying import acceptance, refusals, rename, stale
from k8s_pipeline_client.deploying.copies import Judge
from k8s_pipeline_client.deploying.execute import GONE_TIMEOUT, Execution
from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.deploying.notes import SharedNotes
from k8s_pipeline_client.deploying.observe import observe, observe_secrets
from k8s_pipeline_client.deploying.progress import Progress
from k8s_pipeline_client.deploying.resume import Announce
from k8s_pipeline_client.deploying.rollback import roll_back
from k8s_pipeline_client.deploying.steps import Changes, changes
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation, label
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import (
    ForeignObjectError,
    ManagedElsewhereError,
    PipelineError,
    WaitTimeoutError,
)
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.render.plan import Plan
from k8s_pipeline_client.timelimit import pause

_LOG = logging.getLogger(__name__)

_MOST_WAITS = 5
"""The API server tells whole seconds, so that one may be left; more is a clock that stands still."""
_KEEPER = {Source.FILES: "deployed from files", Source.SERVER: "deployed from the OpenMetadata server"}
Expected = Callable[[Plan, Live], str]


class Action(StrEnum):
    """What a deploy did to a pipeline."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    RENAMED = "renamed"
    """It replaced what the pipeline was under an earlier name."""
    IGNORED = "ignored"
    """It was an earlier state of the entity than what is deployed; see `stale`."""


@dataclass(frozen=True, slots=True)
class DeployResult:
    """The result of a deploy.

    Attributes:
        name: Its resource name.
        notes: Raised settings with the reasons, and fields of others that were kept.
    """

    name: str
    fqn: str
    display_name: str
    action: Action
    notes: Sequence[str]


class Deployer:
    """Deploys pipelines into the namespace of a cluster.

    Attributes:
        shared_notes: The only state between deploys.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        dry_run: bool = False,
        force: bool = False,
        current: stale.Current = stale.unknown,
        accepted: acceptance.Accepted = acceptance.unasked,
        expected: Expected = lambda plan, live: "",
    ) -> None:
        """Take the cluster.

        Args:
            cluster: The cluster.
            dry_run: Server-side dry run.
            force: Take over fields that another field manager owns.
            current: Asked where a plan is of an earlier state than what is deployed.
            accepted: Asked whether OpenMetadata takes a token that is newer than the one that is there.
            expected: Asked each time that what is there has been read, before anything of it is written: why the plan
                is not to be carried out; empty if it is.
        """
        self._expected = expected
        self._cluster = cluster
        self._current = current
        self._accepted = acceptance.remembered(accepted)
        self._dry_run = dry_run
        self._force = force
        self.shared_notes = SharedNotes()

    def deploy(
        self, plan: Plan, judge: Judge, live: Live | None = None, *, announce: Announce = lambda text: None
    ) -> DeployResult:
        """Write a pipeline's objects, as far as they differ from the plan.

        If it fails, in whichever attempt, the previous version is restored, or a new pipeline deleted; the error's
        outcome says so.

        Args:
            plan: The desired objects.
            judge: Decides whether a CronJob with the same id under another name is the pipeline before a rename.
            live: The live objects, if they have been read.
            announce: Called before a run that cannot be prevented, and before waits.

        Raises:
            CopiedIdError: The judge knows the id as another pipeline's.
            ForeignObjectError: The name is taken by an object of another pipeline; or by one of this that lacks its
                annotations, and ``force`` is not set.
            ManagedElsewhereError: It was deployed from another source, and ``force`` is not set.
            RunActiveError: It was renamed, a run of the earlier name is active, and ``force`` is not set.
            ApiError: The API server refused.
        """
        progress = Progress(plan.name)
        try:
            return self._deploy(plan, judge, live, progress, announce)
        except PipelineError as error:
            outcome = "" if self._dry_run else roll_back(self._cluster, progress, error)
            if not outcome:
                raise
            raise error.with_outcome(outcome) from error

    def _deploy(
        self, plan: Plan, judge: Judge, live: Live | None, progress: Progress, announce: Announce
    ) -> DeployResult:
        waits = 0
        for _ in poll(GONE_TIMEOUT):
            if live is None:
                live = observe(self._cluster, plan, settle=not self._dry_run)
            live = live.judged(lambda old: judge(plan.pipeline, old))
            self._check(plan, live)
            if why := self._expected(plan, live):
                return DeployResult(plan.name, plan.pipeline.fqn, plan.pipeline.display_name, Action.IGNORED, (why,))
            if ignored := self._ignored(plan, live):
                return ignored
            todo = changes(plan, live, force=self._force)
            if todo.wait and not self._dry_run and waits < _MOST_WAITS:
                announce(todo.wait.why)
                pause(todo.wait.seconds, todo.wait.why)
                waits, live = waits + 1, None
                continue
            if todo.announcement:
                announce(todo.announcement)
            progress.begin(live)
            execution = self._execution(plan, live, progress)
            try:
                self._carry_out(plan, live, todo, execution)
                if live.cronjob is None or execution.is_whole():
                    return _result(plan, progress, execution.notes)
            except PipelineError as error:
                if not execution.overtaken(error):
                    raise
            live = None
        raise WaitTimeoutError(
            f"CronJob {plan.name} keeps being changed by another process",
            hint="make sure that only one process deploys and deletes it",
        )

    def _execution(self, plan: Plan, live: Live, progress: Progress) -> Execution:
        return Execution(
            self._cluster,
            live,
            progress,
            dry_run=self._dry_run,
            force=self._force,
            shared_notes=self.shared_notes,
            pin_new=plan.updated_at is not None,
            accepted=self._accepted,
        )

    def _ignored(self, plan: Plan, live: Live) -> DeployResult | None:
        """Return what becomes of a body that is an earlier state than what is deployed; None where it is taken."""
        known = stale.known_mark(plan, live)
        if plan.updated_at is None or known is None or plan.updated_at >= known:
            return None
        why = stale.why_ignored(plan, known, self._current(plan.pipeline))
        if not why:
            return None
        _LOG.info("%s: ignored: %s", plan.name, why)
        return DeployResult(plan.name, plan.pipeline.fqn, plan.pipeline.display_name, Action.IGNORED, (why,))

    def _carry_out(self, plan: Plan, live: Live, todo: Changes, execution: Execution) -> None:
        if live.cronjob is None:
            live = live.claimed_as(execution.claim(todo))
            if not live.secrets_read:
                live = observe_secrets(self._cluster, plan, live)
            execution.saw(live)
            todo = changes(plan, live, force=self._force)
        execution.run(todo)

    def _check(self, plan: Plan, live: Live) -> None:
        """Refuse to overwrite objects of others."""
        if live.cronjob is not None:
            fqn = annotation(live.cronjob, labels.FQN)
            is_ours = label(live.cronjob, labels.PIPELINE) == plan.name
            if refusals.is_unmarked(live.cronjob, plan) and not self._force:
                raise ForeignObjectError(
                    f"CronJob {plan.name} does not say whose it is: its annotations were removed",
                    code="AnnotationsMissing",
                    facts={"name": plan.name, "fqn": plan.pipeline.fqn},
                    hint="write them again by force",
                )
            if fqn != plan.pipeline.fqn and (fqn or not is_ours):
                raise ForeignObjectError(
                    f"CronJob {plan.name} already exists and belongs to {fqn or 'something else'!r}, "
                    f"not to {plan.pipeline.fqn!r}",
                    facts={"name": plan.name, "fqn": plan.pipeline.fqn, "owner": fqn},
                    hint="delete it, or use another namespace or instance",
                )
            self._refuse_other_source(live.cronjob, plan)
        for old in live.earlier:
            self._refuse_other_source(old, plan)
        if live.earlier and not self._force:
            rename.refuse_active(self._cluster, live.earlier, plan)

    def _refuse_other_source(self, existing: Object, plan: Plan) -> None:
        source = annotation(existing, labels.MANAGED_BY_SOURCE)
        if self._force or source in ("", plan.source):
            return
        keeper = _KEEPER[Source(source)] if source in list(Source) else f"deployed from {source!r}"
        raise ManagedElsewhereError(
            f"{annotation(existing, labels.FQN)} was {keeper}, and the two deploys would overwrite each other",
            facts={"fqn": annotation(existing, labels.FQN), "source": source},
            hint="delete it there, or take it over by force",
        )


def _result(plan: Plan, progress: Progress, notes: Sequence[str]) -> DeployResult:
    action = Action.UPDATED if progress.changed else Action.UNCHANGED
    if progress.created:
        action = Action.CREATED
    if progress.renamed:
        action = Action.RENAMED
    said = (*plan.notes, *notes, *progress.notes)
    return DeployResult(plan.name, plan.pipeline.fqn, plan.pipeline.display_name, action, said)
