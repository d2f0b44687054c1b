"""Reads what there is in all namespaces, for whoever may list cluster-wide."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from k8s_pipeline_client.client.connecting import connect
from k8s_pipeline_client.cluster.port import EVERYWHERE, Cluster
from k8s_pipeline_client.deploying.rotate import Token, tokens_everywhere
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.naming import instance_label
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.inventory.everywhere import pipelines_everywhere, runs_everywhere
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.status import PipelineStatus, RunStatus


class AllNamespaces:
    """The pipelines of all namespaces, to be read only.

    All methods raise `ForbiddenError` (``ClusterWideAccessDenied``) without the permission to list the objects in all
    namespaces, which no Role grants. Without that to list events, some causes are less exact.
    """

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        """Take a cluster of `EVERYWHERE`, which is closed with this object; see `connect` for the usual way.

        Args:
            cluster: The cluster.
            settings: With ``instance``, only the objects of that OpenMetadata instance are read.
        """
        self._cluster = cluster
        instance = settings.instance
        self._within = "" if instance is None else f"{labels.INSTANCE}={instance_label(instance)}"

    @classmethod
    def connect(
        cls, settings: Settings, *, kubeconfig: Path | None = None, context: str | None = None
    ) -> AllNamespaces:
        """Connect to the cluster, found as kubectl does or by the settings."""
        return cls(connect(settings, kubeconfig=kubeconfig, context=context, namespace=EVERYWHERE), settings)

    def now(self) -> datetime:
        """Return the API server's time as of its last response; the local clock may differ."""
        return self._cluster.now()

    def close(self) -> None:
        """Close the connections."""
        self._cluster.close()

    def list_pipelines(self, *, where: str = "") -> list[PipelineStatus]:
        """Return the pipelines with their last runs, by namespace; see `Pipelines.list_pipelines`."""
        return pipelines_everywhere(self._cluster, within=self._within, where=where)

    def runs(self) -> list[tuple[str, RunStatus]]:
        """Return the runs, newest first, each with its pipeline's display name."""
        return [
            (annotation(job, labels.DISPLAY_NAME) or job["metadata"]["name"], status)
            for job, status in runs_everywhere(self._cluster, within=self._within)
        ]

    def tokens(self) -> list[Token]:
        """Return the bots' tokens that pipelines use, without the tokens themselves; this lists Secrets."""
        selector = ",".join(filter(None, (labels.TOKEN, self._within)))
        return tokens_everywhere(self._cluster, selector=selector)
