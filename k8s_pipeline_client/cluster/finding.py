"""Where a cluster is looked for, in which order: kubeconfig, settings, kubectl's default files, the pod's account.

Reads files and the environment only, and none of it needs the official client: commands that ask no cluster are as
quick as they were.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from k8s_pipeline_client.cluster import kubeconfig as kube
from k8s_pipeline_client.errors import InputError

SERVICE_HOST_VARIABLE = "KUBERNETES_SERVICE_HOST"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod has its account's token, the CA's certificate and its namespace."""


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


@dataclass(frozen=True, slots=True)
class Chosen:
    """A kubeconfig, and what to call it in errors."""

    config: kube.Kubeconfig
    what: str


def find_kubeconfig(kubeconfig: Path | None, way: Way = AS_KUBECTL) -> Chosen | None:
    """Return the kubeconfig that applies; None where the account of this pod does, or nothing at all.

    Raises:
        InputError: What was named is not usable.
    """
    if kubeconfig is None:
        if way.in_cluster and in_a_pod():
            return None
        if way.content is not None:
            what = "kubeConfigContent"
            return Chosen(kube.parse(way.content.get_secret_value(), what), what)
    named = _named(kubeconfig, way)
    if named is None and way.in_cluster:
        raise InputError(
            "inCluster is true, but this is not a pod", code="NotInPod", hint="remove it, or give a kubeconfig"
        )
    files = [named] if named is not None else _default_files()
    config = kube.read(files)
    # Empty files (/dev/null) are ignored, as kubectl does.
    if config == kube.Kubeconfig() and named is None:
        return None
    return Chosen(config, "kubeconfig " + os.pathsep.join(map(str, files)))


def default_namespace(kubeconfig: Path | None, context: str | None, way: Way = AS_KUBECTL) -> tuple[str, str] | None:
    """Return the namespace that kubectl would use where none is named, and where it stands.

    That of the kubeconfig's context, else that of the pod that we run in. None where there is neither, or where the
    kubeconfig cannot be used: whoever needs the cluster is told so when it is connected to.
    """
    try:
        chosen = find_kubeconfig(kubeconfig, way)
    except InputError:
        return None
    if chosen is not None:
        name = context if context is not None else chosen.config.current_context
        namespace = chosen.config.contexts.get(name, kube.Context()).namespace
        return (namespace, f"context {name} of {chosen.what}") if namespace else None
    if not in_a_pod() or way.in_cluster is False:
        return None
    try:
        namespace = (SERVICE_ACCOUNT / "namespace").read_text().strip()
    except (OSError, UnicodeError):
        return None
    return (namespace, "the account of this pod") if namespace else None


def contexts(kubeconfig: Path | None, way: Way = AS_KUBECTL) -> dict[str, str]:
    """Return the contexts of the kubeconfig with their namespaces (may be empty); none where it cannot be used."""
    try:
        chosen = find_kubeconfig(kubeconfig, way)
    except InputError:
        return {}
    found = chosen.config.contexts if chosen else {}
    return {name: context.namespace or "" for name, context in found.items()}


def in_a_pod() -> bool:
    """Return whether Kubernetes has started us."""
    return SERVICE_HOST_VARIABLE in os.environ


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
