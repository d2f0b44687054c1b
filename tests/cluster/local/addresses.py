"""Every name, address and port that the cluster takes on this machine, in one place.

There is one such cluster per machine: these are fixed, so that `down` finds what any earlier `up` has left.
The network is an arbitrary slice of 10/8; `up` refuses to start where a route already covers it. The ports lie
below Linux' ephemeral range (32768), so that no client's port is ever in the way, and away from the defaults
(6443, 2379, 10250, ...), which another Kubernetes on the same machine would hold.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

# The name of the CNI network, the nftables table, the cgroup and the state folders.
NAME = "k8s-pipeline-client"
# At most 15 characters, as for any network interface.
BRIDGE = "k8spipe0"
# Locally administered. Without an address of its own, a bridge takes over its lowest port's, and changes it
# with every pod that comes or goes: pods would then talk to a stale ARP entry.
BRIDGE_MAC = "02:6b:38:73:00:01"

# 1,022 addresses: many more than maxPods, because host-local hands them out round robin.
POD_CIDR = IPv4Network("10.213.0.0/22")
# The bridge's own address: where the API server listens, and where pods reach this machine.
GATEWAY = IPv4Address("10.213.0.1")
SERVICE_CIDR = IPv4Network("10.213.16.0/20")
# The ClusterIP of default/kubernetes: always the first one.
API_SERVICE_IP = IPv4Address("10.213.16.1")
# Where pods' resolvers point. By convention, the tenth one.
DNS_SERVICE_IP = IPv4Address("10.213.16.10")
CLUSTER_DOMAIN = "cluster.local"

# A node called `localhost` and an API server that prefers the address type Hostname: logs and exec then go to
# the kubelet on loopback, whatever this machine's own name resolves to.
NODE_NAME = "localhost"

API_PORT = 26443
ETCD_CLIENT_PORT = 26379
ETCD_PEER_PORT = 26380
KUBELET_PORT = 26250
KUBELET_HEALTHZ_PORT = 26248
KUBE_PROXY_HEALTHZ_PORT = 26256
KUBE_PROXY_METRICS_PORT = 26249
CONTROLLER_MANAGER_PORT = 26257
SCHEDULER_PORT = 26259
# Not 53: a resolver of this machine may hold that on all addresses. The Service translates.
DNS_PORT = 26053

API_URL = f"https://{GATEWAY}:{API_PORT}"
ETCD_URL = f"https://127.0.0.1:{ETCD_CLIENT_PORT}"
