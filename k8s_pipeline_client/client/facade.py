"""The client: everything that can be done with pipelines in one namespace of one cluster."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from k8s_pipeline_client.client import copies, end, resume, run, sidecars
from k8s_pipeline_client.client.compare import Comparison, compare
from k8s_pipeline_client.client.connecting import connect
from k8s_pipeline_client.client.deploy import Deployer, DeployResult
from k8s_pipeline_client.client.diff import Difference, differences
from k8s_pipeline_client.client.entities import pipeline_of
from k8s_pipeline_client.client.fetch import ServerPipeline
from k8s_pipeline_client.client.jobs import annotation, is_finished
from k8s_pipeline_client.client.logs import WHOLE, LogOptions, Note, follow_log, read_log
from k8s_pipeline_client.client.measures import keep_measures
from k8s_pipeline_client.client.read import Reader
from k8s_pipeline_client.client.retry import retry_run
from k8s_pipeline_client.client.rotate import Rotation, rotate
from k8s_pipeline_client.client.token import remove_unused
from k8s_pipeline_client.client.waiting import poll
from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.document import to_json
from k8s_pipeline_client.domain.entities import App, AutomationWorkflow, Document
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.domain.workflow_override import changes_of
from k8s_pipeline_client.errors import InputError, NotFoundError, SettingsError, UnknownNameError, WaitTimeoutError
from k8s_pipeline_client.render import plan, plan_one_shot
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.status import PipelineStatus, RunStatus, State

KILL_TIMEOUT = 120.0
DELETE_TIMEOUT = 300.0


class Pipelines:
    """Deploys, runs, watches and removes pipelines.

    NAME, wherever it is asked for, is a resource name, FQN, id, name, display name or ``service/type``. Every
    method raises `ClusterError` where the cluster cannot or will not, and `UnknownNameError` for a NAME that
    fits no pipeline or several. Times are in seconds.
    """

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        """Take a cluster's namespace; see `connect` for the usual way."""
        self._cluster = cluster
        self._settings = settings
        self._reader = Reader(cluster, instance=settings.instance)
        self._deployers: dict[tuple[bool, bool], Deployer] = {}

    @classmethod
    def connect(cls, settings: Settings, *, kubeconfig: Path | None = None, context: str | None = None) -> Pipelines:
        """Find the cluster as kubectl does, or as the settings say, and work in their namespace."""
        return cls(connect(settings, kubeconfig=kubeconfig, context=context), settings)

    def deploy(
        self,
        pipeline: Pipeline,
        *,
        dry_run: bool = False,
        force: bool = False,
        source: Source = Source.FILES,
        judge: copies.Judge | None = None,
        announce: resume.Announce = lambda text: None,
    ) -> DeployResult:
        """Write a pipeline's objects; again is fine, and changes nothing where nothing has changed.

        Args:
            pipeline: What to deploy.
            dry_run: Have the API server check everything and keep nothing.
            force: Take over fields that another field manager owns, and a pipeline of another source; replace one
                that was renamed even while it runs.
            source: Where the definition comes from.
            judge: Whether a CronJob with its id under another name is the pipeline renamed, and goes with its runs;
                if None, an entity of the server says so, and a definition from files is refused (`CopiedIdError`).
            announce: Called before a run starts that cannot be prevented, and before a wait of up to 15 seconds.
        """
        judge = judge or (copies.by_the_entity if source is Source.SERVER else copies.by_the_files())
        deployer = self._deployers.setdefault((dry_run, force), Deployer(self._cluster, dry_run=dry_run, force=force))
        return deployer.deploy(plan(pipeline, self._settings, source=source), judge, announce=announce)

    def refuse_copies(self, pipelines: Sequence[Pipeline], judge: copies.Judge) -> None:
        """Raise `CopiedIdError` if some have ids of other pipelines; for many at once, before the first is written."""
        copies.refuse_copies(self._cluster, pipelines, judge)

    def diff(self, pipeline: Pipeline, *, beside: Sequence[Pipeline] = ()) -> list[Difference]:
        """Return what a deploy of the pipeline would change, beside others in the same files; nothing is kept."""
        judge = copies.by_the_files(beside, renamed=True)
        return list(differences(self._cluster, plan(pipeline, self._settings), judge))

    def compare(self, found: Sequence[ServerPipeline], instance: str) -> list[Comparison]:
        """Compare all that an OpenMetadata server has with what the cluster has of its instance."""
        selector = f"{labels.PIPELINE},{labels.INSTANCE}={naming.instance_label(instance)}"
        return compare(found, self._cluster.list(Kind.CRONJOB, labels=selector), self._settings)

    def run(
        self,
        name: str,
        *,
        run_id: str | None = None,
        allow_overlap: bool = False,
        change: Callable[[Document], Document] | None = None,
        app_config_override: Mapping[str, Any] | None = None,
        source_config_override: Mapping[str, Any] | None = None,
    ) -> RunStatus:
        """Start a run now, enabled or not.

        Args:
            name: The pipeline.
            run_id: The run's UUID; a new one if None.
            allow_overlap: Start even while another run is active.
            change: Returns the document of this run, given the pipeline's.
            app_config_override: Replaces keys of an application's ``appConfig``, for this run.
            source_config_override: Replaces keys of ``source.sourceConfig.config``, for this run.

        Raises:
            RunActiveError: One is active, and neither ``allow_overlap`` nor the pipeline's maxActiveRuns allow two.
            InputError: The document has no such part.
        """
        cronjob = self._cronjob(name)
        changes = changes_of(change, app_config_override, source_config_override)
        document = None
        if changes:
            deployed = json.loads(run.document_of(self._cluster, str(cronjob["metadata"]["name"])))
            document = to_json(reduce(lambda found, step: step(found), changes, deployed), "the run's own document")
        job = run.start_run(self._cluster, cronjob, requested_id=run_id, allow_overlap=allow_overlap, document=document)
        return self._reader.run(job)

    def retry(self, run_text: str | None = None, *, allow_overlap: bool = False) -> RunStatus:
        """Run a run again, under a new id; the newest failed one of the namespace if none is named.

        Args:
            run_text: A run's id, its beginning, or its Job's name.
            allow_overlap: Start even while another run of the pipeline is active.

        Raises:
            UnknownNameError: There is no such run, or none has failed.
            RunActiveError: It, or another of its pipeline, is active.
        """
        if run_text is None:
            job = next((job for job, status in self._reader.runs() if status.state is State.FAILED), None)
        else:
            job = self._reader.job_by_run(run_text)
        if job is None:
            what = "no run has failed" if run_text is None else f"no run {run_text!r}"
            raise UnknownNameError(f"{what} in namespace {self._cluster.namespace}", hint="see k8s-pipeline runs")
        return self._reader.run(retry_run(self._cluster, job, allow_overlap=allow_overlap))

    def runs(self, name: str | None = None) -> list[tuple[str, RunStatus]]:
        """Return the runs of a pipeline, or of all, newest first, each with its pipeline's display name."""
        item = self._reader.find(name) if name else None
        return [
            (annotation(job, labels.DISPLAY_NAME) or job["metadata"]["name"], status)
            for job, status in self._reader.runs(item)
        ]

    def newest_run(self, name: str) -> RunStatus:
        """Return the newest run of a pipeline, or the run that the text names.

        Raises:
            UnknownNameError: There is neither such a run nor such a pipeline, or it has no runs.
        """
        return self._reader.run(self._job(name))

    def run_once(self, pipeline: Pipeline, *, run_id: str | None = None) -> RunStatus:
        """Run a pipeline that is not deployed; after the Job's TTL nothing of it is left."""
        identity = run.check_run_id(run_id) if run_id else str(uuid.uuid4())
        deployer = Deployer(self._cluster)
        return self._reader.run(deployer.create_one_shot(plan_one_shot(pipeline, self._settings, identity)))

    def run_automation(self, workflow: Document) -> RunStatus:
        """Run an automation workflow entity once, such as the test of a connection; it is never repeated.

        Raises:
            DefinitionError: It is none, or does not say how to reach OpenMetadata.
        """
        return self.run_once(pipeline_of(AutomationWorkflow, workflow, self._settings))

    def run_application(self, app: Document) -> RunStatus:
        """Run an App entity once.

        Raises:
            DefinitionError: It is none, does not run in a pod, or does not say how to reach OpenMetadata.
        """
        return self.run_once(pipeline_of(App, app, self._settings))

    def list_pipelines(self) -> list[PipelineStatus]:
        """Return every pipeline of the namespace with its last run."""
        return self._reader.pipelines()

    def names(self) -> list[tuple[str, str]]:
        """Return a NAME for every pipeline that fits it alone, each with its fully qualified name."""
        items = self._reader.all_items()
        titles = Counter(annotation(item, labels.DISPLAY_NAME) for item in items)
        pairs = [(annotation(item, labels.DISPLAY_NAME), annotation(item, labels.FQN)) for item in items]
        return sorted((title if title and titles[title] == 1 else fqn, fqn) for title, fqn in pairs)

    def status(self, name: str, *, runs: int = 5) -> tuple[PipelineStatus, list[RunStatus]]:
        """Return one pipeline and its newest runs."""
        return self._reader.pipeline(self._reader.find(name), runs=runs)

    def wait(
        self,
        job_name: str,
        *,
        timeout: float | None = None,
        on_change: Callable[[RunStatus], None] = lambda status: None,
    ) -> RunStatus:
        """Wait until a run has ended, and return how.

        Args:
            job_name: Its Job.
            timeout: How long to wait; for ever if None.
            on_change: Called at first and whenever state or cause have changed.

        Raises:
            WaitTimeoutError: The time is over; the run goes on.
            NotFoundError: The Job was deleted.
        """
        last: RunStatus | None = None
        for _ in poll(timeout, first=0.2):
            job = self._cluster.get(Kind.JOB, job_name)
            status = self._reader.run(job)
            if last is None or (status.state, status.cause) != (last.state, last.cause):
                on_change(status)
            last = status
            if status.attempts and status.attempts[-1].exit_code is not None:
                sidecars.is_over(self._cluster, job)
            if status.state.is_terminal:
                keep_measures(self._cluster, status)
                return status
        raise WaitTimeoutError(
            f"run {last.run_id if last else job_name} is still {last.state if last else 'unknown'} "
            f"after {timeout:.0f} s; it goes on",
            hint=f"k8s-pipeline logs -f, or end it with k8s-pipeline kill (Job {job_name})",
        )

    def logs(
        self,
        name: str,
        *,
        run: str | None = None,
        follow: bool = False,
        options: LogOptions = WHOLE,
        note: Note = lambda text: None,
    ) -> Iterator[bytes]:
        """Return the log of a run, the newest if none is named, as chunks of bytes.

        Args:
            name: The pipeline, or a run.
            run: A run's id, its beginning, or its Job's name.
            follow: Go on until the run has ended, across its retries.
            options: Which part of the log.
            note: Called with what is not part of the log.
        """
        job = self._job(name) if run is None else self._reader.job_of(self._reader.find(name), run)
        if follow and not is_finished(job):
            return follow_log(self._cluster, job, options, note)
        return read_log(self._cluster, job, self._reader.run(job), options, note)

    def follow(self, job_name: str, *, timeout: float | None = None, note: Note) -> Iterator[bytes]:
        """Return the log of a run by its Job, from before it starts to its end or the end of the time."""
        return follow_log(self._cluster, self._cluster.get(Kind.JOB, job_name), WHOLE, note, timeout=timeout)

    def kill(
        self, name: str, *, run: str | None = None, by: str | None = None, timeout: float = KILL_TIMEOUT
    ) -> list[RunStatus]:
        """End the active runs of a pipeline, or one of them; return them as they then are.

        Returns only when their pods are gone. The schedule is not touched.

        Args:
            name: The pipeline.
            run: A run's id, its beginning, or its Job's name; all that are active if None.
            by: Who asks, for the record.
            timeout: How long to wait for the pods.

        Raises:
            WaitTimeoutError: A pod is still there.
        """
        item = self._reader.find(name)
        jobs = self._reader.jobs_of(item) if run is None else [self._reader.job_of(item, run)]
        active = [job for job in jobs if not is_finished(job)]
        for job in active:
            end.kill_run(self._cluster, job, by=by or end.whoever_runs_this())
        for job in active:
            end.wait_for_pods_gone(self._cluster, job["metadata"]["name"], timeout)
        return [status for job in active if (status := self._ended(job, timeout)) is not None]

    def enable(self, name: str, *, force: bool = False, announce: resume.Announce = lambda text: None) -> str:
        """Let a pipeline's schedule run; return its resource name. What is to be known before is announced."""
        cronjob = self._cronjob(name)
        if not annotation(cronjob, labels.ON_DEMAND):
            resume.enable(self._cluster, cronjob, force=force, announce=announce)
        return str(cronjob["metadata"]["name"])

    def disable(self, name: str, *, force: bool = False) -> str:
        """Stop a pipeline's schedule; a run that is active goes on. Return its resource name."""
        cronjob = self._cronjob(name)
        if annotation(cronjob, labels.ON_DEMAND):
            raise InputError(
                f"{name!r} has no schedule to stop: it runs on demand only",
                hint="delete it if nobody needs it",
            )
        resource = str(cronjob["metadata"]["name"])
        resume.disable(self._cluster, resource, force=force)
        return resource

    def delete(self, name: str, *, timeout: float = DELETE_TIMEOUT) -> str:
        """Delete a pipeline and all that belongs to it; return its resource name once nothing is left.

        With the last one of a bot goes the Secret with the bot's token. One that was cut short is completed.

        Raises:
            UnknownNameError: There is nothing of that name.
            WaitTimeoutError: Something is left.
        """
        resource = self.resource_name(name)
        end.delete_pipeline(self._cluster, resource, timeout, retired=self.remove_unused_tokens)
        return resource

    def remove_unused_tokens(self) -> None:
        """Remove the Secrets with tokens that nothing uses any more: a delete that was killed may have left one."""
        remove_unused(self._cluster, selector=self._reader.selector(labels.TOKEN))

    def delete_orphan(self, orphan: Comparison, *, timeout: float = DELETE_TIMEOUT) -> bool:
        """Delete a pipeline as `compare` found it; return False, and leave it alone, if it has become another since.

        What `delete` says of tokens and errors holds here, too.
        """
        return end.delete_pipeline(
            self._cluster, str(orphan.resource_name), timeout, only=orphan.is_still, retired=self.remove_unused_tokens
        )

    def rotate_token(self, token: str, *, secret: str | None = None, force: bool = False) -> Rotation:
        """Have the pipelines of a bot log in with a new token from their next runs on; nothing is deployed.

        Args:
            token: The bot's new one.
            secret: The Secret to write; found by the token's bot if None.
            force: Write a token of another bot, too, or one that is over; and over another field manager's.

        Raises:
            InputError: The token is not one that the pipelines could use.
            SettingsError: The settings name a Secret that is somebody else's to write.
        """
        if (named := self._settings.token_secret) is not None:
            raise SettingsError(
                f"tokenSecret names Secret {named.name}, which somebody else writes and we never do",
                hint="write the token there; the next runs have it",
            )
        selector = self._reader.selector(labels.TOKEN)
        return rotate(self._cluster, token.strip(), selector=selector, name=secret, force=force)

    def resource_name(self, name: str) -> str:
        """Return the resource name of the pipeline or one-shot run, or what a delete has left of it."""
        return self._reader.resource_name(name)

    def _job(self, name: str) -> Object:
        """Return the Job of a run, or of a pipeline's newest run.

        A whole run id or Job name comes first, then pipelines, then the beginning of a run id: many a pipeline's name
        could be one.
        """
        job = self._reader.job_by_run(name, whole=True)
        if job is not None:
            return job
        try:
            return self._reader.job_of(self._reader.find(name), None)
        except UnknownNameError:
            job = self._reader.job_by_run(name)
            if job is None:
                raise
            return job

    def _cronjob(self, name: str) -> Object:
        item = self._reader.find(name)
        if item["kind"] != Kind.CRONJOB:
            raise UnknownNameError(
                f"{name!r} is a run without a pipeline",
                hint="run it again from its file: k8s-pipeline run -f FILE",
            )
        return item

    def _ended(self, job: Object, timeout: float) -> RunStatus | None:
        """Return a killed run's status once its Job says that it has ended; None if the Job is gone."""
        try:
            return self.wait(job["metadata"]["name"], timeout=timeout)
        except NotFoundError:
            return None
