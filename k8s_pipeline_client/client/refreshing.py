"""Renders pipelines again that are deployed already."""

from __future__ import annotations

import threading

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.deploying.refresh import PACE, Refresh, refresh
from k8s_pipeline_client.inventory.read import Reader
from k8s_pipeline_client.settings import Settings


class Refreshing:
    """The part of `Pipelines` that is about that."""

    _cluster: Cluster
    _reader: Reader
    _settings: Settings

    def refresh(self, *, pace: float = PACE, stop: threading.Event | None = None) -> Refresh:
        """Deploy those of the OpenMetadata server's pipelines again that would be rendered otherwise now.

        So a new image, other settings or a new version of this program come into force without OpenMetadata. A
        pipeline that somebody else deploys, switches or deletes meanwhile is never set back. Two at once are harmless.

        Args:
            pace: Seconds between two deploys.
            stop: Ends it after the deploy that is being made.
        """
        return refresh(self._cluster, self._settings, self._reader.selector, pace=pace, stop=stop)
