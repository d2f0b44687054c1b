"""Whether a deployed pipeline still exists in OpenMetadata: there, soft-deleted, or gone."""

from __future__ import annotations

import logging

from k8s_pipeline_client.cluster.port import Cluster, Object
from k8s_pipeline_client.domain.objects import identity
from k8s_pipeline_client.errors import ClusterError, NotFoundError, PipelineError
from k8s_pipeline_client.reporter.deleted import Standing as Standing
from k8s_pipeline_client.reporter.deleted import standing_of
from k8s_pipeline_client.reporter.destination import Connect, Destinations
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.timelimit import time_limit

_LOG = logging.getLogger(__name__)
_PATIENCE = 2.0
"""Seconds: the server waits for the response to its delete meanwhile."""


class Standings:
    """Reads it as the reporter does: by the settings, or by the connection in the pipeline's document."""

    def __init__(self, cluster: Cluster, settings: Settings, connect: Connect | None = None) -> None:
        """Take the cluster that has the documents, the settings, and what connects to a server."""
        self._destinations = Destinations(cluster, settings, connect)

    def of(self, cronjob: Object) -> Standing | None:
        """Return the standing; None if OpenMetadata does not respond, which tells nothing.

        Args:
            cronjob: The complete object. One that was deployed without an id counts as gone.

        Raises:
            ClusterError: Its document could not be read.
        """
        if identity(cronjob) is None:
            return Standing.GONE
        try:
            with time_limit(_PATIENCE):
                self._destinations.begin()
                return standing_of(self._destinations.server(self._destinations.of_template(cronjob)), cronjob)
        except NotFoundError:
            return None  # its document is gone, and so is the way to ask
        except ClusterError:
            raise
        except PipelineError as error:
            _LOG.warning(
                "cannot tell whether pipeline %s is deleted in OpenMetadata: %s", identity(cronjob), error.message
            )
            return None

    def close(self) -> None:
        """Close the connections."""
        self._destinations.close()
