"""The client: all operations on pipelines in one namespace of one cluster."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any

from k8s_pipeline_client.client.choosing import Choosing
from k8s_pipeline_client.client.connecting import connect
from k8s_pipeline_client.client.deleting import Deleting
from k8s_pipeline_client.client.ending import Ending
from k8s_pipeline_client.client.entities import pipeline_of
from k8s_pipeline_client.client.marking import Marking
from k8s_pipeline_client.client.refreshing import Refreshing
from k8s_pipeline_client.client.rotating import Rotating
from k8s_pipeline_client.client.runlogs import RunLogs
from k8s_pipeline_client.client.switching import Switching
from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.deploying import acceptance, copies, resume, stale
from k8s_pipeline_client.deploying.bulk import PARALLEL, Batch, Deployment
from k8s_pipeline_client.deploying.compare import Comparison, compare
from k8s_pipeline_client.deploying.deploy import Deployer, DeployResult
from k8s_pipeline_client.deploying.diff import Difference, differences
from k8s_pipeline_client.deploying.differing import differences_of_all
from k8s_pipeline_client.deploying.fetch import ServerPipeline
from k8s_pipeline_client.deploying.once import create_one_shot
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.document import to_json
from k8s_pipeline_client.domain.entities import App, AutomationWorkflow, Document
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.domain.workflow_override import changes_of
from k8s_pipeline_client.errors import (
    ClusterError,
)
from k8s_pipeline_client.inventory.find import Told, untold
from k8s_pipeline_client.inventory.overlaps import overlaps
from k8s_pipeline_client.inventory.read import Named, Reader
from k8s_pipeline_client.inventory.snapshot import read_reduced
from k8s_pipeline_client.render import plan, plan_one_shot
from k8s_pipeline_client.runs import start
from k8s_pipeline_client.runs.spool import LogSpool
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.status import PipelineStatus, RunStatus


class Pipelines(RunLogs, Deleting, Ending, Marking, Choosing, Switching, Refreshing, Rotating):
    """Deploys, runs, monitors and deletes pipelines.

    NAME is a resource name, FQN, id, name, display name or ``service/type``. All methods raise `ClusterError` if a
    request to the cluster fails, and `UnknownNameError` for a NAME that matches no pipeline or several. Durations are
    in seconds.

    A context manager: connections are closed, and stored logs deleted, at the end of the ``with`` block.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: Settings,
        *,
        spool: LogSpool | None = None,
        accepted: acceptance.Accepted = acceptance.unasked,
        told: Told = untold,
    ) -> None:
        """Take a cluster; see `connect` for the usual way.

        Args:
            cluster: Closed with this object.
            settings: See `load_settings`.
            spool: Stores logs while they are read page by page; one with default limits if None.
            accepted: Asked whether OpenMetadata takes a bot's new token, before that takes the place of the old one.
            told: Called where a NAME is that of a pipeline and of one-shot runs (`run_once`), with the NAME, the object
                that was taken, and the others: the pipeline is, unless only a one-shot run has what is asked for.
        """
        self._accepted = accepted
        super().__init__(cluster, Reader(cluster, instance=settings.instance, told=told), spool)
        self._settings = settings

    @classmethod
    def connect(
        cls,
        settings: Settings,
        *,
        kubeconfig: Path | None = None,
        context: str | None = None,
        accepted: acceptance.Accepted = acceptance.unasked,
        told: Told = untold,
    ) -> Pipelines:
        """Connect to the cluster, found as kubectl does or by the settings, in the settings' namespace."""
        return cls(connect(settings, kubeconfig=kubeconfig, context=context), settings, accepted=accepted, told=told)

    def deploy(
        self,
        pipeline: Pipeline,
        *,
        dry_run: bool = False,
        force: bool = False,
        source: Source = Source.FILES,
        judge: copies.Judge | None = None,
        announce: resume.Announce = lambda text: None,
        current: stale.Current = stale.unknown,
    ) -> DeployResult:
        """Create or update a pipeline's objects; idempotent, writes nothing if nothing has changed.

        Args:
            pipeline: The pipeline.
            dry_run: Server-side dry run.
            force: Take over fields of other field managers, and pipelines of another source; replace a renamed pipeline
                even while it runs.
            source: Where the definition comes from.
            judge: Decides whether a CronJob with the same id under another name is this pipeline before a rename, and
                is deleted with its runs; if None, true for the server's entities, and `CopiedIdError` for files.
            announce: Called before a run that cannot be prevented, and before a wait of up to 15 seconds.
            current: Of an entity of the server that is older than what is deployed, by its `updatedAt`: returns what
                OpenMetadata has now, None where it cannot be asked. Unless that is older as well, the action is
                ``ignored``, and nothing is written.

        Raises:
            CopiedIdError: The judge knows the id as another pipeline's.
            ForeignObjectError: The name of its objects is taken by another pipeline, or by an object without our
                annotations.
            ManagedElsewhereError: It was deployed from the other source, and ``force`` is not set.
            RunActiveError: It was renamed, a run of the earlier name is active, and ``force`` is not set.
            ConflictError: Another field manager owns a field, and ``force`` is not set.
            WaitTimeoutError: An object is being deleted, but still exists, or others keep deploying the pipeline.
        """
        judge = judge or _judge(source)
        deployer = Deployer(self._cluster, dry_run=dry_run, force=force, current=current, accepted=self._accepted)
        return deployer.deploy(plan(pipeline, self._settings, source=source), judge, announce=announce)

    def deploy_all(
        self,
        pipelines: Sequence[Pipeline],
        *,
        dry_run: bool = False,
        force: bool = False,
        source: Source = Source.FILES,
        judge: copies.Judge | None = None,
        parallel: int = PARALLEL,
        on_done: Callable[[Deployment], None] = lambda deployment: None,
        announce: Callable[[Pipeline, str], None] = lambda pipeline, text: None,
        current: stale.Current = stale.unknown,
    ) -> list[Deployment]:
        """Deploy many pipelines in parallel, and return the result of each in the same order; see `Batch.run`.

        One that cannot be deployed is ``failed``, with its error, which is not raised. The other arguments are those of
        `deploy`.

        Args:
            pipelines: The pipelines.
            dry_run: Server-side dry run.
            force: See `deploy`.
            source: Where the definitions come from.
            judge: See `deploy`.
            parallel: The maximum concurrency; reduced while the API server is overloaded.
            on_done: Called with each result, by one thread at a time.
            announce: Called with a pipeline and a notice for people in advance, such as a wait.
            current: See `deploy`; threads call it.

        Raises:
            CopiedIdError: Definitions from files have the ids of other pipelines; nothing was written.
        """
        return Batch(
            self._cluster,
            pipelines,
            partial(plan, settings=self._settings, source=source),
            judge or _judge(source),
            refuse_copies_first=source is Source.FILES,
            dry_run=dry_run,
            force=force,
            parallel=parallel,
            on_done=on_done,
            announce=announce,
            current=current,
            accepted=self._accepted,
        ).run()

    def overlaps(self, pipelines: Sequence[Pipeline]) -> dict[str, str]:
        """Return which deployed pipelines usually run for longer than from one due time to the next.

        Returns:
            A sentence for each, by its fully qualified name; nothing for more than 20 pipelines, or where their Jobs
            cannot be read: it is advice, and what it follows has been done.
        """
        fqns = {item.resource_name: item.fqn for item in pipelines if item.schedule and item.enabled}
        schedules = {item.resource_name: item.schedule for item in pipelines if item.schedule and item.enabled}
        try:
            return {fqns[name]: text for name, text in overlaps(self._cluster, schedules).items()}
        except ClusterError:
            return {}

    def diff(
        self, pipeline: Pipeline, *, beside: Sequence[Pipeline] = (), judge: copies.Judge | None = None
    ) -> list[Difference]:
        """Return what a deploy of the pipeline would change; writes nothing.

        Args:
            pipeline: The pipeline.
            beside: Others in the same files, whose pipelines stay.
            judge: See `deploy`; for many, to be made once.

        Raises:
            CopiedIdError: The judge knows the id as another pipeline's.
            ApiError: The API server would refuse the deploy.
        """
        judge = judge or copies.by_the_files(beside, renamed=True)
        return list(differences(self._cluster, plan(pipeline, self._settings), judge))

    def diff_all(
        self, pipelines: Sequence[Pipeline], *, judge: copies.Judge | None = None, parallel: int = PARALLEL
    ) -> list[Difference]:
        """Return what a deploy of many pipelines would change, in their order, each object once; writes nothing.

        Args:
            pipelines: All that the files define: those that they still have stay.
            judge: See `deploy`.
            parallel: How many are looked at at once.
        """
        judge = judge or copies.by_the_files(pipelines, renamed=True)
        return differences_of_all(
            self._cluster, pipelines, partial(plan, settings=self._settings), judge, parallel=parallel
        )

    def compare(self, found: Sequence[ServerPipeline], instance: str) -> list[Comparison]:
        """Compare all pipelines of an OpenMetadata server with those of its instance on the cluster."""
        selector = f"{labels.PIPELINE},{labels.INSTANCE}={naming.instance_label(instance)}"
        return compare(found, read_reduced(self._cluster, Kind.CRONJOB, labels=selector), self._settings)

    def run(
        self,
        name: Named,
        *,
        run_id: str | None = None,
        allow_overlap: bool = False,
        change: Callable[[Document], Document] | None = None,
        app_config_override: Mapping[str, Any] | None = None,
        source_config_override: Mapping[str, Any] | None = None,
        dry_run: bool = False,
    ) -> RunStatus:
        """Start a run now, enabled or not.

        Args:
            name: The pipeline.
            run_id: The run's UUID; a new one if None. With the same one again it is the same run, whatever has become
                of it: the first call may have been cut short at any point.
            allow_overlap: Start even while another run is active.
            change: Returns this run's document, given the pipeline's.
            app_config_override: Replaces keys of an application's ``appConfig``, for this run.
            source_config_override: Replaces keys of ``source.sourceConfig.config``, for this run.
            dry_run: Have the API server check the run's Job, and start nothing.

        Raises:
            RunActiveError: Another is active, and neither ``allow_overlap`` nor the pipeline's maxActiveRuns allow
                two; its facts name that one.
            InputError: An override does not fit the document, or the run id is not a UUID.
        """
        cronjob = self._reader.cronjob(name)
        changes = changes_of(change, app_config_override, source_config_override)
        document = None
        if changes:
            deployed = start.parsed_document_of(self._cluster, str(cronjob["metadata"]["name"]))
            document = to_json(reduce(lambda found, step: step(found), changes, deployed), "the run's own document")
        job = start.start_run(
            self._cluster,
            cronjob,
            requested_id=run_id,
            allow_overlap=allow_overlap,
            document=document,
            dry_run=dry_run,
        )
        return self._reader.created(job)

    def runs(self, name: Named | None = None) -> list[tuple[str, RunStatus]]:
        """Return the runs of a pipeline, or of all, newest first, each with its pipeline's display name.

        A NAME that is also that of one-shot runs means those, too: their ``one_shot`` tells.
        """
        items = [] if not name else self._reader.with_one_shots(name) if isinstance(name, str) else [name]
        return [
            (annotation(job, labels.DISPLAY_NAME) or job["metadata"]["name"], status)
            for job, status in self._reader.runs(*items)
        ]

    def queued_runs(self, fqn: str) -> list[RunStatus]:
        """Return the queued runs of a pipeline, newest first, in two requests.

        Not those whose id the caller gave: whoever gave it knows of them. None where there is no such pipeline.
        """
        return self._reader.queued_runs(fqn)

    def newest_run(self, name: Named) -> RunStatus:
        """Return the newest run of a pipeline, or the run with this id.

        Raises:
            UnknownNameError: There is neither such a run nor such a pipeline, or it has no runs.
        """
        return self._reader.run(self._reader.job(name))

    def run_once(self, pipeline: Pipeline, *, run_id: str | None = None, dry_run: bool = False) -> RunStatus:
        """Run a pipeline without deploying it; its objects are deleted after the Job's TTL.

        With the same ``run_id`` again it is the same run.

        Args:
            pipeline: The pipeline.
            run_id: The run's UUID; a new one if None.
            dry_run: Have the API server check the run's Job, and start nothing.

        Raises:
            InputError: The run id is not a UUID, or another run has it.
            ApiError: The API server refused; the outcome says what is left.
        """
        identity = start.check_run_id(run_id) if run_id else str(uuid.uuid4())
        planned = plan_one_shot(pipeline, self._settings, identity)
        if dry_run:
            return self._reader.created(start.checked_run(self._cluster, planned.job))
        return self._reader.created(create_one_shot(self._cluster, planned, given=run_id is not None))

    def run_automation(self, workflow: Document) -> RunStatus:
        """Run an automation workflow entity once, such as a test connection; it is never retried.

        Raises:
            DefinitionError: It is not an automation workflow, or has no connection to OpenMetadata.
        """
        return self.run_once(pipeline_of(AutomationWorkflow, workflow, self._settings))

    def run_application(self, app: Document) -> RunStatus:
        """Run an App entity once.

        Raises:
            DefinitionError: It is not an App, does not run in a pod, or has no connection to OpenMetadata.
        """
        return self.run_once(pipeline_of(App, app, self._settings))

    def list_pipelines(self, *, where: str = "") -> list[PipelineStatus]:
        """Return the pipelines of the namespace with their last runs.

        Args:
            where: A label selector for their CronJobs, or the Jobs of one-shot runs; all if empty.
        """
        return self._reader.pipelines(where)

    def status(self, name: str, *, runs: int = 5) -> tuple[PipelineStatus, list[RunStatus]]:
        """Return the status of one pipeline and its newest runs."""
        return self._reader.pipeline(self._reader.find(name), runs=runs)


def _judge(source: Source) -> copies.Judge:
    """Return the judge of renames and copies: trusts the server's entities; without one, copies are refused."""
    return copies.by_the_entity if source is Source.SERVER else copies.by_the_files()
