"""Finds the cluster, and says whether it can be worked with."""

from __future__ import annotations

from pathlib import Path

from k8s_pipeline_client.cluster.access import Operation, listed_by
from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.render.config import launcher_config_map
from k8s_pipeline_client.settings import Settings

_NOTHING = "metadata.name=k8s-pipeline-nothing-is-called-this"


def connect(settings: Settings, *, kubeconfig: Path | None = None, context: str | None = None) -> Cluster:
    """Find the cluster as kubectl does, or as the settings say, and work in their namespace.

    Raises:
        InputError: What was named is not usable.
        LoginError: The user of the kubeconfig cannot log in.
        UnreachableError: There is nothing to find a cluster by.
    """
    # Half a second that what works offline need not pay.
    from k8s_pipeline_client.cluster.connect import Way
    from k8s_pipeline_client.cluster.connect import connect as find
    from k8s_pipeline_client.cluster.kube import KubeCluster

    way = Way(settings.in_cluster, settings.kube_config_content, settings.kubeconfig_path)
    return KubeCluster(find(kubeconfig, context, way), settings.namespace)


def check(cluster: Cluster) -> str:
    """Return the cluster's version, if it answers and lets us read and write what is needed; nothing is kept.

    Raises:
        ClusterError: It does not.
    """
    version = cluster.version()
    for kind in listed_by(Operation.SERVICE_STATUS):
        cluster.list(kind, fields=_NOTHING)  # a question about rights, whose answer is short
    # Whoever may write this one may write the others: the Role gives the rights together.
    cluster.apply(launcher_config_map(cluster.namespace), manager=MANAGER, dry_run=True)
    return version
