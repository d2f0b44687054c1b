"""Finds a cluster the way kubectl does, with the official client: kubeconfig, context, or from inside a pod."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from kubernetes import config as kube_config
from kubernetes.client import ApiClient, Configuration
from kubernetes.config.config_exception import ConfigException

from k8s_pipeline_client.errors import InputError, UnreachableError

CONNECTIONS = 32
"""Kept open at most; whoever works in parallel shares them. The client's own default goes by the number of cores."""


def api_client(kubeconfig: Path | None = None, context: str | None = None) -> ApiClient:
    """Return a client that knows where the API server is and how to log in.

    Looks at ``kubeconfig``, then ``KUBECONFIG`` and ``~/.kube/config``, then the pod that we run in.

    Raises:
        InputError: The named kubeconfig or context is not usable.
        UnreachableError: There is nothing to find a cluster by.
    """
    if kubeconfig is not None and not kubeconfig.is_file():
        raise InputError(f"kubeconfig {kubeconfig} does not exist", hint="name one with --kubeconfig")
    default = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    found = kubeconfig or next(
        (part for part in default.split(os.pathsep) if part and Path(part).expanduser().is_file()), None
    )
    configuration = Configuration(connection_pool_maxsize=CONNECTIONS)
    try:
        if found:
            file = str(kubeconfig) if kubeconfig else default
            kube_config.load_kube_config(file, context, client_configuration=configuration, persist_config=False)
            return ApiClient(configuration=configuration)
        if "KUBERNETES_SERVICE_HOST" in os.environ:
            kube_config.load_incluster_config(client_configuration=configuration)
            return ApiClient(configuration=configuration)
    # What stands in the file is taken as it is: anything can be wrong with its shape.
    except (ConfigException, yaml.YAMLError, TypeError, AttributeError, ValueError, KeyError, OSError) as error:
        raise InputError(f"kubeconfig {found} cannot be used: {error}", hint="see kubectl config view") from None
    raise UnreachableError(
        "no cluster is configured: no kubeconfig was found, and this is not a pod",
        hint="name one with --kubeconfig, or set KUBECONFIG",
    )
