"""Each operation of the API as calls of the client: the seam between HTTP and the client.

All methods block, and are called by a thread of `work`. They return the body of a 200.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from k8s_pipeline_client.client.kubernetes import K8sPipelineClient
from k8s_pipeline_client.client.pipelines import Pipelines
from k8s_pipeline_client.cluster.port import Cluster, Object
from k8s_pipeline_client.deploying.refresh import Refresh
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.entities import Document, EntityReference, IngestionPipeline
from k8s_pipeline_client.domain.objects import annotation, identity
from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.services import OPEN_METADATA
from k8s_pipeline_client.domain.workflow import APPLICATION, TEST_SUITE, has_connection
from k8s_pipeline_client.errors import (
    DefinitionError,
    NotFoundError,
    PipelineError,
    RunActiveError,
    UnknownNameError,
    WaitTimeoutError,
)
from k8s_pipeline_client.runs import start
from k8s_pipeline_client.runs.logpage import PAGE_CHARACTERS, existing
from k8s_pipeline_client.runs.spool import LogSpool
from k8s_pipeline_client.service.directory import Directory
from k8s_pipeline_client.service.names import Names
from k8s_pipeline_client.service.refusals import Refusals
from k8s_pipeline_client.service.rows import first_line, log_page, row_of
from k8s_pipeline_client.service.standing import Standing, Standings
from k8s_pipeline_client.service.wire import LogQuery, Trigger
from k8s_pipeline_client.settings import Settings

_MOST_RUNS = 10
"""As many as OpenMetadata's Airflow plugin returns."""
_FIRST_LINE = 1024
"""The characters of a page that are reserved for the line above the log."""
_WHO = "OpenMetadata"
_MOST_CHANGES = 3
_SHOWN = 100
_RUNNER = "ingestionRunnerName"


def log_spool() -> LogSpool:
    """Return the spool for logs; its pages, with the line above, have at most 1 MiB."""
    return LogSpool(size=PAGE_CHARACTERS - _FIRST_LINE)


class Operations:
    """Carries out the operations; thread-safe."""

    def __init__(
        self,
        cluster: Cluster,
        settings: Settings,
        directory: Directory,
        standings: Standings,
        refusals: Refusals,
        *,
        spool: LogSpool | None = None,
    ) -> None:
        """Take the cluster, and what reads from and writes to OpenMetadata.

        Args:
            cluster: Is closed with this object.
            settings: See `load_settings`.
            directory: Reads what belongs to an entity in a request.
            standings: Reads whether a deployed pipeline is deleted there; is closed with this object, too.
            refusals: Writes rows of runs that could not be started; is closed with this object, too.
            spool: Stores logs while they are read page by page.
        """
        self._cluster = cluster
        self._directory = directory
        self._standings = standings
        self._refusals = refusals
        self._client = K8sPipelineClient(cluster, settings, spool=spool or log_spool())
        self._names = Names(cluster, settings.instance)

    @property
    def _pipelines(self) -> Pipelines:
        return self._client.pipelines

    def close(self) -> None:
        """Close the connections, and delete stored logs."""
        self._standings.close()
        self._refusals.close()
        self._client.close()

    def deploy(self, entity: Document) -> Document:
        """Deploy a pipeline; idempotent."""
        pipeline = _ingestion_pipeline(entity)
        done = self._client.deploy_pipeline(
            entity, self._service_of(pipeline, entity), updated_at=lambda: self._directory.updated_at(entity)
        )
        return _message(f"Workflow [{pipeline.name}] has been created", done.reason)

    def trigger(self, asked: Trigger) -> Document:
        """Start a run; if one is active, and the request has no run id, return the active one."""
        cronjob = self._names.get(asked.dag_id)
        conf = asked.conf
        try:
            run = self._pipelines.run(
                cronjob,
                run_id=conf.pipelineRunId if conf else None,
                app_config_override=conf.appConfigOverride if conf else None,
                source_config_override=conf.sourceConfigOverride if conf else None,
            )
        except RunActiveError as error:
            if conf and conf.pipelineRunId:
                self._refusals.tell(cronjob, conf.pipelineRunId, error)
                raise
            active = error.facts.get("run_id")
            return _message(f"Workflow [{asked.dag_id}] is already running <run {active}>", "no other run was started")
        except PipelineError as error:
            self._refusals.tell(cronjob, conf.pipelineRunId if conf else None, error)
            raise
        return _message(f"Workflow [{asked.dag_id}] has been triggered <run {run.run_id}, Job {run.job_name}>")

    def enable(self, name: str) -> Document:
        """Enable a pipeline's schedule; idempotent."""
        notes: list[str] = []
        self._pipelines.enable(self._names.get(name), announce=notes.append)
        return _message(f"DAG {name} has been enabled", *notes)

    def disable(self, name: str) -> Document:
        """Disable a pipeline's schedule; idempotent."""
        cronjob = self._names.get(name)
        if annotation(cronjob, labels.ON_DEMAND):
            return _message(f"DAG {name} has been disabled", "it has no schedule, and runs on demand only")
        self._pipelines.disable(cronjob)
        return _message(f"DAG {name} has been disabled")

    def statuses(self, name: str, *, only_queued: bool) -> list[Document]:
        """Return the newest runs of a pipeline; or its queued ones whose ids OpenMetadata has not assigned."""
        cronjob = self._names.get(name)
        if only_queued:
            return [row_of(run) for run in self._pipelines.queued_runs(annotation(cronjob, labels.FQN))]
        return [row_of(run) for _, run in self._pipelines.runs(cronjob)[:_MOST_RUNS]]

    def logs(self, asked: LogQuery) -> Document:
        """Return a page of the newest run's log.

        Raises:
            UnknownNameError: The pipeline is not deployed, or has not run.
            InputError: There is no such page.
        """
        cronjob = self._names.get(asked.dag_id)
        number = asked.after or 0
        above, run = "", None  # a long log has hundreds of pages, and its run stands on the first alone
        if number == 0:
            newest = self._pipelines.newest_run(cronjob)
            above, run = first_line(newest), newest.job_name
        found = existing(self._pipelines.log_page(cronjob, number, run=run), number)
        return log_page(asked.task_id, above + found.text, number, found.total)

    def kill(self, name: str) -> Document:
        """Kill the active runs of a pipeline; they end after the response.

        Raises:
            UnknownNameError: It is not deployed, or has no active run.
        """
        notes: list[str] = []
        killed = self._pipelines.kill(self._names.get(name), by=_WHO, wait=False, announce=notes.append)
        if not killed:
            raise UnknownNameError(
                f"DAG {name} has no running or pending runs nor tasks",
                code="NothingActive",
                hint="there is nothing to end",
            )
        ids = ", ".join(run.run_id for run in killed)
        return _message(f"Workflow [{name}] has been killed", f"ending: run {ids}", *notes)

    def delete(self, name: str) -> Document:
        """Delete a pipeline and all that belongs to it; idempotent.

        OpenMetadata sends the same request for a soft and a hard delete. Only if it no longer has the pipeline is it
        deleted here; else its runs are killed, and it is kept, suspended and marked. Another pipeline of the name, one
        that is deployed while OpenMetadata is asked, stays as it is.

        Raises:
            WaitTimeoutError: It keeps changing.
        """
        asked_of: Object | None = None
        for _ in range(_MOST_CHANGES):
            cronjob = self._names.find(name)
            if cronjob is None:
                self._pipelines.remove_unused_tokens()  # what a delete that was cut short has left
                return _message(f"DAG {name} was not deployed: nothing is left of it")
            if asked_of is not None and identity(asked_of) != identity(cronjob):
                why = "another pipeline has been deployed under its name meanwhile, and is kept"
                return _message(f"DAG {name} has been deleted", why)
            asked_of = cronjob
            standing = self._standings.of(cronjob)
            if standing is Standing.GONE:
                notes: list[str] = []
                if self._pipelines.delete_as_read(cronjob, wait=False, announce=notes.append):
                    return _message(f"DAG {name} has been deleted", *notes)
                continue
            if self._pipelines.mark_deleted(cronjob):
                kept = "its runs end, and it is kept, switched off, "
                until = "until it is restored" if standing is Standing.DELETED else "until OpenMetadata says more of it"
                return _message(f"DAG {name} has been deleted", kept + until)
        raise WaitTimeoutError(f"pipeline {name[:_SHOWN]!r} keeps being changed by others", hint="try again")

    def run_automation(self, posted: Document) -> Document:
        """Run an automation once, as OpenMetadata has it."""
        workflow = self._directory.automation(posted)
        done = self._client.run_automation(workflow)
        return _message(f"Workflow [{workflow.get('name')}] has been triggered", done.reason)

    def run_application(self, app: Document) -> Document:
        """Run an application once."""
        done = self._client.run_application(app)
        return _message(f"Application [{app.get('name')}] has been triggered", done.reason)

    def refresh(self, stop: threading.Event) -> Refresh:
        """Update the pipelines that would be rendered differently now; see `Pipelines.refresh`."""
        return self._pipelines.refresh(stop=stop)

    def host_ip(self) -> Mapping[str, str]:
        """Return the IP address from which runs reach their sources, if the settings have it."""
        return self._client.host_ip() or {"ip": "unknown: ingestionIpInfoEnabled is not set for the pipeline service"}

    def _service_of(self, pipeline: IngestionPipeline, entity: Document) -> Document:
        """Return the service of a pipeline: as deployed, else from OpenMetadata."""
        reference = pipeline.service
        if not has_connection(pipeline):  # of what it belongs to nothing but the name is used
            name = reference.name or reference.fully_qualified_name or reference.id or OPEN_METADATA
            is_application = pipeline.pipeline_type == APPLICATION
            return {"name": name, "serviceType": OPEN_METADATA if is_application else TEST_SUITE}
        return self._known_service(pipeline) or self._directory.service(reference, entity)

    def _known_service(self, pipeline: IngestionPipeline) -> Document | None:
        """Return what a deploy needs of the service of a deployed pipeline."""
        try:
            cronjob = self._names.find(pipeline.name)
        except UnknownNameError:  # there are several: OpenMetadata knows which is which
            return None
        if cronjob is None or not _is_deployed_as(cronjob, pipeline):
            return None
        try:
            found = start.parsed_document_of(self._cluster, str(cronjob["metadata"]["name"]))
        except (NotFoundError, DefinitionError):  # removed or changed by others: it is written again
            return None
        runner = found.get(_RUNNER) if isinstance(found, dict) else None
        service = {"name": pipeline.service.name, "serviceType": annotation(cronjob, labels.SERVICE_TYPE)}
        if pipeline.service.id:
            service["id"] = pipeline.service.id
        return {**service, "ingestionRunner": {"name": runner}} if runner else service


def _ingestion_pipeline(entity: Mapping[str, Any]) -> IngestionPipeline:
    found = recognise(dict(entity), "the pipeline")
    if len(found) != 1 or not isinstance(found[0].entity, IngestionPipeline):
        raise DefinitionError("the body is not an ingestion pipeline", hint="it has pipelineType and sourceConfig")
    return found[0].entity


def _is_deployed_as(cronjob: Object, pipeline: IngestionPipeline) -> bool:
    """Return whether a CronJob is of this pipeline, and of the same service."""
    reference: EntityReference = pipeline.service
    return (
        identity(cronjob) == naming.identity(pipeline.id)
        and identity(cronjob) is not None
        and bool(annotation(cronjob, labels.SERVICE_TYPE))
        and annotation(cronjob, labels.SERVICE) == reference.name
    )


def _message(text: str, *more: str | None) -> Document:
    return {"message": "; ".join([text, *filter(None, more)])}
