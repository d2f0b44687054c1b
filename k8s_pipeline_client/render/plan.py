"""All manifests of a pipeline."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.connection import ca_apart
from k8s_pipeline_client.domain.entities import Document, IngestionPipeline, Service, Workflow
from k8s_pipeline_client.domain.pipeline import Pipeline, from_entity, from_workflow
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import DefinitionError, SettingsError
from k8s_pipeline_client.render import config, cronjob, job, token
from k8s_pipeline_client.render.metadata import name_labels, owner_reference
from k8s_pipeline_client.render.overlay import OverlayError
from k8s_pipeline_client.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """The desired objects of a pipeline.

    Attributes:
        name: The name of CronJob, Secret and ConfigMap.
        cronjob: Without ``spec.suspend``.
        suspend: The desired ``spec.suspend``.
        launcher: Shared by all pipelines of the namespace.
        ca: The CA certificates of its runs, shared as well; None if there are none.
        token: The Secret with its bot's token, shared by all pipelines of instance and bot; None if the token is in
            the document, or in a Secret that is managed elsewhere.
        notes: Changed settings with the reasons.
        source: Where the definition comes from.
        updated_at: When the server's entity was changed, in ms; None where that is not known, or decides nothing.
    """

    pipeline: Pipeline
    name: str
    cronjob: Document
    suspend: bool
    secret: Document
    config_map: Document
    launcher: Document
    notes: Sequence[str]
    source: Source = Source.FILES
    ca: Document | None = None
    token: Document | None = None
    updated_at: int | None = None

    @property
    def shared(self) -> list[Document]:
        """Immutable objects that are shared with other pipelines."""
        return [self.launcher, *([self.ca] if self.ca else [])]

    def config_map_keys(self) -> list[str]:
        """Return the lookup keys of the ConfigMaps that it needs, and of former ones."""
        return sorted({self.name, *map(_key, (self.config_map, *self.shared))})

    def secret_keys(self) -> list[str]:
        """Return the lookup keys of the Secrets that it needs."""
        return sorted({_key(item) for item in (self.secret, self.token) if item})

    def suspended_cronjob(self) -> Document:
        """Return the CronJob for its creation: suspended, until all other objects exist."""
        return self._with_suspend(True)

    def owned_by(self, owner: Document) -> tuple[Document, Document]:
        """Return Secret and ConfigMap with the owner reference to the CronJob that the server returned."""
        return _owned(self.secret, owner), _owned(self.config_map, owner)

    def suspend_patch(self, suspend: bool) -> Document:
        """Return the minimal object to apply ``spec.suspend``."""
        return suspend_manifest(self.name, self.cronjob["metadata"]["namespace"], suspend)

    def manifests(self) -> list[Document]:
        """Return the manifests for ``kubectl apply --server-side``, in a safe order."""
        token = [self.token] if self.token else []
        return [*self.shared, *token, self.secret, self.config_map, self._with_suspend(self.suspend)]

    def _with_suspend(self, suspend: bool) -> Document:
        return {**self.cronjob, "spec": {**self.cronjob["spec"], "suspend": suspend}}


@dataclass(frozen=True, slots=True)
class OneShotPlan:
    """A run without a CronJob: a Job that owns its Secret.

    Attributes:
        job: Suspended until its Secret exists, unless a queue decides when it starts.
        notes: Deviations from definition or settings, with the reasons.
    """

    name: str
    run_id: str
    pipeline: Pipeline
    job: Document
    secret: Document
    launcher: Document
    notes: Sequence[str]
    ca: Document | None = None

    @property
    def shared(self) -> list[Document]:
        """Immutable objects that are shared with other runs."""
        return [self.launcher, *([self.ca] if self.ca else [])]

    def manifests(self) -> list[Document]:
        """Return the manifests for ``kubectl apply --server-side``; the Job does not own its Secret then."""
        return [*self.shared, self.secret, job.without_hold(self.job)]

    def owned_by(self, owner: Document) -> Document:
        """Return the Secret with the owner reference to the Job that the server returned."""
        return _owned(self.secret, owner)


def plan(pipeline: Pipeline, settings: Settings, *, source: Source = Source.FILES) -> Plan:
    """Plan a pipeline.

    Args:
        pipeline: The pipeline.
        settings: The settings for all pipelines; their overrides are applied.
        source: Where the definition comes from.

    Raises:
        DefinitionError: Its document exceeds the limit of a Secret, or has no token but needs one; or it cannot be
            deployed.
        SettingsError: An overlay changes a protected field.
    """
    if pipeline.runs_once:
        raise DefinitionError(
            f"{pipeline.origin}: {pipeline.component} {pipeline.display_name!r} runs once and cannot be deployed",
            code="RunsOnce",
            facts={"name": pipeline.display_name},
            hint="start a run of its definition instead",
        )
    name = pipeline.resource_name
    own = settings.for_pipeline(pipeline)
    pipeline, token_secret = token.token_apart(_certificates_apart(pipeline), own)
    document = pipeline.encoded()
    with _overlay_named(pipeline, settings):
        planned = cronjob.cronjob(pipeline, name, own, document, source)
    if token_secret:
        for metadata in (planned["metadata"], planned["spec"]["jobTemplate"]["metadata"]):
            metadata["labels"][labels.TOKEN] = token_secret["metadata"]["name"]
    suspend = cronjob.suspended(pipeline)
    config_map = config.config_map(pipeline, name, own.namespace, document)
    secret = config.secret(pipeline, name, own.namespace, document)
    if source is Source.SERVER:  # files are rendered again by whoever has them, with their own settings
        secret = config.with_definition(secret, pipeline)
    # By an id the server means one entity, of which one state is later than another. Files are as new as their deploy.
    updated_at = pipeline.updated_at if source is Source.SERVER and pipeline.id else None
    if updated_at is not None:
        digest = config.content_sha256(planned, suspend)  # the CronJob has the document's
        config_map["metadata"]["annotations"][labels.CONTENT_HASH] = digest
    return Plan(
        pipeline=pipeline,
        name=name,
        cronjob=planned,
        suspend=suspend,
        secret=secret,
        config_map=config_map,
        launcher=config.launcher_config_map(own.namespace),
        notes=tuple(cronjob.notes(pipeline, own)),
        source=source,
        ca=_ca(pipeline, own),
        token=token_secret,
        updated_at=updated_at,
    )


def plan_one_shot(pipeline: Pipeline, settings: Settings, run_id: str) -> OneShotPlan:
    """Plan a single run whose objects are deleted after its TTL; the token stays in its document.

    Raises:
        DefinitionError: Its document exceeds the limit of a Secret, or has no token but needs one.
        SettingsError: An overlay changes a protected field.
    """
    name = naming.one_shot_name(service=pipeline.service, pipeline_type=pipeline.pipeline_type, run_id=run_id)
    mark = {labels.ONE_SHOT: "true"}
    own = settings.for_pipeline(pipeline)
    pipeline = token.token_in_named_secret(_certificates_apart(pipeline), own)
    with _overlay_named(pipeline, settings):
        template = job.job_template(pipeline, name, own)
    run = job.run_job(
        template,
        name=name,
        namespace=settings.namespace,
        run_id=run_id,
        owners=[],
        extra_labels=mark,
    )
    run["metadata"]["labels"] |= name_labels(pipeline)
    run["metadata"]["annotations"][labels.ON_DEMAND] = "true"
    # A queue suspends and resumes its Jobs itself. Resuming one here would bypass the queue.
    if own.queue_name is None:
        job.hold(run)
    secret = config.secret(pipeline, name, settings.namespace, pipeline.encoded())
    secret["metadata"]["labels"] |= mark
    launcher = config.launcher_config_map(settings.namespace)
    notes = tuple(job.notes(pipeline, own))
    return OneShotPlan(name, run_id, pipeline, run, secret, launcher, notes, _ca(pipeline, settings))


def planned(pipeline: Pipeline, settings: Settings) -> Plan | OneShotPlan:
    """Plan any definition.

    Raises the errors of `plan`. The run id of a one-shot run is derived from its document, so that the manifests are
    deterministic.
    """
    if not pipeline.runs_once:
        return plan(pipeline, settings)
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"{pipeline.instance}\0{pipeline.fqn}\0{pipeline.encoded().sha256}")
    return plan_one_shot(pipeline, settings, str(identity))


def render(
    pipeline: IngestionPipeline | Workflow,
    service: Service | None,
    settings: Settings,
    *,
    origin: str = "input",
    now: datetime | None = None,
) -> list[Document]:
    """Return the manifests of a pipeline.

    Args:
        pipeline: An IngestionPipeline entity or a plain workflow document.
        service: The service entity; not needed for a workflow document.
        settings: The settings.
        origin: Where the pipeline was defined, for errors.
        now: Aware; what a startDate and an endDate are compared with.

    Raises:
        DefinitionError: It cannot become a pipeline.
        ScheduleError: Kubernetes would reject its schedule.
    """
    if isinstance(pipeline, Workflow):
        return plan(from_workflow(pipeline, origin, now=now), settings).manifests()
    if service is None:
        raise DefinitionError(f"{origin}: the service of {pipeline.name!r} is required, for its type")
    return plan(from_entity(pipeline, service, origin, now=now), settings).manifests()


def _certificates_apart(pipeline: Pipeline) -> Pipeline:
    document, certificates = ca_apart(pipeline.document, pipeline.origin)
    return replace(pipeline, document=document, ca_bundle=certificates) if certificates else pipeline


def _ca(pipeline: Pipeline, settings: Settings) -> Document | None:
    return config.ca_config_map(pipeline.ca_bundle, settings.namespace) if pipeline.ca_bundle else None


def suspend_manifest(name: str, namespace: str, suspend: bool) -> Document:
    """Return the minimal object to apply a CronJob's ``spec.suspend``."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"suspend": suspend},
    }


@contextmanager
def _overlay_named(pipeline: Pipeline, settings: Settings) -> Iterator[None]:
    """Return the settings error for an invalid overlay, with its place."""
    try:
        yield
    except OverlayError as error:
        where = "podTemplate"
        if error.number >= len(settings.pod_template):
            where = f"overrides[{settings.override_for(pipeline)}].settings.podTemplate"
        raise SettingsError(f"settings cannot be used for {pipeline.fqn!r}: {where}: {error}") from error


def _key(manifest: Document) -> str:
    return str(manifest["metadata"]["labels"][labels.LOOKUP_KEY])


def _owned(manifest: Document, owner: Document) -> Document:
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [owner_reference(owner)]}}
