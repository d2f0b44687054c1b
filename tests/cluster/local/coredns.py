"""Cluster DNS: CoreDNS as a process of this machine, behind a Service like anywhere else."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
from pathlib import Path

from tests.cluster.local import addresses, api
from tests.cluster.local.errors import ClusterError
from tests.cluster.local.golang import go_for_module
from tests.cluster.local.locks import locked
from tests.cluster.local.modules import go_mod, prepare
from tests.cluster.local.paths import Paths
from tests.cluster.local.progress import step
from tests.cluster.local.versions import Versions

WANTED_VARIABLE = "K8S_PIPELINE_TEST_DNS"
"""Set to anything, it adds cluster DNS. Nothing here needs it, and building it takes two minutes more."""

USER = "system:coredns"
_MODULE = "github.com/coredns/coredns"
_SOURCE = Path(__file__).with_name("sources") / "coredns" / "main.go"
_RBAC = "rbac.authorization.k8s.io"


def is_wanted() -> bool:
    """Tell whether the cluster is to have DNS."""
    return bool(os.environ.get(WANTED_VARIABLE))


def nameserver() -> str:
    """Return where pods look names up. Without cluster DNS: where nobody listens, so that they are refused at once."""
    return str(addresses.DNS_SERVICE_IP) if is_wanted() else "127.0.0.1"


def ensure_coredns(paths: Paths, versions: Versions) -> Path:
    """Return the CoreDNS binary; build it if the cache does not have it.

    Raises:
        ClusterError: The build failed.
    """
    target = paths.binaries / versions.coredns_key / "coredns"
    if os.access(target, os.X_OK):
        return target
    paths.binaries.mkdir(parents=True, exist_ok=True)
    with locked(paths.binaries / ".lock", waiting_for="another build of the binaries"):
        if not os.access(target, os.X_OK):
            _build(paths, versions, target)
    return target


def _build(paths: Paths, versions: Versions, target: Path) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=".build-", dir=paths.binaries))
    try:
        go, upstream = go_for_module(paths, _MODULE, versions.coredns)
        mod = go_mod("coredns.build", _MODULE, versions.coredns, upstream)
        prepare(go, temporary / "module", mod, _SOURCE.read_text(), "CoreDNS")
        with step(f"building CoreDNS {versions.coredns}, once: about two minutes on two cores"):
            out = temporary / "coredns"
            go.run("build", "-trimpath", "-ldflags", "-s -w", "-o", out, ".", cwd=temporary / "module")
        target.parent.mkdir(exist_ok=True)
        out.rename(target)
    except ClusterError as error:
        raise ClusterError(f"building CoreDNS failed (is the Go module proxy reachable?): {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def corefile(kubeconfig: Path, resolv_conf: Path) -> str:
    """Return CoreDNS' configuration: Services' names from the API, all others from this machine's resolvers."""
    # This machine's processes reach even a resolver on loopback. Without any, `forward` would refuse to start.
    forward = f"forward . {resolv_conf}" if _has_nameserver(resolv_conf) else ""
    return f"""\
.:{addresses.DNS_PORT} {{
    bind {addresses.GATEWAY}
    errors
    kubernetes {addresses.CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig {kubeconfig} {addresses.NAME}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        # Tests make and delete Services in quick succession.
        ttl 1
    }}
    cache 1
    {forward}
}}
"""


def create_objects(paths: Paths) -> None:
    """Create the rights of CoreDNS, and the Service through which pods ask it."""
    for path, body in objects():
        status, answer = api.post(paths, path, body)
        if status not in (201, 409):
            raise ClusterError(f"creating the Service of cluster DNS failed ({status}): {answer.decode()[:300]}")


def objects() -> list[tuple[str, dict[str, object]]]:
    """Return the objects of cluster DNS with the paths to create them at."""
    name = {"name": "kube-dns", "namespace": "kube-system"}
    ports = [{"name": "dns", "protocol": "UDP"}, {"name": "dns-tcp", "protocol": "TCP"}]
    service: dict[str, object] = {
        "metadata": {**name, "labels": {"k8s-app": "kube-dns"}},
        # Without a selector: its endpoint is no pod, but a process of this machine.
        "spec": {"clusterIP": str(addresses.DNS_SERVICE_IP), "ports": [{**port, "port": 53} for port in ports]},
    }
    slice_labels = {
        "kubernetes.io/service-name": "kube-dns",
        # Says to the endpoint slice controller that this one is none of its business.
        "endpointslice.kubernetes.io/managed-by": addresses.NAME,
    }
    endpoints: dict[str, object] = {
        "metadata": {**name, "labels": slice_labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [str(addresses.GATEWAY)], "conditions": {"ready": True}}],
        "ports": [{**port, "port": addresses.DNS_PORT} for port in ports],
    }
    watch = ["list", "watch"]
    role: dict[str, object] = {
        "metadata": {"name": USER},
        "rules": [
            {"apiGroups": [""], "resources": ["services", "namespaces", "pods"], "verbs": watch},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": watch},
        ],
    }
    binding: dict[str, object] = {
        "metadata": {"name": USER},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": USER},
        "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": USER}],
    }
    return [
        (f"/apis/{_RBAC}/v1/clusterroles", role),
        (f"/apis/{_RBAC}/v1/clusterrolebindings", binding),
        ("/api/v1/namespaces/kube-system/services", service),
        ("/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices", endpoints),
    ]


def answers() -> bool:
    """Whether a lookup of the API's Service, by way of DNS' own Service, gives its address."""
    name = f"kubernetes.default.svc.{addresses.CLUSTER_DOMAIN}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1.0)
        try:
            client.sendto(query(name, secrets.randbits(16)), (str(addresses.DNS_SERVICE_IP), 53))
            return client.recv(512).endswith(addresses.API_SERVICE_IP.packed)
        except OSError:
            return False


def query(name: str, number: int) -> bytes:
    """Return a DNS query for a name's IPv4 address."""
    header = number.to_bytes(2) + b"\x01\x00" + b"\x00\x01" + bytes(6)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return header + labels + b"\x00" + b"\x00\x01" + b"\x00\x01"


def _has_nameserver(resolv_conf: Path) -> bool:
    try:
        return any(line.split()[:1] == ["nameserver"] for line in resolv_conf.read_text().splitlines())
    except OSError:
        return False
