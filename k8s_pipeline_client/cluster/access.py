"""The RBAC permissions that each operation needs, declared once, and those that the Role of `rbac/` grants.

`rbac/role.yaml` is generated from `GRANTED`, which is broader than what operations need; the minimal Role
(`manifests/components/minimal-role`) and the tables of `docs/reference/rights.md` are generated from `NEEDED`, all by
`make rights`. A test on a cluster carries out each operation with exactly what it needs, and checks in the API server's
audit log that each permission was used: so what is in `NEEDED` is sufficient and minimal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from k8s_pipeline_client.cluster.port import Kind, Object


class Verb(StrEnum):
    """The verbs of a Role, in their usual order; `watch` is an overlay, and no operation needs it."""

    GET = "get"
    LIST = "list"
    CREATE = "create"
    """Server-side apply needs it, besides `patch`, if the object does not exist yet."""
    UPDATE = "update"
    PATCH = "patch"
    DELETE = "delete"


class Resource(StrEnum):
    """The resources of a Role: those of `Kind`, and ``pods/log``."""

    CRONJOBS = "cronjobs"
    JOBS = "jobs"
    PODS = "pods"
    LOGS = "pods/log"
    SECRETS = "secrets"
    CONFIG_MAPS = "configmaps"
    EVENTS = "events"


class Right(NamedTuple):
    """One verb on one resource."""

    verb: Verb
    resource: Resource


class Operation(StrEnum):
    """The operations of the client; named after the command, if there is one.

    A library method needs what the command of the same name needs; `queued_statuses` is ``runs``, `last_logs` is
    ``logs``, `run_automation` and `run_application` are ``run -f``.
    """

    DEPLOY = "deploy"
    DIFF = "diff"
    RUN = "run"
    RUN_FILE = "run -f"
    WAIT = "wait"
    RETRY = "retry"
    LIST = "list"
    LIST_FROM_SERVER = "list from the server"
    STATUS = "status"
    EVENTS = "events"
    DIAGNOSE = "diagnose"
    RUNS = "runs"
    LOGS = "logs"
    KILL = "kill"
    ENABLE = "enable"
    DISABLE = "disable"
    TOKENS = "tokens"
    ROTATE_TOKEN = "rotate-token"
    DELETE = "delete"
    PRUNE = "prune"
    RECONCILE = "reconcile"
    DOCTOR = "doctor"
    SERVICE_STATUS = "service_status"


Rights = frozenset[Right]


def _on(resource: Resource, *verbs: Verb) -> Rights:
    return frozenset(Right(verb, resource) for verb in verbs)


_APPLY = (Verb.CREATE, Verb.PATCH)
_ALL = _on(Resource.CRONJOBS, Verb.LIST) | _on(Resource.JOBS, Verb.LIST)
# NAME may be the name of the object itself.
_FIND = _ALL | _on(Resource.CRONJOBS, Verb.GET) | _on(Resource.JOBS, Verb.GET)
_CAUSES = _on(Resource.PODS, Verb.LIST) | _on(Resource.EVENTS, Verb.LIST)
_FIND_RUN = _FIND | _on(Resource.PODS, Verb.LIST)
# A sidecar that still runs after the main container keeps a run from ending.
_END_SIDECARS = _on(Resource.PODS, Verb.LIST, Verb.PATCH) | _on(Resource.JOBS, Verb.PATCH)
_CREATE_JOB = _on(Resource.JOBS, Verb.CREATE, Verb.GET)
# The Job is created suspended, then its Secret; then it is resumed, or deleted if the Secret was refused.
_CREATE_JOB_WITH_SECRET = _CREATE_JOB | _on(Resource.JOBS, Verb.PATCH, Verb.DELETE) | _on(Resource.SECRETS, *_APPLY)
_DELETE_PIPELINE = (
    _on(Resource.CRONJOBS, Verb.LIST, Verb.DELETE)
    | _on(Resource.JOBS, Verb.LIST, Verb.DELETE)
    | _on(Resource.SECRETS, Verb.LIST, Verb.DELETE)
    | _on(Resource.CONFIG_MAPS, Verb.LIST, Verb.DELETE)
    | _on(Resource.PODS, Verb.LIST)
)
# The Secret with a bot's token is restored if a pipeline has begun to use it meanwhile.
_RETIRE_TOKEN = _on(Resource.SECRETS, Verb.LIST, Verb.DELETE, *_APPLY) | _ALL

_NEEDED: dict[Operation, Rights] = {
    Operation.DEPLOY: _DELETE_PIPELINE  # of a renamed pipeline
    | _on(Resource.CRONJOBS, Verb.GET, *_APPLY)
    | _on(Resource.SECRETS, Verb.GET, *_APPLY)
    | _on(Resource.CONFIG_MAPS, Verb.GET, *_APPLY),
    Operation.DIFF: _on(Resource.JOBS, Verb.LIST)
    | _on(Resource.CRONJOBS, Verb.LIST, Verb.GET, *_APPLY)
    | _on(Resource.SECRETS, Verb.LIST, Verb.GET, *_APPLY)
    | _on(Resource.CONFIG_MAPS, Verb.LIST, Verb.GET, *_APPLY),
    Operation.RUN: _FIND | _CAUSES | _END_SIDECARS | _CREATE_JOB_WITH_SECRET | _on(Resource.SECRETS, Verb.GET),
    Operation.RUN_FILE: _CAUSES
    | _END_SIDECARS
    | _CREATE_JOB_WITH_SECRET
    | _on(Resource.CONFIG_MAPS, Verb.LIST, *_APPLY),
    Operation.WAIT: _FIND_RUN | _CAUSES | _END_SIDECARS,
    Operation.RETRY: _FIND | _CAUSES | _END_SIDECARS | _CREATE_JOB_WITH_SECRET | _on(Resource.SECRETS, Verb.GET),
    Operation.LIST: _ALL | _CAUSES,
    Operation.LIST_FROM_SERVER: _on(Resource.CRONJOBS, Verb.LIST),
    Operation.STATUS: _FIND | _CAUSES,
    Operation.EVENTS: _FIND | _CAUSES,
    # The Secrets tell what must not be shown; without the permission to read them it goes by the looks.
    Operation.DIAGNOSE: _FIND | _CAUSES | _on(Resource.LOGS, Verb.GET) | _on(Resource.SECRETS, Verb.GET),
    Operation.RUNS: _FIND | _CAUSES,
    Operation.LOGS: _FIND_RUN | _CAUSES | _on(Resource.PODS, Verb.GET) | _on(Resource.LOGS, Verb.GET),
    Operation.KILL: _FIND_RUN
    | _CAUSES
    | _END_SIDECARS
    | _on(Resource.JOBS, Verb.DELETE)  # of one that is held by a queue
    | _on(Resource.LOGS, Verb.GET),
    Operation.ENABLE: _FIND | _on(Resource.CRONJOBS, Verb.PATCH),
    Operation.DISABLE: _FIND | _on(Resource.CRONJOBS, Verb.PATCH),
    Operation.TOKENS: _on(Resource.CRONJOBS, Verb.LIST) | _on(Resource.SECRETS, Verb.LIST, Verb.GET),
    Operation.ROTATE_TOKEN: _on(Resource.CRONJOBS, Verb.LIST) | _on(Resource.SECRETS, Verb.LIST, Verb.GET, *_APPLY),
    Operation.DELETE: _DELETE_PIPELINE | _RETIRE_TOKEN | _FIND,
    Operation.PRUNE: _DELETE_PIPELINE | _RETIRE_TOKEN,
    Operation.RECONCILE: _ALL
    | _CAUSES
    | _END_SIDECARS
    | _on(Resource.JOBS, Verb.GET)
    | _on(Resource.LOGS, Verb.GET)
    | _on(Resource.PODS, Verb.DELETE)  # on nodes that are lost, by a setting
    | _on(Resource.CRONJOBS, Verb.GET, Verb.PATCH, Verb.DELETE)  # of a pipeline that OpenMetadata has deleted
    | _RETIRE_TOKEN
    | _on(Resource.SECRETS, Verb.GET)
    # What it remembers, and what nothing uses any more.
    | _on(Resource.CONFIG_MAPS, Verb.LIST, Verb.CREATE, Verb.PATCH, Verb.DELETE),
}

# Pod and CronJob are dry runs; a probe's Job is created, looked at and removed.
_NEEDED[Operation.DOCTOR] = (
    _on(Resource.CRONJOBS, Verb.LIST, *_APPLY)
    | _on(Resource.PODS, Verb.LIST, Verb.CREATE)
    | _on(Resource.JOBS, Verb.CREATE, Verb.DELETE)
    | _on(Resource.SECRETS, Verb.GET)
    | _on(Resource.CONFIG_MAPS, Verb.GET)
)

_LISTS = frozenset(right for rights in _NEEDED.values() for right in rights if right.verb is Verb.LIST)
# Sufficient for the others as well: the Role grants these permissions together.
_NEEDED[Operation.SERVICE_STATUS] = _LISTS | _on(Resource.CONFIG_MAPS, *_APPLY)

NEEDED: Mapping[Operation, Rights] = MappingProxyType(_NEEDED)
"""The permissions that an operation uses, whatever the state of the namespace."""

DOCUMENTED: Rights = frozenset().union(
    *(_on(resource, *Verb) for resource in Resource if resource is not Resource.EVENTS),
    _on(Resource.EVENTS, Verb.GET, Verb.LIST),
)
"""What OpenMetadata documents for its Kubernetes client without the operator; such a Role is sufficient here, too."""

SERVED = (
    *(Operation.DEPLOY, Operation.DELETE, Operation.ENABLE, Operation.DISABLE),
    *(Operation.RUN, Operation.RUN_FILE, Operation.RUNS, Operation.KILL, Operation.LOGS),
    Operation.RECONCILE,
)
"""What the service carries out for OpenMetadata's server, and the reporter in it."""

VITAL: Rights = (
    _on(Resource.CRONJOBS, Verb.GET, Verb.LIST, *_APPLY)
    | _on(Resource.SECRETS, Verb.GET, Verb.LIST, *_APPLY)
    | _on(Resource.CONFIG_MAPS, Verb.GET, Verb.LIST, *_APPLY)
    | _on(Resource.JOBS, Verb.GET, Verb.LIST, Verb.CREATE)
)
"""Without one of these nothing can be deployed or run; without any other of an operation, as a rule it still can."""

_BATCH = (Resource.CRONJOBS, Resource.JOBS)
_KINDS = {
    Resource.CRONJOBS: Kind.CRONJOB,
    Resource.JOBS: Kind.JOB,
    Resource.PODS: Kind.POD,
    Resource.SECRETS: Kind.SECRET,
    Resource.CONFIG_MAPS: Kind.CONFIG_MAP,
    Resource.EVENTS: Kind.EVENT,
}


def needed_by(operations: Iterable[Operation]) -> Rights:
    """Return the permissions that these operations need together."""
    return frozenset().union(*(NEEDED[operation] for operation in operations))


GRANTED: Rights = DOCUMENTED | needed_by(Operation)
"""What the Role of `rbac/` grants: more than operations need, so that it serves OpenMetadata's own client, too."""


def listed_by(operation: Operation) -> list[Kind]:
    """Return the kinds whose objects an operation lists."""
    return [kind for resource, kind in _KINDS.items() if Right(Verb.LIST, resource) in NEEDED[operation]]


def group_of(resource: Resource) -> str:
    """Return the API group of a resource; empty for the core's."""
    return "batch" if resource in _BATCH else ""


def rules(rights: Rights) -> list[Object]:
    """Return the ``rules`` of a Role that grants permissions; resources with the same verbs share a rule."""
    verbs: dict[Resource, list[Verb]] = {
        resource: [verb for verb in Verb if Right(verb, resource) in rights] for resource in Resource
    }
    together: dict[tuple[str, tuple[Verb, ...]], list[str]] = defaultdict(list)
    for resource, found in verbs.items():
        if found:
            together[group_of(resource), tuple(found)].append(resource.value)
    return [
        {"apiGroups": [group], "resources": resources, "verbs": [verb.value for verb in found]}
        for (group, found), resources in together.items()
    ]
