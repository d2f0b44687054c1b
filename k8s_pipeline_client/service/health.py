"""Whether pipelines can be deployed and run here, and for which OpenMetadata.

OpenMetadata's pages disable their buttons when it is unhealthy: so it is only if no deploy or run could succeed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from k8s_pipeline_client.cluster.access import VITAL, Right, group_of
from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.domain.image import version_in, version_of
from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.reporter.together import begin, together
from k8s_pipeline_client.service.directory import Directory
from k8s_pipeline_client.service.words import worded
from k8s_pipeline_client.timelimit import time_limit, wait_within

_GOOD_SECONDS, _BAD_SECONDS = 30.0, 3.0
"""How long a healthy and an unhealthy result are cached: each costs some requests, and pages poll."""
_LOOK_SECONDS = 10.0
"""For a check: as long as a deploy may take. Whoever asks waits for less, and the next one has its result."""
_KEPT_SECONDS = 300.0
"""How long a healthy result counts while a new check has not ended: a slow API server still deploys and runs."""
_VERSION_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Health:
    """The result of a check.

    Attributes:
        version: Of OpenMetadata, ``x.y.z``; empty if unknown.
        reason: Why nothing can be deployed or run; empty if healthy.
    """

    version: str
    reason: str = ""


class HealthCheck:
    """Checks permissions and version, and caches the result; thread-safe.

    A check is made beside those who ask, who wait as long as they may.
    """

    def __init__(
        self,
        cluster: Cluster,
        directory: Directory,
        *,
        image: str,
        version: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what is checked.

        Args:
            cluster: Where pipelines are deployed.
            directory: Reads OpenMetadata's version, if neither argument nor tag has it.
            image: The ingestion image.
            version: Of OpenMetadata; that of the image's tag if empty.
            clock: Returns the time, in seconds.
        """
        self._cluster = cluster
        self._directory = directory
        self._clock = clock
        self._fixed = version or version_of(image)
        self._asked: tuple[float, str] = (-_VERSION_SECONDS, "")
        self._last: tuple[float, Health] | None = None
        self._looking: Future[Health] | None = None
        self._lock = threading.Lock()

    @property
    def known_version(self) -> str:
        """The version of OpenMetadata if it is known without a request; else empty."""
        return self._fixed or self._asked[1]

    def check(self) -> Health:
        """Return the result, which may be cached; within a `time_limit` in time, whatever the cluster does."""
        with self._lock:
            found = self._known(_GOOD_SECONDS, _BAD_SECONDS)
            if found is not None:
                return found
            if self._looking is None or self._looking.done():
                self._looking = begin(self._look_again, "health")
            looking = self._looking
        try:
            return looking.result(wait_within(None))
        except TimeoutError:
            slow = Health(self.known_version, "the cluster is slow to respond to the check of the service's rights")
            return self._known(_KEPT_SECONDS, 0.0) or slow

    def _known(self, good: float, bad: float) -> Health | None:
        """Return the last result, if it is not older than a healthy or an unhealthy one may be, in seconds."""
        if self._last is None:
            return None
        at, found = self._last
        return found if self._clock() - at < (bad if found.reason else good) else None

    def _look_again(self) -> Health:
        with time_limit(_LOOK_SECONDS):
            found = self._look()
        self._last = (self._clock(), found)
        return found

    def _may(self, right: Right) -> bool:
        with time_limit(_LOOK_SECONDS):  # in a thread of its own
            return self._cluster.may(str(right.verb), str(right.resource), group=group_of(right.resource))

    def _look(self) -> Health:
        wanted = sorted(VITAL)
        try:
            # All at once: one after the other takes longer than a page waits for, from 60 ms for each on.
            granted = together([partial(self._may, right) for right in wanted], len(wanted), "right")
        except PipelineError as error:
            return Health(self.known_version, worded(error))
        missing = [
            f"{verb} {resource}" for (verb, resource), is_granted in zip(wanted, granted, strict=True) if not is_granted
        ]
        if missing:
            rights = ", ".join(missing)
            return Health(
                self.known_version,
                f"the pipeline service lacks permissions in namespace {self._cluster.namespace}: {rights} — correct "
                "its Role",
            )
        try:
            version = self._version()
        except PipelineError as error:
            return Health("", f"the OpenMetadata version of the ingestion image is unknown: {worded(error)}")
        if not version:
            return Health(
                "",
                "the OpenMetadata version of the ingestion image is unknown: its tag is not a version — set "
                "metadataApiEndpoint or the version for the pipeline service",
            )
        return Health(version)

    def _version(self) -> str:
        if self._fixed:
            return self._fixed
        at, found = self._asked
        if self._clock() - at >= _VERSION_SECONDS:
            found = version_in(self._directory.version() or "")
            if found:
                self._asked = (self._clock(), found)
        return found
