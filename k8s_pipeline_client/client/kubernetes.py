"""The pipeline service client for Kubernetes, and the choice of a client by the settings."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from k8s_pipeline_client.client.closing import Closing
from k8s_pipeline_client.client.connecting import check, connect
from k8s_pipeline_client.client.contract import PipelineServiceClient, PipelineServiceResponse
from k8s_pipeline_client.client.entities import pipeline_of
from k8s_pipeline_client.client.noop import NoopPipelineClient
from k8s_pipeline_client.client.pipelines import Pipelines
from k8s_pipeline_client.cluster.port import Cluster, Object
from k8s_pipeline_client.deploying.acceptance import Accepted, unasked
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.connection import instance_of
from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.domain.entities import Document, IngestionPipeline
from k8s_pipeline_client.domain.objects import identity
from k8s_pipeline_client.domain.rfc3339 import milliseconds
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import ApiError, ClusterError, DefinitionError, UnknownNameError, WaitTimeoutError
from k8s_pipeline_client.inventory.lookup import by_fqn
from k8s_pipeline_client.runs.logpage import existing
from k8s_pipeline_client.runs.spool import LogSpool
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.status import RunStatus, State

PLATFORM = "Kubernetes"
_MOST_CHANGES = 3
_DEFAULT_TASK = "ingestion_task"
_TASKS = MappingProxyType(
    {
        "profiler": "profiler_task",
        "autoClassification": "auto_classification_task",
        "lineage": "lineage_task",
        "dbt": "dbt_task",
        "usage": "usage_task",
        "TestSuite": "test_suite_task",
        "dataInsight": "data_insight_task",
        "elasticSearchReindex": "elasticsearch_reindex_task",
        "application": "application_task",
    }
)
"""The key of the log in the response, by pipeline type, as OpenMetadata's UI expects it."""


def create_client(
    settings: Settings, *, kubeconfig: Path | None = None, context: str | None = None, spool: LogSpool | None = None
) -> PipelineServiceClient:
    """Return the client for the settings: for Kubernetes, or one that does nothing if it is disabled.

    Args:
        settings: See `load_settings`.
        kubeconfig: A kubeconfig file; the cluster is found as kubectl does, or as the settings say, if None.
        context: The kubeconfig's context; the current one if None.
        spool: Stores logs while they are read page by page; one with default limits if None.

    Raises:
        InputError: The kubeconfig is invalid.
        UnreachableError: No cluster is configured.
    """
    if settings.is_noop:
        return NoopPipelineClient()
    return K8sPipelineClient(connect(settings, kubeconfig=kubeconfig, context=context), settings, spool=spool)


class K8sPipelineClient(Closing):
    """A `PipelineServiceClient` that runs pipelines as Jobs and CronJobs.

    Attributes:
        pipelines: All other operations, by pipeline name.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: Settings,
        *,
        spool: LogSpool | None = None,
        accepted: Accepted = unasked,
    ) -> None:
        """Take a cluster; see `create_client` for the usual way, and `Pipelines` for the arguments."""
        self._cluster = cluster
        self._settings = settings
        self.pipelines = Pipelines(cluster, settings, spool=spool, accepted=accepted)

    def close(self) -> None:
        """Close the connections, and delete stored logs; idempotent."""
        self.pipelines.close()

    def deploy_pipeline(
        self,
        pipeline: Mapping[str, Any],
        service: Mapping[str, Any],
        *,
        updated_at: Callable[[], int | None] = lambda: None,
    ) -> PipelineServiceResponse:
        """Create or update a pipeline's objects; idempotent, writes nothing if nothing has changed.

        An earlier state of the entity, by its ``updatedAt``, than the one that is deployed is ignored, and the reason
        says so.

        Args:
            pipeline: The entity.
            service: The entity of its service.
            updated_at: Asked in that case: returns the entity's ``updatedAt`` in OpenMetadata as it is now, in ms,
                None where OpenMetadata cannot be asked. If that is older than what is deployed, too, the entity is
                taken: a clock was set back, or a backup restored.

        Raises:
            DefinitionError: It cannot be run; nothing has been written.
            ScheduleError: Kubernetes would reject its schedule; nothing has been written.
        """
        found = pipeline_of(IngestionPipeline, pipeline, self._settings, service=service)
        done = self.pipelines.deploy(found, source=Source.SERVER, current=lambda _: updated_at())
        return _done("; ".join([f"Pipeline {done.action} as CronJob {done.name}", *done.notes]))

    def run_pipeline(
        self,
        pipeline: Mapping[str, Any],
        *,
        run_id: str | None = None,
        app_config_override: Mapping[str, Any] | None = None,
        source_config_override: Mapping[str, Any] | None = None,
    ) -> PipelineServiceResponse:
        """Start a run of a deployed pipeline, enabled or not.

        Raises:
            UnknownNameError: It is not deployed.
            RunActiveError: A run of it is active.
        """
        run = self.pipelines.run(
            self._cronjob(pipeline),
            run_id=run_id,
            app_config_override=app_config_override,
            source_config_override=source_config_override,
        )
        return _started("Pipeline", run)

    def delete_pipeline(self, pipeline: Mapping[str, Any], *, wait: bool = True) -> PipelineServiceResponse:
        """Delete a pipeline and its objects; no error if it does not exist.

        Args:
            pipeline: The pipeline.
            wait: False: return once nothing of it can start and all of it is ending; see `Pipelines.delete`.

        Raises:
            UnknownNameError: Several OpenMetadata instances have it here, and the settings do not say which is meant.
            WaitTimeoutError: Objects still exist after the timeout, or others keep deploying it.
        """
        for _ in range(_MOST_CHANGES):
            found = self._found(pipeline)
            if found is None:
                self.pipelines.remove_unused_tokens()  # left by an interrupted delete
                return _done("Pipeline was not deployed")
            notes: list[str] = []
            if self.pipelines.delete_as_read(found, wait=wait, announce=notes.append):
                name = found["metadata"]["name"]
                ending = f"{name} is terminating, and no run of it can start"
                said = f"all objects of {name} are gone" if wait else ending
                return _done("; ".join([f"Pipeline deleted: {said}", *notes]))
        raise WaitTimeoutError(f"pipeline {_fqn(pipeline)!r} keeps being changed by others", hint="try again")

    def set_pipeline_enabled(self, pipeline: Mapping[str, Any], enabled: bool) -> PipelineServiceResponse:
        """Enable or disable a pipeline's schedule; active runs continue.

        Raises:
            UnknownNameError: It is not deployed.
            InputError: It has no schedule to disable.
        """
        if not enabled:
            self.pipelines.disable(self._cronjob(pipeline))
            return _done("Pipeline disabled")
        notes: list[str] = []
        self.pipelines.enable(self._cronjob(pipeline), announce=notes.append)
        return _done("; ".join(["Pipeline enabled", *notes]))

    def kill_pipeline(
        self, pipeline: Mapping[str, Any], *, run_id: str | None = None, wait: bool = True
    ) -> PipelineServiceResponse:
        """Kill the active runs of a pipeline, or one of them; returns when their pods are gone.

        Args:
            pipeline: The pipeline.
            run_id: The run; all that are active if None.
            wait: False: return once it is accepted that they are ending; see `Pipelines.kill`.

        Raises:
            UnknownNameError: It is not deployed, or has no such run.
            WaitTimeoutError: A pod is still there after the timeout.
        """
        notes: list[str] = []
        killed = self.pipelines.kill(self._cronjob(pipeline), run=run_id, wait=wait, announce=notes.append)
        did = "killed" if wait else "terminating"
        done = f"{counted(len(killed), 'run')} {did}" if killed else "No run of the pipeline was active"
        return _done("; ".join([done, *notes]))

    def queued_statuses(self, pipeline: Mapping[str, Any]) -> list[Document]:
        """Return the queued runs whose ids this program has made; none if the pipeline is not deployed.

        Two requests to the API server; ``startDate`` and ``timestamp`` are when they were created.
        """
        return [
            {
                "runId": run.run_id,
                "pipelineState": str(State.QUEUED),
                "startDate": milliseconds(run.created_at),
                "timestamp": milliseconds(run.created_at),
            }
            for run in self.pipelines.queued_runs(_fqn(pipeline))
        ]

    def last_logs(self, pipeline: Mapping[str, Any], after: int | None = None) -> Mapping[str, str]:
        """Return a page of the newest run's log; if there is none, the reason.

        Pages that are read in order cost one read of the log altogether; see `Pipelines.log_page`.

        Raises:
            UnknownNameError: The pipeline is not deployed, or has no runs.
            InputError: There is no such page.
        """
        number = after or 0
        found = existing(self.pipelines.log_page(self._cronjob(pipeline), number), number)
        page = {_TASKS.get(str(pipeline.get("pipelineType")), _DEFAULT_TASK): found.text}
        page["total"] = str(found.total)
        if number + 1 < found.total:
            page["after"] = str(number + 1)
        return page

    def run_automation(self, workflow: Mapping[str, Any]) -> PipelineServiceResponse:
        """Run an automation workflow once; it is never retried.

        Raises:
            DefinitionError: It is not an automation workflow.
        """
        return _started("Automation workflow", self.pipelines.run_automation(dict(workflow)))

    def run_application(self, app: Mapping[str, Any]) -> PipelineServiceResponse:
        """Run an application once.

        Raises:
            DefinitionError: It is not an application, or does not run in a pod.
        """
        return _started("Application", self.pipelines.run_application(dict(app)))

    def service_status(self) -> PipelineServiceResponse:
        """Return whether the API server responds and grants the permissions that are needed; never raises."""
        try:
            version = check(self._cluster)
        except ClusterError as error:
            code = error.status if isinstance(error, ApiError) else 500
            return PipelineServiceResponse(code, PLATFORM, reason=str(error))
        reason = f"namespace {self._settings.namespace}, runs as {self._settings.service_account_name}"
        return PipelineServiceResponse(200, PLATFORM, reason=reason, version=version)

    def host_ip(self) -> Mapping[str, str] | None:
        """Return the setting ``hostIp``, else this machine's address; None unless ``ingestionIpInfoEnabled``."""
        if not self._settings.ingestion_ip_info_enabled:
            return None
        address = self._settings.host_ip
        with suppress(OSError):
            address = address or socket.gethostbyname(socket.gethostname())
        return {"ip": address or "unknown: set hostIp"}

    def _cronjob(self, pipeline: Mapping[str, Any]) -> Object:
        """Return the CronJob of a deployed pipeline."""
        found = self._found(pipeline)
        if found is None:
            fqn = pipeline["fullyQualifiedName"]
            raise UnknownNameError(f"pipeline {fqn!r} is not deployed", hint="deploy it first")
        return found

    def _found(self, pipeline: Mapping[str, Any]) -> Object | None:
        """Return the CronJob of a pipeline if it is deployed; by its FQN, since a NAME could match another one."""
        fqn = _fqn(pipeline)
        items = by_fqn(self._cluster, fqn, within=self._within(pipeline))
        found = [item for item in items if not _is_another(item, pipeline)]
        if len(found) > 1:
            raise UnknownNameError(
                f"{len(found)} OpenMetadata instances have a pipeline {fqn!r} in this namespace",
                hint="set `instance`, so that each client sees its own pipelines",
            )
        return found[0] if found else None

    def _within(self, pipeline: Mapping[str, Any]) -> str:
        """Return the label selector of the instance; empty if neither settings nor entity have one."""
        connection = pipeline.get("openMetadataServerConnection")
        instance = self._settings.instance or (instance_of(connection) if connection else None)
        return "" if instance is None else f"{labels.INSTANCE}={naming.instance_label(instance)}"


def _fqn(pipeline: Mapping[str, Any]) -> str:
    fqn = pipeline.get("fullyQualifiedName") if isinstance(pipeline, Mapping) else None
    if not isinstance(fqn, str) or not fqn:
        raise DefinitionError(
            "the pipeline has no fullyQualifiedName", hint="send the entity as OpenMetadata's API returns it"
        )
    return fqn


def _is_another(item: Object, pipeline: Mapping[str, Any]) -> bool:
    """Return whether a CronJob belongs to another pipeline that has the same name."""
    wanted = pipeline.get("id")
    wanted, deployed = naming.identity(wanted) if isinstance(wanted, str) else None, identity(item)
    return wanted is not None and deployed is not None and wanted != deployed


def _done(reason: str) -> PipelineServiceResponse:
    return PipelineServiceResponse(200, PLATFORM, reason=reason)


def _started(what: str, run: RunStatus) -> PipelineServiceResponse:
    return PipelineServiceResponse(200, PLATFORM, reason=f"{what} triggered as Job {run.job_name}", run_id=run.run_id)
