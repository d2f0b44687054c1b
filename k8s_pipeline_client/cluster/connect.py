"""Finds a cluster as kubectl does: by kubeconfig and context, or by a pod's service account."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kubernetes.config.incluster_config import (
    SERVICE_CERT_FILENAME,
    SERVICE_HOST_ENV_NAME,
    SERVICE_PORT_ENV_NAME,
    SERVICE_TOKEN_FILENAME,
)
from pydantic import SecretStr

from k8s_pipeline_client.cluster import kubeconfig as kube
from k8s_pipeline_client.cluster.identity import api_server
from k8s_pipeline_client.cluster.server import ApiServer
from k8s_pipeline_client.errors import InputError, UnreachableError


@dataclass(frozen=True, slots=True)
class Way:
    """How to find the cluster, by the settings.

    Attributes:
        in_cluster: Use the pod's service account (True), or never (False); None: if there is no kubeconfig.
        content: The text of a kubeconfig.
        path: A kubeconfig file.
    """

    in_cluster: bool | None = None
    content: SecretStr | None = None
    path: str | None = None


AS_KUBECTL = Way()


def connect(kubeconfig: Path | None = None, context: str | None = None, way: Way = AS_KUBECTL) -> ApiServer:
    """Return the API server with credentials; no request is sent to it.

    Tries ``kubeconfig``, then the settings, then ``KUBECONFIG`` and ``~/.kube/config``, then the pod's service account.

    Raises:
        InputError: The given kubeconfig or context is invalid.
        LoginError: There are no valid credentials for the kubeconfig's user.
        UnreachableError: No cluster is configured.
    """
    in_a_pod = SERVICE_HOST_ENV_NAME in os.environ
    if kubeconfig is None:
        if way.in_cluster and in_a_pod:
            return _in_cluster()
        if way.content is not None:
            what = "kubeConfigContent"
            return api_server(kube.select(kube.parse(way.content.get_secret_value(), what), context, what), what)
    named = _named(kubeconfig, way)
    if named is None and way.in_cluster:
        raise InputError(
            "inCluster is true, but this is not a pod", code="NotInPod", hint="remove it, or give a kubeconfig"
        )
    files = [named] if named is not None else _default_files()
    config = kube.read(files)
    # Empty files (/dev/null) are ignored, as kubectl does.
    if config != kube.Kubeconfig() or named is not None:
        what = "kubeconfig " + os.pathsep.join(map(str, files))
        return api_server(kube.select(config, context, what), what)
    if in_a_pod and way.in_cluster is not False:
        return _in_cluster()
    raise UnreachableError(
        "no cluster is configured: there is no kubeconfig, and this is not a pod",
        code="NoClusterConfigured",
        hint="give a kubeconfig, or set KUBECONFIG",
    )


def _named(kubeconfig: Path | None, way: Way) -> Path | None:
    """Return the file given by the command line or the settings, if any."""
    if kubeconfig is not None:
        if not _is_there(kubeconfig):
            raise InputError(
                f"kubeconfig {kubeconfig} does not exist",
                code="KubeconfigMissing",
                facts={"path": str(kubeconfig)},
                hint="give an existing file",
            )
        return kubeconfig
    if way.path is None:
        return None
    path = _home(way.path)
    if not _is_there(path):
        raise InputError(f"kubeconfigPath {path} does not exist", hint="correct or remove it")
    return path


def _default_files() -> list[Path]:
    """Return the existing files of those that kubectl reads.

    One that exists and cannot be read is an error: without it, requests would be sent as another user.
    """
    default = os.environ.get("KUBECONFIG") or os.path.join("~", ".kube", "config")
    paths = [_home(part) for part in default.split(os.pathsep) if part]
    return [path for path in paths if _is_there(path)]


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True  # reading it will raise the error
    return True


def _home(path: str) -> Path:
    # Unlike Path.expanduser this does not raise if there is no home directory.
    return Path(os.path.expanduser(path))


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
