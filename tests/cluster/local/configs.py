"""The configuration files of the components that are told by file rather than by flags."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.cluster.local import addresses
from tests.cluster.local.cgroups import is_v1
from tests.cluster.local.coredns import USER as COREDNS_USER
from tests.cluster.local.coredns import corefile, nameserver
from tests.cluster.local.identities import component_kubeconfig
from tests.cluster.local.paths import Paths
from tests.cluster.local.pause import PAUSE_TAG

# The clients' own limits (20 to 50 requests a second by default) are what a small cluster waits for most.
QPS = 500
BURST = 1000
_POOL = {"qps": QPS, "burst": BURST}


def write_configs(paths: Paths, cni_plugins: Path) -> None:
    """Write them all."""
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.cni_config.mkdir(parents=True, exist_ok=True)
    # What pods of dnsPolicy Default get. The machine's own file may not exist, or may name a resolver on a
    # loopback address, which is another one inside a pod.
    (paths.config / "resolv.conf").write_text(f"nameserver {nameserver()}\n")
    coredns = corefile(component_kubeconfig(paths, "coredns"), Path("/etc/resolv.conf"))
    (paths.config / "Corefile").write_text(coredns)
    (paths.config / "audit-policy.yaml").write_text(_yaml(audit_policy()))
    (paths.config / "kubelet.yaml").write_text(_yaml(kubelet(paths)))
    (paths.config / "kube-proxy.yaml").write_text(_yaml(kube_proxy(paths)))
    (paths.config / "kube-scheduler.yaml").write_text(_yaml(kube_scheduler(paths)))
    (paths.config / "containerd.toml").write_text(containerd(paths, cni_plugins, kubernetes=True))
    (paths.config / "containerd-cleaning.toml").write_text(containerd(paths, cni_plugins, kubernetes=False))
    (paths.cni_config / "10-bridge.conflist").write_text(json.dumps(cni(paths), indent=1))


def audit_policy() -> dict[str, object]:
    """Return the audit policy: who did what with which verb, for everybody except the cluster's own readers."""
    own_users = [
        "system:apiserver",
        "system:kube-controller-manager",
        "system:kube-scheduler",
        "system:kube-proxy",
        COREDNS_USER,
    ]
    own_groups = ["system:nodes", "system:serviceaccounts:kube-system"]
    reads = ["get", "list", "watch"]
    leases = [{"group": "coordination.k8s.io", "resources": ["leases"]}]
    probes = ["/healthz*", "/livez*", "/readyz*"]
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        # One line for each request, when it has been answered.
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "nonResourceURLs": probes},
            {"level": "None", "users": own_users, "verbs": reads},
            {"level": "None", "userGroups": own_groups, "verbs": reads},
            {"level": "None", "users": own_users, "resources": leases},
            {"level": "None", "userGroups": own_groups, "resources": leases},
            {"level": "Metadata"},
        ],
    }


def kubelet(paths: Paths) -> dict[str, object]:
    """Return the kubelet's configuration."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "127.0.0.1",
        "port": addresses.KUBELET_PORT,
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": addresses.KUBELET_HEALTHZ_PORT,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(paths.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(paths.pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(paths.pki / "kubelet.key"),
        "containerRuntimeEndpoint": f"unix://{paths.containerd_socket}",
        "podLogsDir": str(paths.pod_logs),
        "volumePluginDir": str(paths.kubelet / "volume-plugins"),
        # Node Ready is found out and told at once rather than within ten seconds.
        "nodeStatusUpdateFrequency": "2s",
        "kubeAPIQPS": QPS,
        "kubeAPIBurst": BURST,
        # No limit: tests read events, and none of them must be dropped.
        "eventRecordQPS": 0,
        "maxPods": 250,
        **_kubelet_cgroups(),
        # Lowering the score needs CAP_SYS_RESOURCE, which a container or a small VM may lack. Besides, a test
        # cluster should not outlive its machine's other processes.
        "oomScoreAdj": 0,
        "failSwapOn": False,
        # A test machine's disk is often nearly full: evicting the pods under test would help nobody.
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
            "imagefs.inodesFree": "1%",
        },
        # There is no registry: an image that is collected as garbage is gone.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        # kube-proxy works with nftables; iptables need not even be installed.
        "makeIPTablesUtilChains": False,
        "resolvConf": str(paths.config / "resolv.conf"),
        "clusterDomain": addresses.CLUSTER_DOMAIN,
        "clusterDNS": [nameserver()],
    }


def _kubelet_cgroups() -> dict[str, object]:
    return {
        # A tree of its own: `down` can end and remove all of it, whatever is inside.
        "cgroupRoot": f"/{addresses.NAME}",
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": True,
        # Else kubelet writes limits for the tree from what it believes to be the machine's capacity.
        "enforceNodeAllocatable": [],
        # Kubernetes has put v1 into maintenance; 1.35 refuses to start there unless told not to.
        **({"failCgroupV1": False} if is_v1() else {}),
    }


def kube_proxy(paths: Paths) -> dict[str, object]:
    """Return kube-proxy's configuration."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "hostnameOverride": addresses.NODE_NAME,
        "clientConnection": {"kubeconfig": str(component_kubeconfig(paths, "kube-proxy")), **_POOL},
        "clusterCIDR": str(addresses.POD_CIDR),
        "healthzBindAddress": f"127.0.0.1:{addresses.KUBE_PROXY_HEALTHZ_PORT}",
        "metricsBindAddress": f"127.0.0.1:{addresses.KUBE_PROXY_METRICS_PORT}",
        "oomScoreAdj": 0,
        # Zero: leave the machine's settings alone, which a container may not change anyway.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
        "nftables": {
            # All pods are ports of one bridge: without masquerading, the answer to a request that came by a
            # Service would take the short way over the bridge, past the translation, where the kernel does
            # not show bridged packets to netfilter (br_netfilter not loaded).
            "masqueradeAll": True,
            "minSyncPeriod": "100ms",
            "syncPeriod": "30s",
        },
    }


def kube_scheduler(paths: Paths) -> dict[str, object]:
    """Return the scheduler's configuration."""
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {"kubeconfig": str(component_kubeconfig(paths, "kube-scheduler")), **_POOL},
    }


def containerd(paths: Paths, cni_plugins: Path, *, kubernetes: bool) -> str:
    """Return containerd's configuration.

    Args:
        paths: The cluster's paths.
        cni_plugins: The folder of CNI's programs.
        kubernetes: Whether it is to serve a kubelet. If not, containers left behind can be deleted: the plugin
            for Kubernetes would read them at its start and go on reporting them.
    """
    disabled = [
        # It would make /opt/containerd.
        "io.containerd.internal.v1.opt",
        # Optional snapshotters that only log errors where their file system is missing.
        "io.containerd.snapshotter.v1.aufs",
        "io.containerd.snapshotter.v1.btrfs",
        "io.containerd.snapshotter.v1.devmapper",
        "io.containerd.snapshotter.v1.zfs",
    ]
    if not kubernetes:
        disabled.append("io.containerd.grpc.v1.cri")
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""\
version = 2
root = {_toml(paths.containerd_root)}
state = {_toml(paths.containerd_state)}
disabled_plugins = {json.dumps(disabled)}

[grpc]
  address = {_toml(paths.containerd_socket)}

[{cri}]
  sandbox_image = {_toml(PAUSE_TAG)}
  # Without CAP_SYS_RESOURCE runc cannot lower oom_score_adj, and every sandbox dies with
  # "can't get final child's PID from pipe: EOF".
  restrict_oom_score_adj = true
  # Network namespaces are then mounts below `state`, and not among everybody's in /var/run/netns.
  netns_mounts_under_state_dir = true

[{cri}.cni]
  bin_dir = {_toml(cni_plugins)}
  conf_dir = {_toml(paths.cni_config)}

[{cri}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"

[{cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[{cri}.containerd.runtimes.runc.options]
  # Has to agree with kubelet's cgroupDriver; systemd need not be there.
  SystemdCgroup = false
  Root = {_toml(paths.runc_state)}
"""


def cni(paths: Paths) -> dict[str, object]:
    """Return the pod network: a bridge, whose address is the pods' gateway."""
    bridge = {
        "type": "bridge",
        "bridge": addresses.BRIDGE,
        "isGateway": True,
        # A pod may reach itself through its own Service.
        "hairpinMode": True,
        # The plugin would masquerade with iptables, one chain for each pod; one nftables rule does for all.
        "ipMasq": False,
        "ipam": {
            "type": "host-local",
            "dataDir": str(paths.cni_leases),
            "ranges": [[{"subnet": str(addresses.POD_CIDR), "gateway": str(addresses.GATEWAY)}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    return {"cniVersion": "0.4.0", "name": addresses.NAME, "plugins": [bridge]}


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False)


def _toml(value: object) -> str:
    # A JSON string is a TOML basic string.
    return json.dumps(str(value))
