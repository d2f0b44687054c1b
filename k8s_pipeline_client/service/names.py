"""Finds pipelines by their own names, which are all that OpenMetadata's server sends."""

from __future__ import annotations

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.cluster.port import Object as Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.naming import instance_label
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.errors import UnknownNameError
from k8s_pipeline_client.inventory.lookup import by_name

_MOST = 100
"""The length to which a name is cut in messages."""


class Names:
    """Looks pipelines up by their own names, among those of one OpenMetadata instance where one is set."""

    def __init__(self, cluster: Cluster, instance: str | None) -> None:
        """Take the cluster, and optionally an instance."""
        self._cluster = cluster
        self._within = f"{labels.INSTANCE}={instance_label(instance)}" if instance is not None else ""

    def find(self, name: str) -> Object | None:
        """Return the CronJob of a pipeline; None if it is not deployed.

        Raises:
            UnknownNameError: Several pipelines have the name.
        """
        found = by_name(self._cluster, name, within=self._within)
        if len(found) > 1:
            fqns = tuple(sorted(annotation(item, labels.FQN) for item in found))
            raise UnknownNameError(
                f"{len(found)} pipelines are named {name[:_MOST]!r}: {', '.join(fqns)}",
                code="AmbiguousName",
                facts={"name": name, "fqns": fqns},
                hint="rename one of them",
            )
        return found[0] if found else None

    def get(self, name: str) -> Object:
        """Return the CronJob of a pipeline.

        Raises:
            UnknownNameError: It is not deployed, or several have the name.
        """
        found = self.find(name)
        if found is None:
            raise UnknownNameError(
                f"pipeline {name[:_MOST]!r} not found in namespace {self._cluster.namespace}",
                facts={"name": name, "namespace": self._cluster.namespace},
                hint="deploy it first",
            )
        return found
