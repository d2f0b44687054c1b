"""The bridge, the masquerading rule and the kernel settings that pods need; and taking all of it back."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from pathlib import Path

from tests.cluster.local import addresses
from tests.cluster.local.commands import find, run
from tests.cluster.local.errors import ClusterError
from tests.cluster.local.paths import Paths

# kube-proxy and kubelet change these, too; all of them are put back by `down`.
_SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv4/vs/conntrack",
    "net/netfilter/nf_conntrack_tcp_be_liberal",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
_FORWARD_RULES = (("-i", addresses.BRIDGE), ("-o", addresses.BRIDGE))
_COMMENT = ("-m", "comment", "--comment", addresses.NAME, "-j", "ACCEPT")
# In this order: what is in the second one tells whose they both are.
_KUBE_PROXY_TABLES = (("ip6", "kube-proxy"), ("ip", "kube-proxy"))


def set_up(paths: Paths) -> None:
    """Make the pods' network.

    Raises:
        ClusterError: Another network or another Kubernetes is in the way.
    """
    _refuse_conflicts()
    _save_sysctls(paths.sysctls)
    run(["ip", "link", "add", addresses.BRIDGE, "address", addresses.BRIDGE_MAC, "type", "bridge"])
    gateway = f"{addresses.GATEWAY}/{addresses.POD_CIDR.prefixlen}"
    run(["ip", "address", "add", gateway, "dev", addresses.BRIDGE])
    run(["ip", "link", "set", addresses.BRIDGE, "up"])
    (Path("/proc/sys") / "net/ipv4/ip_forward").write_text("1")
    # Pods reach the world under this machine's address. What this machine tells itself at the gateway's address
    # leaves by `lo`: it must keep its source, or the audit log would name the wrong one.
    run(["nft", "add", "table", "ip", addresses.NAME])
    chain = "{ type nat hook postrouting priority srcnat; }"
    run(["nft", "add", "chain", "ip", addresses.NAME, "postrouting", chain])
    rule = f"ip saddr {addresses.POD_CIDR} ip daddr != {addresses.POD_CIDR} masquerade"
    run(["nft", "add", "rule", "ip", addresses.NAME, "postrouting", *rule.split()])
    if _forwarding_is_dropped():
        for rule_words in _FORWARD_RULES:
            run(["iptables", "-I", "FORWARD", *rule_words, *_COMMENT])


def tear_down(paths: Paths) -> None:
    """Remove everything that `set_up`, kube-proxy and the CNI plugins have made."""
    for link in _links():
        run(["ip", "link", "delete", link], check=False)
    for family, table in _tables():
        run(["nft", "delete", "table", family, table], check=False)
    for rule in _iptables_rules():
        run(["iptables", "-D", *rule], check=False)
    _restore_sysctls(paths.sysctls)


def leftovers() -> list[str]:
    """Name what is still there."""
    links = [f"network interface {link}" for link in _links()]
    tables = [f"nftables table {family} {table}" for family, table in _tables()]
    rules = [f"iptables rule {' '.join(rule)}" for rule in _iptables_rules()]
    return links + tables + rules


def services_are_translated() -> bool:
    """Whether kube-proxy has written its rules, so that pods reach the API by its Service."""
    return _kube_proxy_is_ours()


def conflicting_route(routes: list[dict[str, str]]) -> str | None:
    """Return the first route (of `ip -json route`) that covers any of the cluster's addresses."""
    for route in routes:
        destination, device = route.get("dst", "default"), route.get("dev", "")
        if destination == "default" or device == addresses.BRIDGE:
            continue
        network = IPv4Network(destination, strict=False)
        if network.overlaps(addresses.POD_CIDR) or network.overlaps(addresses.SERVICE_CIDR):
            return f"{destination} on {device}"
    return None


def _refuse_conflicts() -> None:
    routes = json.loads(run(["ip", "-json", "-4", "route"]).stdout or "[]")
    if conflict := conflicting_route(routes):
        raise ClusterError(f"the route {conflict} covers the pods' network {addresses.POD_CIDR}")
    if run(["nft", "list", "table", "ip", "kube-proxy"], check=False).returncode == 0:
        raise ClusterError("another Kubernetes' kube-proxy runs on this machine; two of them do not go together")


def _links() -> list[str]:
    listing = run(["ip", "-json", "link"], check=False).stdout or "[]"
    # Also the pods' ends: they go with their namespaces, but only when the kernel gets round to it.
    return [
        link["ifname"] for link in json.loads(listing) if addresses.BRIDGE in (link.get("ifname"), link.get("master"))
    ]


def _tables() -> list[tuple[str, str]]:
    listing = run(["nft", "list", "tables"], check=False).stdout if find("nft") else ""
    present = {tuple(line.split()[1:3]) for line in listing.splitlines()}
    tables = [*_KUBE_PROXY_TABLES] if _kube_proxy_is_ours() else []
    tables.append(("ip", addresses.NAME))
    return [table for table in tables if table in present]


def _kube_proxy_is_ours() -> bool:
    if find("nft") is None:
        return False
    # Its first transaction already translates the API's own Service.
    return str(addresses.API_SERVICE_IP) in run(["nft", "list", "table", "ip", "kube-proxy"], check=False).stdout


def _forwarding_is_dropped() -> bool:
    # Docker does that, and an `accept` in a table of ours does not overrule it.
    if find("iptables") is None:
        return False
    return "-P FORWARD DROP" in run(["iptables", "-S", "FORWARD"], check=False).stdout


def _iptables_rules() -> list[list[str]]:
    if find("iptables") is None:
        return []
    listing = run(["iptables", "-S", "FORWARD"], check=False).stdout
    return [line.split()[1:] for line in listing.splitlines() if f"--comment {addresses.NAME} " in f"{line} "]


def _save_sysctls(path: Path) -> None:
    values = {}
    for name in _SYSCTLS:
        setting = Path("/proc/sys") / name
        if setting.exists():
            values[name] = setting.read_text().strip()
    path.write_text(json.dumps(values))


def _restore_sysctls(path: Path) -> None:
    if not path.exists():
        return
    for name, value in json.loads(path.read_text()).items():
        setting = Path("/proc/sys") / name
        if setting.read_text().strip() != value:
            setting.write_text(value)
    path.unlink()
