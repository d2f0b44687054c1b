"""The interface to a cluster; all higher layers depend on this, not on `kube`."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from k8s_pipeline_client.cluster.sent import Observer
from k8s_pipeline_client.domain.objects import Object as Object


class Kind(StrEnum):
    """The kinds that are used."""

    CRONJOB = "CronJob"
    JOB = "Job"
    SECRET = "Secret"
    CONFIG_MAP = "ConfigMap"
    POD = "Pod"
    EVENT = "Event"


EVERYWHERE = ""
"""In place of a namespace: such a cluster lists the objects of all namespaces, and can do nothing else."""


SMALL_PAGE = 100
"""Objects of a page where nobody waits for the list, and the memory of a process counts."""


class Extra(NamedTuple):
    """A resource that a check-up reads where it may; the Role does not grant it.

    Attributes:
        group: Its API group; empty for the core's.
        version: Of the API.
        plural: Its name in a path.
        namespaced: Whether it is in our namespace.
    """

    group: str
    version: str
    plural: str
    namespaced: bool = True


class WatchEvent(NamedTuple):
    """What has happened to an object.

    Attributes:
        type: ``ADDED`` (also of one that was there when the watch began), ``MODIFIED``, or ``DELETED`` (also of one
            that no longer matches the selectors).
        object: As it is now, or was last.
    """

    type: str
    object: Object


class Propagation(StrEnum):
    """The propagation policy; every DELETE has one, since the default orphans the pods of a Job."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"


class Cluster(Protocol):
    """One namespace of one cluster.

    Every method raises `ApiError` for an error response and `UnreachableError` without a response; a failed read
    is never an empty result. 429, 5xx and broken connections have been retried before.
    """

    @property
    def namespace(self) -> str:
        """The namespace of all requests, or `EVERYWHERE`."""

    def get(self, kind: Kind, name: str) -> Object:
        """Read one object.

        Raises:
            NotFoundError: It does not exist.
        """

    def list(self, kind: Kind, *, labels: str = "", fields: str = "") -> list[Object]:
        """Read all objects that match the selectors, over all pages."""

    def pages(
        self,
        kind: Kind,
        *,
        labels: str = "",
        fields: str = "",
        restart: Callable[[], None],
        first: int | None = None,
        size: int | None = None,
    ) -> Iterator[builtins.list[Object]]:
        """Read all objects that match the selectors, page by page, for callers that keep only a part of each.

        A page is emptied when the next one is asked for.

        ::

            names: list[str] = []
            for page in cluster.pages(Kind.JOB, restart=names.clear):
                names += [job["metadata"]["name"] for job in page]

        Args:
            kind: Their kind.
            labels: A label selector.
            fields: A field selector.
            restart: Discards the pages so far. Called after a 410 (the continue token expired): all objects are then
                read again.
            first: The maximum number of objects of the first page, if smaller than usual.
            size: That of each page, if smaller than usual; see `SMALL_PAGE`.
        """

    def first(self, kind: Kind, *, labels: str) -> Object | None:
        """Read any one of the objects that match the label selector; None if there are none.

        For existence checks: the cost does not depend on the number of objects.
        """

    def watch(self, kind: Kind, *, seconds: int, labels: str = "", fields: str = "") -> Iterator[WatchEvent]:
        """Yield what happens to the objects that match the selectors: first each that is there, then each change.

        It ends when the time is over, or sooner, as the API server likes. Whoever continues starts a new watch, and so
        sees again what is there. The documented Role does not have the verb.

        Args:
            kind: Their kind.
            seconds: For how long at most.
            labels: A label selector.
            fields: A field selector.

        Raises:
            ForbiddenError: We may not watch them.
            ApiError: It was refused, or ended by the API server; with status 410, because it could not keep up.
            UnreachableError: There was no response, or the connection broke.
        """

    def count(self, kind: Kind) -> int | None:
        """Return the number of objects of a kind, whoever made them; None if the API server does not say.

        The cost does not depend on the number of objects.
        """

    def apply(self, manifest: Object, *, manager: str, force: bool = False, dry_run: bool = False) -> Object:
        """Server-side apply with strict field validation.

        Raises:
            ConflictError: Another field manager owns a field, and ``force`` is not set.
            InvalidError: The object is invalid.
        """

    def create(self, manifest: Object, *, dry_run: bool = False) -> Object:
        """Create an object, or in a dry run only pass it through admission.

        Raises:
            ConflictError: An object of this name exists; after a retry it may be the one that was created.
        """

    def merge(self, kind: Kind, name: str, patch: Object) -> Object:
        """Apply a JSON merge patch.

        Raises:
            NotFoundError: It does not exist.
        """

    def delete(
        self,
        kind: Kind,
        name: str,
        propagation: Propagation,
        *,
        uid: str | None = None,
        version: str | None = None,
        grace_seconds: int | None = None,
    ) -> None:
        """Delete an object; no error if it is gone, or has been replaced by another one.

        Args:
            kind: Its kind.
            name: Its name.
            propagation: The propagation policy.
            uid: Delete only the object with this UID.
            version: Delete it only in this ``resourceVersion``.
            grace_seconds: Of a pod, in place of its own; 0 has the API server forget it, whatever its node does.

        Raises:
            ConflictError: It has changed since that version.
        """

    def read_log(
        self,
        pod: str,
        *,
        container: str,
        follow: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
        since_time: str | None = None,
        timestamps: bool = False,
    ) -> Iterator[bytes]:
        """Read a container's log in chunks of bytes as they arrive; these need not be UTF-8 or complete lines.

        Args:
            pod: The pod's name.
            container: The container's name.
            follow: Follow the log until the container terminates.
            tail_lines: Only this number of lines from the end.
            since_seconds: Only lines that are not older.
            since_time: Only lines since this RFC 3339 time; the API has a resolution of seconds.
            timestamps: Prefix every line with the node's timestamp and a space.

        Raises:
            UnreachableError: The connection broke; everything before that has been yielded.
        """

    def may(self, verb: str, resource: str, *, group: str = "", subresource: str = "") -> bool:
        """Return whether we have a permission on all objects of a resource in the namespace (SelfSubjectAccessReview).

        Every account that the API server knows may ask this.
        """

    def version(self) -> str:
        """Return the API server's version, such as ``v1.34.4``."""

    def namespace_exists(self) -> bool | None:
        """Return whether the namespace exists; None if we are not allowed to read it."""

    def whoami(self) -> str:
        """Return the user that the API server takes us for (SelfSubjectReview); every account may ask this."""

    def look(self, resource: Extra, name: str = "") -> builtins.list[Object]:
        """Read objects that only a check-up is about, and nothing else depends on: one by its name, or all.

        Raises:
            NotFoundError: There is no such object, or the API server does not know the resource.
            ForbiddenError: We may not read it.
        """

    @property
    def throttled(self) -> int:
        """The number of 429 responses so far."""

    def observe(self, observer: Observer) -> None:
        """Have somebody told of each request that is sent from now on; threads call it."""

    def now(self) -> datetime:
        """Return the API server's time as of its last response; the local clock may differ."""

    def tells_time(self) -> bool:
        """Return whether the API server has told its time; `now` is that of the local clock where it has not."""

    def close(self) -> None:
        """Close the connections; idempotent."""
