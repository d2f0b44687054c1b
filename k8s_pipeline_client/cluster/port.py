"""What we ask of a cluster, in our own words; everything above this line is written against it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from k8s_pipeline_client.domain.objects import Object as Object


class Kind(StrEnum):
    """The kinds that we touch. There is no other."""

    CRONJOB = "CronJob"
    JOB = "Job"
    SECRET = "Secret"
    CONFIG_MAP = "ConfigMap"
    POD = "Pod"
    EVENT = "Event"


class Propagation(StrEnum):
    """What becomes of dependents; every DELETE says it, since the default orphans the pods of a Job."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"


class Cluster(Protocol):
    """One namespace of one cluster.

    Every method raises `ApiError` for a refusal and `UnreachableError` where there is no answer; a failed read
    is never an empty result. 429, 5xx and broken connections have been retried by then.
    """

    @property
    def namespace(self) -> str:
        """The namespace that everything happens in."""

    def get(self, kind: Kind, name: str) -> Object:
        """Read one object.

        Raises:
            NotFoundError: It is not there.
        """

    def list(self, kind: Kind, *, labels: str = "", fields: str = "") -> list[Object]:
        """Read all objects that fit the selectors, however many pages that takes."""

    def pages(
        self, kind: Kind, *, labels: str = "", fields: str = "", restart: Callable[[], None]
    ) -> Iterator[builtins.list[Object]]:
        """Read all objects that fit the selectors, page by page, for those who keep only a part of each.

        ::

            names: list[str] = []
            for page in cluster.pages(Kind.JOB, restart=names.clear):
                names += [job["metadata"]["name"] for job in page]

        Args:
            kind: Their kind.
            labels: A label selector.
            fields: A field selector.
            restart: Forgets what was made of the pages so far. Called where the list became too old half-way (410):
                all objects are then read once more.
        """

    def first(self, kind: Kind, *, labels: str) -> Object | None:
        """Read one of the objects that fit the label selector, whichever; None if there are none.

        Answers whether there is any, at the same cost however many there are.
        """

    def apply(self, manifest: Object, *, manager: str, force: bool = False, dry_run: bool = False) -> Object:
        """Server-side apply with strict field validation.

        Raises:
            ConflictError: Another field manager owns a field, and ``force`` is not set.
            InvalidError: The API server does not accept the object.
        """

    def create(self, manifest: Object) -> Object:
        """Create an object.

        Raises:
            ConflictError: One of this name exists; after a retry that may be our own.
        """

    def merge(self, kind: Kind, name: str, patch: Object) -> Object:
        """Apply a JSON merge patch.

        Raises:
            NotFoundError: It is not there.
        """

    def delete(
        self,
        kind: Kind,
        name: str,
        propagation: Propagation,
        *,
        uid: str | None = None,
        version: str | None = None,
    ) -> None:
        """Delete an object; one that is gone already, or has become another one, is fine.

        Args:
            kind: Its kind.
            name: Its name.
            propagation: What becomes of its dependents.
            uid: Delete only the object with this UID.
            version: Delete it only if its ``resourceVersion`` is still this one.

        Raises:
            ConflictError: It has changed since the version that was given.
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
        """Read a container's log in chunks of bytes, as they come; they need not be UTF-8 nor whole lines.

        Args:
            pod: The pod's name.
            container: The container's name.
            follow: Go on until the container has ended.
            tail_lines: Only so many lines from the end.
            since_seconds: Only what is not older.
            since_time: Only what is not older than this RFC 3339 time; the API knows whole seconds.
            timestamps: Begin every line with the node's timestamp and a space.

        Raises:
            UnreachableError: The connection broke; what came before has been yielded.
        """

    def version(self) -> str:
        """Return the API server's version, such as ``v1.34.4``."""

    def namespace_exists(self) -> bool | None:
        """Return whether the namespace is there; None where we may not know."""

    @property
    def throttled(self) -> int:
        """How many answers so far have said that we ask for too much (429)."""

    def now(self) -> datetime:
        """Return the API server's time as of its last answer; ours differs."""

    def close(self) -> None:
        """Give up the connections; again is fine."""
