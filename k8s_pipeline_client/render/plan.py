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
    """What the cluster is to hold for a pipeline.

    Attributes:
        name: The name of CronJob, Secret and ConfigMap.
        cronjob: Without ``spec.suspend``.
        suspend: The wanted ``spec.suspend``.
        launcher: Shared by all pipelines of the namespace.
        ca: The certificates that its runs trust, shared as well; None where it needs none of ours.
        token: The Secret with its bot's token, shared by all pipelines of instance and bot; None where the token
            stays in the document, or is in somebody else's Secret.
        notes: What was changed in the settings and why.
        source: Where the definition comes from.
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

    @property
    def shared(self) -> list[Document]:
        """What other pipelines use as well and never changes."""
        return [self.launcher, *([self.ca] if self.ca else [])]

    def config_map_keys(self) -> list[str]:
        """Return the lookup keys of the ConfigMaps that it needs, and of those that it may have had."""
        return sorted({self.name, *map(_key, (self.config_map, *self.shared))})

    def secret_keys(self) -> list[str]:
        """Return the lookup keys of the Secrets that it needs."""
        return sorted({_key(item) for item in (self.secret, self.token) if item})

    def suspended_cronjob(self) -> Document:
        """Return the CronJob as it is first written: nothing may run before all else is there."""
        return self._with_suspend(True)

    def owned_by(self, owner: Document) -> tuple[Document, Document]:
        """Return Secret and ConfigMap with the owner reference to the CronJob that the server returned."""
        return _owned(self.secret, owner), _owned(self.config_map, owner)

    def suspend_patch(self, suspend: bool) -> Document:
        """Return the smallest object that applies ``spec.suspend`` and nothing else."""
        return suspend_manifest(self.name, self.cronjob["metadata"]["namespace"], suspend)

    def manifests(self) -> list[Document]:
        """Return the manifests for ``kubectl apply --server-side``, in an order that is safe to write."""
        token = [self.token] if self.token else []
        return [*self.shared, *token, self.secret, self.config_map, self._with_suspend(self.suspend)]

    def _with_suspend(self, suspend: bool) -> Document:
        return {**self.cronjob, "spec": {**self.cronjob["spec"], "suspend": suspend}}


@dataclass(frozen=True, slots=True)
class OneShotPlan:
    """A run without a CronJob: a Job that owns its Secret.

    Attributes:
        job: Suspended, so that it starts once its Secret is there; but not where a queue decides when it starts.
        notes: What comes out otherwise than definition or settings ask for, and why.
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
        """What other runs use as well and never changes."""
        return [self.launcher, *([self.ca] if self.ca else [])]

    def manifests(self) -> list[Document]:
        """Return the manifests for ``kubectl apply --server-side``; so applied, the Job does not own its Secret."""
        spec = {key: value for key, value in self.job["spec"].items() if key != "suspend"}
        return [*self.shared, self.secret, {**self.job, "spec": spec}]

    def owned_by(self, owner: Document) -> Document:
        """Return the Secret with the owner reference to the Job that the server returned."""
        return _owned(self.secret, owner)


def plan(pipeline: Pipeline, settings: Settings, *, source: Source = Source.FILES) -> Plan:
    """Plan a pipeline.

    Args:
        pipeline: What to run.
        settings: Of all pipelines; what they override for this one applies.
        source: Where the definition comes from.

    Raises:
        DefinitionError: Its document is larger than a Secret may be, or has no token where it needs one; or it is
            nothing that can be deployed.
        SettingsError: An overlay changes what must stay as it is.
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
    with _overlay_named(pipeline, settings):
        planned = cronjob.cronjob(pipeline, name, own, source)
    if token_secret:
        for metadata in (planned["metadata"], planned["spec"]["jobTemplate"]["metadata"]):
            metadata["labels"][labels.TOKEN] = token_secret["metadata"]["name"]
    return Plan(
        pipeline=pipeline,
        name=name,
        cronjob=planned,
        suspend=cronjob.suspended(pipeline),
        secret=config.secret(pipeline, name, own.namespace),
        config_map=config.config_map(pipeline, name, own.namespace),
        launcher=config.launcher_config_map(own.namespace),
        notes=tuple(cronjob.notes(pipeline, own)),
        source=source,
        ca=_ca(pipeline, own),
        token=token_secret,
    )


def plan_one_shot(pipeline: Pipeline, settings: Settings, run_id: str) -> OneShotPlan:
    """Plan a single run that leaves nothing behind after its TTL; the token stays in its document.

    Raises:
        DefinitionError: Its document is larger than a Secret may be, or has no token where it needs one.
        SettingsError: An overlay changes what must stay as it is.
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
    # A queue suspends and resumes its Jobs itself. To resume one in its place would be to jump the queue.
    if own.queue_name is None:
        run["spec"]["suspend"] = True
    secret = config.secret(pipeline, name, settings.namespace)
    secret["metadata"]["labels"] |= mark
    launcher = config.launcher_config_map(settings.namespace)
    notes = tuple(job.notes(pipeline, own))
    return OneShotPlan(name, run_id, pipeline, run, secret, launcher, notes, _ca(pipeline, settings))


def planned(pipeline: Pipeline, settings: Settings) -> Plan | OneShotPlan:
    """Return what the cluster would hold for anything that can be defined.

    The errors are those of `plan`. What runs once has a run id that follows from its document, so that the same
    definition gives the same manifests.
    """
    if not pipeline.runs_once:
        return plan(pipeline, settings)
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"{pipeline.instance}\0{pipeline.fqn}\0{pipeline.document_sha256()}")
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
        settings: How to run it.
        origin: Where the pipeline was defined, for errors.
        now: Aware; what a startDate and an endDate are compared with.

    Raises:
        DefinitionError: It cannot become a pipeline.
        ScheduleError: Kubernetes would refuse its schedule.
    """
    if isinstance(pipeline, Workflow):
        return plan(from_workflow(pipeline, origin, now=now), settings).manifests()
    if service is None:
        raise DefinitionError(f"{origin}: the service of {pipeline.name!r} is needed, for its type")
    return plan(from_entity(pipeline, service, origin, now=now), settings).manifests()


def _certificates_apart(pipeline: Pipeline) -> Pipeline:
    document, certificates = ca_apart(pipeline.document, pipeline.origin)
    return replace(pipeline, document=document, ca_bundle=certificates) if certificates else pipeline


def _ca(pipeline: Pipeline, settings: Settings) -> Document | None:
    return config.ca_config_map(pipeline.ca_bundle, settings.namespace) if pipeline.ca_bundle else None


def suspend_manifest(name: str, namespace: str, suspend: bool) -> Document:
    """Return the smallest object that applies a CronJob's ``spec.suspend`` and nothing else."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"suspend": suspend},
    }


@contextmanager
def _overlay_named(pipeline: Pipeline, settings: Settings) -> Iterator[None]:
    """Say in which part of the settings the overlay stands that cannot be used."""
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
