"""Connects to a cluster, and checks that it is usable."""

from __future__ import annotations

from pathlib import Path

from k8s_pipeline_client.cluster.access import Operation, listed_by
from k8s_pipeline_client.cluster.finding import Way
from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.render.config import launcher_config_map
from k8s_pipeline_client.settings import Settings

_NOTHING = "metadata.name=k8s-pipeline-nothing-is-called-this"


def connect(
    settings: Settings, *, kubeconfig: Path | None = None, context: str | None = None, namespace: str | None = None
) -> Cluster:
    """Connect to the cluster, found as kubectl does or by the settings.

    Args:
        settings: They say where it is, if the others do not.
        kubeconfig: A kubeconfig file.
        context: A context of the kubeconfig.
        namespace: The namespace, or `EVERYWHERE`; the settings' if None.

    Raises:
        InputError: The given kubeconfig or context is invalid.
        LoginError: There are no valid credentials for the kubeconfig's user.
        UnreachableError: No cluster is configured.
    """
    # Half a second that what works offline need not pay.
    from k8s_pipeline_client.cluster.connect import connect as find
    from k8s_pipeline_client.cluster.kube import KubeCluster

    way = Way(settings.in_cluster, settings.kube_config_content, settings.kubeconfig_path)
    return KubeCluster(find(kubeconfig, context, way), settings.namespace if namespace is None else namespace)


def check(cluster: Cluster) -> str:
    """Return the cluster's version, if it responds and permits the reads and writes that are needed; writes nothing.

    Raises:
        ClusterError: It does not.
    """
    version = cluster.version()
    for kind in listed_by(Operation.SERVICE_STATUS):
        cluster.list(kind, fields=_NOTHING)  # checks the permission; the response is small
    # Sufficient for the others as well: the Role grants these permissions together.
    cluster.apply(launcher_config_map(cluster.namespace), manager=MANAGER, dry_run=True)
    return version
