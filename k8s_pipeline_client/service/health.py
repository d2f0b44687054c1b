"""Whether pipelines can be deployed and run here, and for which OpenMetadata.

OpenMetadata's pages disable their buttons when it is unhealthy: so it is only if no deploy or run could succeed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from k8s_pipeline_client.cluster.access import VITAL, group_of
from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.domain.image import version_in, version_of
from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.service.directory import Directory
from k8s_pipeline_client.service.words import worded

_GOOD_SECONDS, _BAD_SECONDS = 30.0, 3.0
"""How long a healthy and an unhealthy result are cached: each costs some requests, and pages poll."""
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
    """Checks rights and version, and caches the result; thread-safe."""

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
        self._lock = threading.Lock()

    @property
    def known_version(self) -> str:
        """The version of OpenMetadata if it is known without a request; else empty."""
        return self._fixed or self._asked[1]

    def check(self) -> Health:
        """Return the result, which may be cached."""
        with self._lock:  # concurrent callers wait for this result
            if self._last is not None:
                at, found = self._last
                if self._clock() - at < (_BAD_SECONDS if found.reason else _GOOD_SECONDS):
                    return found
            found = self._look()
            self._last = (self._clock(), found)
            return found

    def _look(self) -> Health:
        try:
            missing = [
                f"{verb} {resource}"
                for verb, resource in sorted(VITAL)
                if not self._cluster.may(str(verb), str(resource), group=group_of(resource))
            ]
        except PipelineError as error:
            return Health(self.known_version, worded(error))
        if missing:
            rights = ", ".join(missing)
            return Health(
                self.known_version,
                f"the pipeline service lacks rights in namespace {self._cluster.namespace}: {rights} — have its Role "
                "corrected",
            )
        try:
            version = self._version()
        except PipelineError as error:
            return Health("", f"the OpenMetadata version of the ingestion image is unknown: {worded(error)}")
        if not version:
            return Health(
                "",
                "the OpenMetadata version of the ingestion image is unknown: its tag is no version — have "
                "metadataApiEndpoint or the version set for the pipeline service",
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
