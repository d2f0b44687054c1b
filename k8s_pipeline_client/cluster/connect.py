"""Connects to a cluster that was found the way kubectl does: by kubeconfig and context, or from inside a pod."""

from __future__ import annotations

import os
from pathlib import Path

from kubernetes.config.incluster_config import (
    SERVICE_CERT_FILENAME,
    SERVICE_HOST_ENV_NAME,
    SERVICE_PORT_ENV_NAME,
    SERVICE_TOKEN_FILENAME,
)

from k8s_pipeline_client.cluster import kubeconfig as kube
from k8s_pipeline_client.cluster.finding import AS_KUBECTL as AS_KUBECTL
from k8s_pipeline_client.cluster.finding import Way as Way
from k8s_pipeline_client.cluster.finding import find_kubeconfig, in_a_pod
from k8s_pipeline_client.cluster.identity import api_server
from k8s_pipeline_client.cluster.server import ApiServer
from k8s_pipeline_client.errors import InputError, UnreachableError


def connect(kubeconfig: Path | None = None, context: str | None = None, way: Way = AS_KUBECTL) -> ApiServer:
    """Return the API server with credentials; no request is sent to it.

    Tries ``kubeconfig``, then the settings, then ``KUBECONFIG`` and ``~/.kube/config``, then the pod's service account.

    Raises:
        InputError: The given kubeconfig or context is invalid.
        LoginError: There are no valid credentials for the kubeconfig's user.
        UnreachableError: No cluster is configured.
    """
    chosen = find_kubeconfig(kubeconfig, way)
    if chosen is not None:
        return api_server(kube.select(chosen.config, context, chosen.what), chosen.what)
    if in_a_pod() and way.in_cluster is not False:
        return _in_cluster()
    raise UnreachableError(
        "no cluster is configured: there is no kubeconfig, and this is not a pod",
        code="NoClusterConfigured",
        hint="give a kubeconfig, or set KUBECONFIG",
    )


def _in_cluster() -> ApiServer:
    what = "the service account of this pod"
    host, port = (os.environ.get(name, "") for name in (SERVICE_HOST_ENV_NAME, SERVICE_PORT_ENV_NAME))
    if not host or not port:
        raise InputError(f"{what} cannot be used: {SERVICE_HOST_ENV_NAME} or {SERVICE_PORT_ENV_NAME} is not set")
    for path in (SERVICE_TOKEN_FILENAME, SERVICE_CERT_FILENAME):
        if not Path(path).is_file():
            raise InputError(f"{what} cannot be used: {path} does not exist", hint="check automountServiceAccountToken")
    server = f"https://{f'[{host}]' if ':' in host else host}:{port}"
    cluster = kube.Cluster(server=server, certificate_authority=SERVICE_CERT_FILENAME)
    user = kube.User(token_file=SERVICE_TOKEN_FILENAME)
    return api_server(kube.Selected(cluster, user, what), what)
