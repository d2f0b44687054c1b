"""Collects what the cluster says. What is refused is unknown, and stops no other question."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from k8s_pipeline_client.cluster.access import NEEDED, Right, Rights, group_of, needed_by
from k8s_pipeline_client.cluster.port import Cluster, Extra, Kind, Object
from k8s_pipeline_client.doctor import pods
from k8s_pipeline_client.doctor.facts import ClusterFacts, Maybe, Trial, Unknown
from k8s_pipeline_client.doctor.sample import NAME, OWN_VOLUMES, pod_of, sample_cronjob
from k8s_pipeline_client.doctor.trial import without
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.errors import ApiError, ClusterError, ForbiddenError, NotFoundError, PipelineError
from k8s_pipeline_client.reporter.memory import LEDGER
from k8s_pipeline_client.reporter.schedules import last_look
from k8s_pipeline_client.settings import Settings

NAMESPACE = Extra("", "v1", "namespaces")
QUOTAS = Extra("", "v1", "resourcequotas")
CLAIMS = Extra("", "v1", "persistentvolumeclaims")
NODES = Extra("", "v1", "nodes", namespaced=False)
OMJOBS = Extra("pipelines.openmetadata.org", "v1", "omjobs")
CRON_OMJOBS = Extra("pipelines.openmetadata.org", "v1", "cronomjobs")
READ: Mapping[Extra, tuple[str, ...]] = {
    NAMESPACE: ("get",),
    QUOTAS: ("list",),
    CLAIMS: ("get",),
    NODES: ("list",),
    OMJOBS: ("list",),
    CRON_OMJOBS: ("list",),
}
"""What is read besides what the Role grants, where it may be; rbac/doctor.yaml is written from this."""
_ZONE = "Europe/Berlin"
_MOST_ZONES = 10

T = TypeVar("T")


def gather(cluster: Cluster, settings: Settings, clock: Callable[[], datetime]) -> ClusterFacts:
    """Ask the cluster.

    Raises:
        SettingsError: No pod can be made of the settings.
    """
    item = sample_cronjob(settings, f"{NAME}-{secrets.token_hex(5)}", _ZONE)
    try:
        version = cluster.version()
    except ClusterError as error:
        return ClusterFacts(cluster.namespace, unreachable=error)
    skew: Maybe[float] = Unknown("the API server's responses have no Date")
    if cluster.tells_time():
        skew = (clock() - cluster.now()).total_seconds()
    spec = pod_of(item, NAME)["spec"]
    known = ClusterFacts(
        cluster.namespace,
        version=version,
        identity=_asked(cluster.whoami),
        skew_seconds=skew,
        exists=cluster.namespace_exists(),
    )
    if known.exists is False:
        return known
    denied = _asked(lambda: _denied(cluster))
    cronjobs = _asked(lambda: cluster.list(Kind.CRONJOB))
    return ClusterFacts(
        cluster.namespace,
        version=version,
        identity=known.identity,
        skew_seconds=skew,
        exists=known.exists,
        denied=denied,
        trial=try_pod(cluster, pod_of(item, item["metadata"]["name"])),
        zones={zone: _try_zone(cluster, item, zone) for zone in _zones(cronjobs)},
        quotas=_looked(cluster, QUOTAS),
        references=_references(cluster, spec),
        nodes=_looked(cluster, NODES),
        cronjobs=cronjobs,
        operated=_operated(cluster),
        last_pass=_last_pass(cluster, settings),
    )


def _asked(ask: Callable[[], T]) -> Maybe[T]:
    try:
        return ask()
    except PipelineError as error:
        return Unknown(error.message)


def _denied(cluster: Cluster) -> Rights:
    return frozenset(right for right in needed_by(NEEDED) if not _may(cluster, right))


def _may(cluster: Cluster, right: Right) -> bool:
    resource, _, part = str(right.resource).partition("/")
    return cluster.may(str(right.verb), resource, group=group_of(right.resource), subresource=part)


def _looked(cluster: Cluster, resource: Extra, name: str = "") -> Maybe[Sequence[Object]]:
    """Read what the Role does not grant, if somebody else has granted it."""
    try:
        (verb,) = READ[resource]
        if not cluster.may(verb, resource.plural, group=resource.group):
            return Unknown(f"the account may not {verb} {resource.plural}")
        return cluster.look(resource, name)
    except NotFoundError:
        return ()
    except ForbiddenError:
        return Unknown(f"the account may not read {resource.plural}")
    except PipelineError as error:
        return Unknown(error.message)


def try_pod(cluster: Cluster, pod: Object) -> Trial:
    """Let the API server validate a pod in dry runs, until it accepts it or says nothing new."""
    spec, refusals = pod["spec"], list[PipelineError]()
    left: Object | None = spec
    while left is not None:
        try:
            cluster.create({**pod, "spec": left}, dry_run=True)
        except ApiError as error:
            if error.code == "AccessDenied":
                return Trial(spec, unknown="the account may not create pods, not even in a dry run")
            refusals.append(error)
            left = without(left, error)
        except PipelineError as error:
            return Trial(spec, tuple(refusals), unknown=error.message)
        else:
            break
    return Trial(spec, tuple(refusals))


def _zones(cronjobs: Maybe[Sequence[Object]]) -> list[str]:
    found = [] if isinstance(cronjobs, Unknown) else [item["spec"].get("timeZone") or "UTC" for item in cronjobs]
    return list(dict.fromkeys([_ZONE, *found]))[:_MOST_ZONES]


def _try_zone(cluster: Cluster, item: Object, zone: str) -> Maybe[PipelineError | None]:
    try:
        manifest = {**item, "spec": {**item["spec"], "timeZone": zone}}
        cluster.apply(manifest, manager=MANAGER, dry_run=True)
    except ApiError as error:
        return Unknown("the account may not apply CronJobs") if error.code == "AccessDenied" else error
    except PipelineError as error:
        return Unknown(error.message)
    return None


def _references(cluster: Cluster, spec: Object) -> dict[tuple[str, str], Maybe[Object | None]]:
    return {(kind, name): _reference(cluster, kind, name) for kind, name in pods.references(spec, OWN_VOLUMES)}


def _reference(cluster: Cluster, kind: str, name: str) -> Maybe[Object | None]:
    """Return an object without its data; None if there is none."""
    if kind == pods.CLAIM:
        found = _looked(cluster, CLAIMS, name)
        return found if isinstance(found, Unknown) else next(iter(found), None)
    of = Kind.CONFIG_MAP if kind == pods.CONFIG_MAP else Kind.SECRET
    try:
        return {key: value for key, value in cluster.get(of, name).items() if key not in ("data", "stringData")}
    except NotFoundError:
        return None
    except ForbiddenError:
        return Unknown(f"the account may not read {of}s")
    except PipelineError as error:
        return Unknown(error.message)


def _operated(cluster: Cluster) -> Maybe[Sequence[Object]]:
    jobs, cronjobs = (_looked(cluster, resource) for resource in (OMJOBS, CRON_OMJOBS))
    if isinstance(jobs, Unknown) or isinstance(cronjobs, Unknown):
        return jobs if isinstance(jobs, Unknown) else cronjobs
    named = (("OMJob", jobs), ("CronOMJob", cronjobs))
    return [{**item, "kind": kind} for kind, items in named for item in items]


def _last_pass(cluster: Cluster, settings: Settings) -> Maybe[datetime | None]:
    try:
        found = cluster.get(Kind.CONFIG_MAP, LEDGER).get("data") or {}
    except NotFoundError:
        return None
    except PipelineError as error:
        return Unknown(error.message)
    return last_look(found, settings.instance) or last_look(found, None)
