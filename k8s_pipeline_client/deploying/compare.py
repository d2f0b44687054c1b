"""Compares the pipelines of an OpenMetadata server with those of the cluster. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.deploying.fetch import ServerPipeline
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.managers import suspend_is_set_by_others
from k8s_pipeline_client.domain.objects import MAIN_CONTAINER, annotation, identity
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.render.config import WINDOW_OPTION
from k8s_pipeline_client.render.plan import Plan, plan
from k8s_pipeline_client.settings import Settings


class Standing(StrEnum):
    """The state of a pipeline on the server and on the cluster."""

    MISSING = "missing"
    """The cluster does not have it."""
    CHANGED = "changed"
    """A deploy from the server would change it."""
    UP_TO_DATE = "up-to-date"
    ORPHANED = "orphaned"
    """It was deployed from the server, where it no longer exists."""
    FROM_FILES = "deployed-from-files"
    """The cluster has it, but from files: a deploy from the server is refused without force."""
    NOT_RUN = "not-run"
    """OpenMetadata itself does not run it as a pipeline."""
    UNUSABLE = "unusable"
    """It cannot be deployed."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One pipeline.

    Attributes:
        resource_name: The name of its objects; None if it has none, even after a deploy.
        reasons: What has changed, or why it cannot be deployed.
        cronjob: Its CronJob; None if there is none.
    """

    fqn: str
    display_name: str
    service: str
    pipeline_type: str
    resource_name: str | None
    standing: Standing
    reasons: Sequence[str] = ()
    cronjob: Object | None = field(default=None, repr=False, compare=False)

    @property
    def id(self) -> str:
        """The id in OpenMetadata with which it was deployed; empty if it was not, or had none."""
        return annotation(self.cronjob, labels.ID) if self.cronjob else ""

    @property
    def is_from_server(self) -> bool:
        """Whether the cluster has it, and has it from the server."""
        return self.cronjob is not None and annotation(self.cronjob, labels.MANAGED_BY_SOURCE) == Source.SERVER

    def is_still(self, cronjob: Object) -> bool:
        """Return whether a CronJob is the compared one, deployed from the same source."""
        return (
            self.cronjob is not None
            and cronjob["metadata"]["uid"] == self.cronjob["metadata"]["uid"]
            and annotation(cronjob, labels.MANAGED_BY_SOURCE) == annotation(self.cronjob, labels.MANAGED_BY_SOURCE)
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "fqn": self.fqn,
            "displayName": self.display_name,
            "service": self.service,
            "pipelineType": self.pipeline_type,
            "resourceName": self.resource_name,
            "standing": str(self.standing),
            "reasons": list(self.reasons),
        }


_FIELDS: Mapping[str, Sequence[tuple[str, ...]]] = MappingProxyType(
    {
        "schedule": [("spec", "schedule")],
        "time zone": [("spec", "timeZone")],
        "concurrency": [("spec", "concurrencyPolicy")],
        "retries": [("spec", "jobTemplate", "spec", "backoffLimit")],
        "deadline": [
            ("spec", "jobTemplate", "spec", "activeDeadlineSeconds"),
            ("spec", "jobTemplate", "spec", "template", "spec", "activeDeadlineSeconds"),
        ],
    }
)
"""The fields of a CronJob that a definition determines, in words; other settings are compared by `diff`."""

_NAMES: Mapping[str, str] = MappingProxyType({labels.DOCUMENT_HASH: "document", labels.ON_DEMAND: "schedule"})
_NOT_OF_THE_DEFINITION = frozenset({labels.CLIENT_VERSION, labels.NOTES, labels.MANAGED_BY_SOURCE})


def compare(found: Sequence[ServerPipeline], cronjobs: Sequence[Object], settings: Settings) -> list[Comparison]:
    """Compare the server's pipelines with the CronJobs of its instance.

    Args:
        found: All pipelines of the server.
        cronjobs: All CronJobs of this instance.
        settings: As for a deploy.

    Returns:
        Sorted by service and name.
    """
    by_name = {str(item["metadata"]["name"]): item for item in cronjobs}
    # The name decides, whatever id it was deployed with.
    ids = {item.fqn: item.id for item in found}
    by_id = {
        own: item for item in cronjobs if (own := identity(item)) and ids.get(annotation(item, labels.FQN), own) == own
    }
    result = [_compared(item, by_name, by_id, settings) for item in found]
    result += [_of_cronjob(item, Standing.ORPHANED) for item in orphans(found, cronjobs)]
    return sorted(result, key=lambda item: (item.service, item.pipeline_type, item.display_name, item.fqn))


def is_known(found: Sequence[Comparison]) -> bool:
    """Return whether the server has any of the pipelines that were deployed from it.

    Pipelines that are deployed from files do not count: another server may have the same names.
    """
    return any(item.is_from_server and item.standing is not Standing.ORPHANED for item in found)


def orphans(found: Sequence[ServerPipeline], cronjobs: Sequence[Object]) -> list[Object]:
    """Return the CronJobs of pipelines that no longer exist on the server they were deployed from.

    Renamed ones are not included: the next deploy replaces them.
    """
    known = {item.fqn for item in found} | {item.id for item in found if item.id}
    return [
        item
        for item in cronjobs
        if annotation(item, labels.MANAGED_BY_SOURCE) == Source.SERVER
        and annotation(item, labels.FQN) not in known
        and identity(item) not in known
    ]


def _compared(
    item: ServerPipeline, by_name: Mapping[str, Object], by_id: Mapping[str, Object], settings: Settings
) -> Comparison:
    live = by_id.get(item.id)
    if item.pipeline is None:
        standing = Standing.NOT_RUN if item.is_skipped else Standing.UNUSABLE
        return _of_server(item, live, standing, [str(item.error)])
    live = by_name.get(item.pipeline.resource_name, live)
    try:
        wanted = plan(item.pipeline, settings, source=Source.SERVER)
    except PipelineError as error:
        return _of_server(item, live, Standing.UNUSABLE, [str(error)])
    if live is None:
        return _of_server(item, live, Standing.MISSING, name=wanted.name)
    if annotation(live, labels.MANAGED_BY_SOURCE) == Source.FILES:
        return _of_server(item, live, Standing.FROM_FILES)
    reasons = list(dict.fromkeys(_changes(wanted, live)))
    return _of_server(item, live, Standing.CHANGED if reasons else Standing.UP_TO_DATE, reasons, name=wanted.name)


def _changes(wanted: Plan, live: Object) -> Iterator[str]:
    """Yield the differences between the definition and what is deployed, in words."""
    if wanted.name != live["metadata"]["name"]:
        yield f"renamed, was {annotation(live, labels.FQN)}"
        return
    annotations = wanted.cronjob["metadata"]["annotations"]
    for key in sorted({*annotations, *_NAMES} - _NOT_OF_THE_DEFINITION):
        if annotations.get(key, "") != annotation(live, key):
            yield _NAMES.get(key, key.removeprefix(labels.PREFIX))
    for name, paths in _FIELDS.items():
        if any(_at(wanted.cronjob, path) != _at(live, path) for path in paths):
            yield name
    if _window(wanted.cronjob) != _window(live):
        yield "start and end"
    if bool(live["spec"].get("suspend")) != wanted.suspend and not suspend_is_set_by_others(live):
        yield "disabled" if wanted.suspend else "enabled"


def _at(item: Any, path: Sequence[str]) -> Any:
    for key in path:
        item = (item or {}).get(key)
    return item


def _window(cronjob: Object) -> str:
    """Return the schedule's start and end, from the launcher's option."""
    containers = _at(cronjob, ("spec", "jobTemplate", "spec", "template", "spec", "containers")) or ()
    for container in containers:
        arguments = container.get("args") or ()
        if container["name"] == MAIN_CONTAINER and WINDOW_OPTION in arguments[:-1]:
            return str(arguments[arguments.index(WINDOW_OPTION) + 1])
    return ""


def _of_server(
    item: ServerPipeline,
    live: Object | None,
    standing: Standing,
    reasons: Sequence[str] = (),
    *,
    name: str | None = None,
) -> Comparison:
    name = name or (live["metadata"]["name"] if live else None)
    reasons = tuple(reasons)
    return Comparison(item.fqn, item.display_name, item.service, item.pipeline_type, name, standing, reasons, live)


def _of_cronjob(item: Object, standing: Standing) -> Comparison:
    return Comparison(
        annotation(item, labels.FQN),
        annotation(item, labels.DISPLAY_NAME),
        annotation(item, labels.SERVICE),
        annotation(item, labels.PIPELINE_TYPE),
        item["metadata"]["name"],
        standing,
        cronjob=item,
    )
