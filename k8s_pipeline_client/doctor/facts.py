"""What is gathered before anything is judged. Nothing here holds a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, TypeVar

from k8s_pipeline_client.cluster.access import Right
from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.domain.connection import Claims
from k8s_pipeline_client.errors import PipelineError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown:
    """In place of a fact that could not be had.

    Attributes:
        why: Such as ``the account may not list nodes``.
    """

    why: str


Maybe: TypeAlias = T | Unknown


@dataclass(frozen=True, slots=True)
class Trial:
    """A dry run of a pod: the API server's own word on it.

    Attributes:
        spec: The pod's.
        refusals: What it refused, one after the other: what names a missing object is taken out and tried again.
        unknown: Why nothing could be tried; empty if it could.
    """

    spec: Object
    refusals: Sequence[PipelineError] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What the cluster says.

    Attributes:
        unreachable: What kept it from saying anything; the others then say nothing.
        version: Of the API server.
        identity: Whom it takes us for.
        skew_seconds: By how much our clock is ahead of its.
        namespace: Its name.
        exists: Whether there is such a namespace; None if that may not be read.
        denied: The declared permissions that we do not have.
        trial: The dry run of a run's pod.
        zones: By time zone: what the dry run of a CronJob in it was refused with; None if it was not.
        quotas: ResourceQuotas of the namespace.
        references: By (kind, name) of what the pod refers to: the object without its data; None if there is none.
        nodes: Of the cluster.
        cronjobs: Of the namespace, whoever made them.
        operated: OMJobs and CronOMJobs of OpenMetadata's operator.
        last_pass: When a reporter last looked; None if there is no trace of one.
    """

    namespace: str
    unreachable: PipelineError | None = None
    version: str = ""
    identity: Maybe[str] = Unknown("it was not asked")
    skew_seconds: Maybe[float] = 0.0
    exists: bool | None = None
    denied: Maybe[frozenset[Right]] = frozenset()
    trial: Trial = field(default_factory=lambda: Trial({}, unknown="it was not tried"))
    zones: Mapping[str, Maybe[PipelineError | None]] = field(default_factory=dict)
    quotas: Maybe[Sequence[Object]] = Unknown("they were not read")
    references: Mapping[tuple[str, str], Maybe[Object | None]] = field(default_factory=dict)
    nodes: Maybe[Sequence[Object]] = Unknown("they were not read")
    cronjobs: Maybe[Sequence[Object]] = Unknown("they were not read")
    operated: Maybe[Sequence[Object]] = Unknown("they were not read")
    last_pass: Maybe[datetime | None] = Unknown("it was not read")


@dataclass(frozen=True, slots=True)
class Probed:
    """What a pod saw of OpenMetadata.

    Attributes:
        version: Of the server; empty if there was none.
        failure: Why there was none, in the pod's words; empty if there was.
        stuck: Why the pod did not come to look; empty if it did.
    """

    version: str = ""
    failure: str = ""
    stuck: str = ""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What OpenMetadata says, from here and from a pod.

    Attributes:
        address: Where it is asked from here; empty if nothing says it.
        version: Its version, or what came instead.
        token: The claims of the bot's token.
        accepted: Whether it accepts the token, or what came instead.
        allowed: By resource: the operations that the token's bearer is allowed.
        endpoint: Where runs reach it; empty if nothing says it.
        probed: What a pod saw; None if none was sent.
    """

    address: str = ""
    version: Maybe[str | PipelineError] = Unknown("it was not asked")
    token: Maybe[Claims] = Unknown("there is none")
    accepted: Maybe[bool | PipelineError] = Unknown("it was not asked")
    allowed: Maybe[Mapping[str, frozenset[str]]] = Unknown("it was not asked")
    endpoint: str = ""
    probed: Maybe[Probed] | None = None


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What the HTTP service says to somebody who comes as OpenMetadata's server does.

    Attributes:
        status: The HTTP status; 0 without a response.
        said: The reason that it gave, or what kept it from responding.
    """

    url: str
    status: int = 0
    said: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it.

    Attributes:
        now: Aware; what a token's end is compared with.
        image: Of the ingestion.
        service: None if there is none to ask.
    """

    now: datetime
    image: str
    cluster: ClusterFacts
    server: ServerFacts
    service: ServiceFacts | None = None
