"""Who is who in the cluster: the certificate of each component, and its kubeconfig."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.cluster.local import addresses
from tests.cluster.local.certificates import Authority, KeyPair, write_secret, write_service_account_keys
from tests.cluster.local.coredns import USER as COREDNS_USER
from tests.cluster.local.paths import Paths


@dataclass(frozen=True)
class _Identity:
    name: str
    user: str
    groups: tuple[str, ...] = ()


# The users to which Kubernetes' bootstrap roles are bound by name; CoreDNS' role is made here.
_COMPONENTS = (
    _Identity("kube-controller-manager", "system:kube-controller-manager"),
    _Identity("kube-scheduler", "system:kube-scheduler"),
    _Identity("kube-proxy", "system:kube-proxy"),
    _Identity("coredns", COREDNS_USER),
    _Identity("kubelet", f"system:node:{addresses.NODE_NAME}", ("system:nodes",)),
)
# How the API server calls itself where it passes requests on to an aggregated API.
FRONT_PROXY_USER = "front-proxy-client"
_API_SERVER_NAMES = (
    str(addresses.GATEWAY),
    str(addresses.API_SERVICE_IP),
    "127.0.0.1",
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    f"kubernetes.default.svc.{addresses.CLUSTER_DOMAIN}",
)


def write_identities(paths: Paths) -> None:
    """Write all certificates, keys and kubeconfigs."""
    paths.pki.mkdir(parents=True, exist_ok=True)
    paths.pki.chmod(0o700)
    authority = Authority(addresses.NAME)
    authority.pair.write(paths.pki, "ca")
    authority.server("kube-apiserver", _API_SERVER_NAMES).write(paths.pki, "kube-apiserver")
    authority.server("etcd", ["127.0.0.1", "localhost"]).write(paths.pki, "etcd")
    authority.server("kubelet", ["localhost", "127.0.0.1"]).write(paths.pki, "kubelet")
    authority.client("kube-apiserver-etcd-client").write(paths.pki, "etcd-client")
    kubelet_client = authority.client("kube-apiserver-kubelet-client", "system:masters")
    kubelet_client.write(paths.pki, "kubelet-client")
    write_service_account_keys(paths.pki)
    # An authority of its own: whoever holds a certificate of it may name any user in a header.
    front_proxy = Authority(f"{addresses.NAME}-front-proxy")
    front_proxy.pair.write(paths.pki, "front-proxy-ca")
    front_proxy.client(FRONT_PROXY_USER).write(paths.pki, "front-proxy-client")

    for identity in _COMPONENTS:
        pair = authority.client(identity.user, *identity.groups)
        _write_kubeconfig(component_kubeconfig(paths, identity.name), identity.name, authority, pair)
    admin = authority.client("kubernetes-admin", "system:masters")
    admin.write(paths.pki, "admin")
    _write_kubeconfig(paths.kubeconfig, "kubernetes-admin", authority, admin)
    if "SUDO_UID" in os.environ:
        # Whoever had to say sudo to start the cluster should not have to say it again to use it.
        os.chown(paths.kubeconfig, int(os.environ["SUDO_UID"]), int(os.environ.get("SUDO_GID", "-1")))


def component_kubeconfig(paths: Paths, name: str) -> Path:
    """Return where a component's kubeconfig is."""
    return paths.config / f"{name}.kubeconfig"


def kubeconfig(user: str, authority: bytes, pair: KeyPair) -> dict[str, object]:
    """Return a kubeconfig with everything embedded, so that it can be copied anywhere on this machine."""
    cluster = {"certificate-authority-data": _base64(authority), "server": addresses.API_URL}
    credentials = {
        "client-certificate-data": _base64(pair.certificate),
        "client-key-data": _base64(pair.key),
    }
    context = {"cluster": addresses.NAME, "user": user, "namespace": "default"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": addresses.NAME, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": addresses.NAME, "context": context}],
        "current-context": addresses.NAME,
    }


def _write_kubeconfig(path: Path, user: str, authority: Authority, pair: KeyPair) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = yaml.safe_dump(kubeconfig(user, authority.pair.certificate, pair), sort_keys=False)
    write_secret(path, content.encode())


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
