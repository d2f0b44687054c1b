"""The command lines of the cluster's processes."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.local import addresses
from tests.cluster.local.configs import BURST, QPS
from tests.cluster.local.identities import FRONT_PROXY_USER, component_kubeconfig
from tests.cluster.local.paths import Paths

Command = list[str | Path]


def etcd(paths: Paths, binaries: Path) -> Command:
    """Etcd, for the API server only: it asks everybody for a certificate."""
    peer = f"http://127.0.0.1:{addresses.ETCD_PEER_PORT}"
    return [
        binaries / "etcd",
        f"--data-dir={paths.etcd}",
        # The data lives as long as the cluster: nothing would be won by waiting for the disk.
        "--unsafe-no-fsync",
        f"--listen-client-urls={addresses.ETCD_URL}",
        f"--advertise-client-urls={addresses.ETCD_URL}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        f"--cert-file={paths.pki / 'etcd.crt'}",
        f"--key-file={paths.pki / 'etcd.key'}",
        f"--trusted-ca-file={paths.pki / 'ca.crt'}",
        "--client-cert-auth",
        # Else the audit of many thousand objects runs into the default of 2 GiB.
        "--quota-backend-bytes=8589934592",
        "--log-level=warn",
    ]


def kube_apiserver(paths: Paths, binaries: Path) -> Command:
    """The API server. PodSecurity and ServiceAccount admission are on by default."""
    pki = paths.pki
    return [
        binaries / "kube-apiserver",
        # The bridge's address alone: this machine and the pods reach it there, and no other machine does.
        f"--bind-address={addresses.GATEWAY}",
        f"--advertise-address={addresses.GATEWAY}",
        f"--secure-port={addresses.API_PORT}",
        f"--etcd-servers={addresses.ETCD_URL}",
        f"--etcd-cafile={pki / 'ca.crt'}",
        f"--etcd-certfile={pki / 'etcd-client.crt'}",
        f"--etcd-keyfile={pki / 'etcd-client.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'kube-apiserver.crt'}",
        f"--tls-private-key-file={pki / 'kube-apiserver.key'}",
        f"--service-account-issuer=https://kubernetes.default.svc.{addresses.CLUSTER_DOMAIN}",
        f"--service-account-key-file={pki / 'sa.pub'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        f"--service-cluster-ip-range={addresses.SERVICE_CIDR}",
        "--authorization-mode=Node,RBAC",
        # The second one as on OpenShift: who changes an object's owners must have the right to delete it.
        "--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement",
        "--allow-privileged=true",
        "--kubelet-preferred-address-types=Hostname",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'kubelet-client.key'}",
        # Nobody aggregates an API here, but without these every component complains once a minute.
        f"--requestheader-client-ca-file={pki / 'front-proxy-ca.crt'}",
        f"--requestheader-allowed-names={FRONT_PROXY_USER}",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={pki / 'front-proxy-client.crt'}",
        f"--proxy-client-key-file={pki / 'front-proxy-client.key'}",
        f"--audit-policy-file={paths.config / 'audit-policy.yaml'}",
        f"--audit-log-path={paths.audit_log}",
        # In MiB. Whoever reads along should not have to follow rotated files.
        "--audit-log-maxsize=2000",
    ]


def kube_controller_manager(paths: Paths, binaries: Path) -> Command:
    """The controller manager, with all of its default controllers."""
    kubeconfig = component_kubeconfig(paths, "kube-controller-manager")
    pki = paths.pki
    return [
        binaries / "kube-controller-manager",
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={addresses.CONTROLLER_MANAGER_PORT}",
        "--leader-elect=false",
        # Each controller then appears in the audit log under its own name.
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={pki / 'sa.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        f"--kube-api-qps={QPS}",
        f"--kube-api-burst={BURST}",
        # It would make a folder below /usr/libexec.
        f"--flex-volume-plugin-dir={paths.kubelet / 'volume-plugins'}",
        # How soon a new node loses its not-ready taint.
        "--node-monitor-period=1s",
    ]


def kube_scheduler(paths: Paths, binaries: Path) -> Command:
    """The scheduler."""
    kubeconfig = component_kubeconfig(paths, "kube-scheduler")
    return [
        binaries / "kube-scheduler",
        f"--config={paths.config / 'kube-scheduler.yaml'}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={addresses.SCHEDULER_PORT}",
    ]


def kube_proxy(paths: Paths, binaries: Path) -> Command:
    """kube-proxy: Services' addresses, by nftables."""
    return [binaries / "kube-proxy", f"--config={paths.config / 'kube-proxy.yaml'}"]


def kubelet(paths: Paths, binaries: Path) -> Command:
    """The kubelet."""
    return [
        binaries / "kubelet",
        f"--config={paths.config / 'kubelet.yaml'}",
        f"--kubeconfig={component_kubeconfig(paths, 'kubelet')}",
        f"--root-dir={paths.kubelet}",
        f"--cert-dir={paths.kubelet / 'pki'}",
        f"--hostname-override={addresses.NODE_NAME}",
        # A loopback address is refused here; the default would be that of the machine's default route, and
        # there may be none.
        f"--node-ip={addresses.GATEWAY}",
    ]


def coredns(paths: Paths, binary: Path) -> Command:
    """CoreDNS."""
    return [binary, "-conf", paths.config / "Corefile"]


def containerd(paths: Paths, *, kubernetes: bool = True) -> Command:
    """Containerd, for the kubelet or for cleaning up."""
    config = "containerd.toml" if kubernetes else "containerd-cleaning.toml"
    return ["containerd", "--config", paths.config / config]
