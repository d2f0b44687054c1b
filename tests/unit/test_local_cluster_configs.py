from __future__ import annotations

import base64
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cluster.local import addresses, api, components, configs, coredns, identities, network
from tests.cluster.local.certificates import Authority
from tests.cluster.local.paths import Paths, current

PATHS = Paths(cache=Path("/cache"))


def test_addresses_fit_together() -> None:
    assert addresses.GATEWAY in addresses.POD_CIDR
    assert next(addresses.SERVICE_CIDR.hosts()) == addresses.API_SERVICE_IP
    assert not addresses.POD_CIDR.overlaps(addresses.SERVICE_CIDR)
    assert len(addresses.BRIDGE) <= 15


def test_no_port_is_taken_twice() -> None:
    ports = [value for name, value in vars(addresses).items() if name.endswith("_PORT")]
    assert len(ports) == len(set(ports))
    assert all(1024 < port < 32768 for port in ports)


def test_the_environment_names_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K8S_PIPELINE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert current().cache == Path("/xdg/k8s-pipeline-client")
    monkeypatch.setenv("K8S_PIPELINE_CACHE", "/named")
    assert current().cache == Path("/named")


def test_sockets_have_short_paths() -> None:
    assert len(str(PATHS.containerd_socket)) < 100


@pytest.mark.parametrize("kubernetes", [True, False])
def test_containerd_configuration(kubernetes: bool) -> None:
    parsed = tomllib.loads(configs.containerd(PATHS, Path('/odd "folder'), kubernetes=kubernetes))
    cri = parsed["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["restrict_oom_score_adj"] is True
    assert cri["cni"]["bin_dir"] == '/odd "folder'
    assert parsed["root"] == str(PATHS.containerd_root)
    assert ("io.containerd.grpc.v1.cri" in parsed["disabled_plugins"]) is not kubernetes


def audit_level(groups: list[str], user: str, verb: str, resource: dict[str, str]) -> str:
    rules: Any = configs.audit_policy()["rules"]
    for rule in rules:
        named = user in rule.get("users", [user]) and set(rule.get("userGroups", groups)) & set(groups)
        matches = verb in rule.get("verbs", [verb]) and "nonResourceURLs" not in rule
        if "resources" in rule:
            entry = rule["resources"][0]
            matches = matches and entry["group"] == resource["group"] and resource["name"] in entry["resources"]
        if named and matches:
            return str(rule["level"])
    return "None"


PODS = {"group": "", "name": "pods"}
LEASES = {"group": "coordination.k8s.io", "name": "leases"}


@pytest.mark.parametrize(
    ("groups", "user", "verb", "resource", "level"),
    [
        (["system:authenticated"], "tester", "list", PODS, "Metadata"),
        (["system:serviceaccounts", "system:serviceaccounts:om"], "x", "get", PODS, "Metadata"),
        (["system:masters"], "kubernetes-admin", "get", PODS, "Metadata"),
        (["system:serviceaccounts:kube-system"], "x", "watch", PODS, "None"),
        (["system:serviceaccounts:kube-system"], "x", "delete", PODS, "Metadata"),
        (["system:nodes"], "system:node:localhost", "update", LEASES, "None"),
        (["system:nodes"], "system:node:localhost", "patch", PODS, "Metadata"),
    ],
)
def test_audit_policy(groups: list[str], user: str, verb: str, resource: dict[str, str], level: str) -> None:
    assert audit_level(groups, user, verb, resource) == level


@pytest.mark.parametrize("v1", [True, False])
def test_kubelet_is_told_to_accept_cgroups_v1_only_there(monkeypatch: pytest.MonkeyPatch, v1: bool) -> None:
    monkeypatch.setattr(configs, "is_v1", lambda: v1)
    kubelet = configs.kubelet(PATHS)
    assert ("failCgroupV1" in kubelet) is v1
    assert kubelet["cgroupRoot"] == f"/{addresses.NAME}"
    assert yaml.safe_load(yaml.safe_dump(kubelet)) == kubelet


def test_the_kubeconfig_embeds_everything() -> None:
    authority = Authority("test")
    pair = authority.client("someone", "some:group")
    config: Any = identities.kubeconfig("someone", authority.pair.certificate, pair)
    [cluster], [user] = config["clusters"], config["users"]
    assert cluster["cluster"]["server"] == f"https://{addresses.GATEWAY}:{addresses.API_PORT}"
    assert base64.b64decode(cluster["cluster"]["certificate-authority-data"]) == authority.pair.certificate
    assert base64.b64decode(user["user"]["client-key-data"]) == pair.key
    assert config["current-context"] == config["contexts"][0]["name"]


def test_signed_certificates() -> None:
    authority = Authority("test")
    issuer = x509.load_pem_x509_certificate(authority.pair.certificate)
    client = x509.load_pem_x509_certificate(authority.client("user", "a", "b").certificate)
    server = x509.load_pem_x509_certificate(authority.server("api", ["localhost", "10.0.0.1"]).certificate)
    client.verify_directly_issued_by(issuer)
    server.verify_directly_issued_by(issuer)
    assert isinstance(client.public_key(), ec.EllipticCurvePublicKey)
    assert client.subject.rfc4514_string() == "CN=user,O=b,O=a"
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(value) for value in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1"]


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    Authority("test").pair.write(tmp_path, "ca")
    assert (tmp_path / "ca.key").stat().st_mode & 0o777 == 0o600


def test_every_command_line_is_recognized_as_ours() -> None:
    # `find_ours` looks for these folders: a component without them would be left behind after a crash.
    binaries = Path("/cache/bin")
    commands = [
        components.etcd(PATHS, binaries),
        components.kube_apiserver(PATHS, binaries),
        components.kube_controller_manager(PATHS, binaries),
        components.kube_scheduler(PATHS, binaries),
        components.kube_proxy(PATHS, binaries),
        components.kubelet(PATHS, binaries),
        components.coredns(PATHS, binaries / "coredns"),
        components.containerd(PATHS),
        components.containerd(PATHS, kubernetes=False),
    ]
    for command in commands:
        assert any(f"{PATHS.state}/" in str(word) for word in command[1:]), command


@pytest.mark.parametrize(
    ("routes", "conflict"),
    [
        ([{"dst": "default", "dev": "eth0"}, {"dst": "192.0.2.0/24", "dev": "eth0"}], None),
        ([{"dst": "10.0.0.0/8", "dev": "tun0"}], "10.0.0.0/8 on tun0"),
        ([{"dst": str(addresses.API_SERVICE_IP), "dev": "eth1"}], f"{addresses.API_SERVICE_IP} on eth1"),
        ([{"dst": str(addresses.POD_CIDR), "dev": addresses.BRIDGE}], None),
    ],
)
def test_conflicting_routes(routes: list[dict[str, str]], conflict: str | None) -> None:
    assert network.conflicting_route(routes) == conflict


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ([{"type": "Ready", "status": "True"}], True),
        ([{"type": "Ready", "status": "Unknown"}, {"type": "MemoryPressure", "status": "True"}], False),
        ([], False),
    ],
)
def test_the_nodes_ready_condition(conditions: list[dict[str, str]], ready: bool) -> None:
    assert api.is_ready({"status": {"conditions": conditions}}) is ready


def test_no_node_is_not_ready() -> None:
    assert not api.is_ready({})


@pytest.mark.parametrize(
    ("content", "forwards"),
    [("search x\nnameserver 127.0.0.53\n", True), ("# nameserver 1.2.3.4\n", False), (None, False)],
)
def test_names_are_forwarded_where_this_machine_has_a_resolver(
    tmp_path: Path, content: str | None, forwards: bool
) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    if content is not None:
        resolv_conf.write_text(content)
    assert (f"forward . {resolv_conf}" in coredns.corefile(Path("/k"), resolv_conf)) is forwards


def test_a_dns_query() -> None:
    assert coredns.query("a.bc", 0x1234) == (
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x02bc\x00\x00\x01\x00\x01"
    )


def test_the_dns_service_has_no_selector_and_an_endpoint_for_each_port() -> None:
    created: Any = dict(coredns.objects())
    service = created["/api/v1/namespaces/kube-system/services"]["spec"]
    endpoints = created["/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices"]
    assert "selector" not in service
    assert [port["name"] for port in service["ports"]] == [port["name"] for port in endpoints["ports"]]
    assert addresses.DNS_SERVICE_IP in addresses.SERVICE_CIDR
