"""Finds a cluster the way kubectl does, with the official client: kubeconfig, context, or from inside a pod."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from kubernetes import config as kube_config
from kubernetes.client import ApiClient, Configuration
from kubernetes.config.config_exception import ConfigException
from pydantic import SecretStr
from urllib3.exceptions import LocationValueError

from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_document
from k8s_pipeline_client.errors import InputError, UnreachableError

CONNECTIONS = 32
"""Kept open at most; whoever works in parallel shares them. The client's own default goes by the number of cores."""

_IN_A_POD = "KUBERNETES_SERVICE_HOST"


@dataclass(frozen=True, slots=True)
class Way:
    """How the settings say that the cluster is found.

    Attributes:
        in_cluster: By the account of the pod that we run in, or not by that; None leaves it open.
        content: A kubeconfig.
        path: A file that holds one.
    """

    in_cluster: bool | None = None
    content: SecretStr | None = None
    path: str | None = None


AS_KUBECTL = Way()


def api_client(kubeconfig: Path | None = None, context: str | None = None, way: Way = AS_KUBECTL) -> ApiClient:
    """Return a client that knows where the API server is and how to log in.

    Looks at ``kubeconfig``, then where the settings say, then at ``KUBECONFIG`` and ``~/.kube/config``, then at the pod
    that we run in.

    Raises:
        InputError: What was named is not usable.
        UnreachableError: There is nothing to find a cluster by.
    """
    if kubeconfig is None:
        if way.in_cluster and _IN_A_POD in os.environ:
            return _in_cluster()
        if way.content is not None:
            return _of_content(way.content, context)
    if kubeconfig is None and way.path is not None:
        kubeconfig = Path(way.path).expanduser()
        if not kubeconfig.is_file():
            raise InputError(f"kubeconfigPath {kubeconfig} does not exist", hint="correct it, or leave it out")
    if kubeconfig is not None and not kubeconfig.is_file():
        raise InputError(f"kubeconfig {kubeconfig} does not exist", hint="name one with --kubeconfig")
    if kubeconfig is None and way.in_cluster:
        raise InputError("inCluster is true, and this is not a pod", hint="leave it out, or name a --kubeconfig")
    default = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    found = kubeconfig or next(
        (part for part in default.split(os.pathsep) if part and Path(part).expanduser().is_file()), None
    )
    if found:
        file = str(kubeconfig) if kubeconfig else default
        configuration = Configuration(connection_pool_maxsize=CONNECTIONS)
        with _usable(f"kubeconfig {found}"):
            kube_config.load_kube_config(file, context, client_configuration=configuration, persist_config=False)
            return ApiClient(configuration=configuration)
    if _IN_A_POD in os.environ and way.in_cluster is not False:
        return _in_cluster()
    raise UnreachableError(
        "no cluster is configured: no kubeconfig was found, and this is not a pod",
        hint="name one with --kubeconfig, or set KUBECONFIG",
    )


def _in_cluster() -> ApiClient:
    configuration = Configuration(connection_pool_maxsize=CONNECTIONS)
    with _usable("the account of this pod"):
        kube_config.load_incluster_config(client_configuration=configuration)
        return ApiClient(configuration=configuration)


def _of_content(content: SecretStr, context: str | None) -> ApiClient:
    configuration = Configuration(connection_pool_maxsize=CONNECTIONS)
    try:
        document = load_document(content.get_secret_value())
    except UnusableTextError as error:
        raise InputError(f"kubeConfigContent cannot be used: {error}") from None
    with _usable("kubeConfigContent"):
        kube_config.load_kube_config_from_dict(
            document, context, client_configuration=configuration, persist_config=False
        )
        return ApiClient(configuration=configuration)


@contextmanager
def _usable(what: str) -> Iterator[None]:
    # What stands in it is taken as it is: anything can be wrong with its shape.
    try:
        yield
    except ImportError:
        raise InputError(
            "a SOCKS proxy is set for the cluster, and the package for it is not installed",
            hint="install PySocks, or correct proxy-url in the kubeconfig, HTTPS_PROXY or ALL_PROXY, or set NO_PROXY",
        ) from None
    except LocationValueError:  # its text repeats the address, which may hold a password
        raise InputError(
            "the proxy for the cluster cannot be used",
            hint="correct proxy-url in the kubeconfig, HTTPS_PROXY or ALL_PROXY: http://host:port",
        ) from None
    except (ConfigException, yaml.YAMLError, TypeError, AttributeError, ValueError, KeyError, OSError) as error:
        raise InputError(f"{what} cannot be used: {error}", hint="see kubectl config view") from None
