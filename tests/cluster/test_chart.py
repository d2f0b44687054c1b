"""The chart, rendered by the real helm: beside what kustomize makes, and with each of its values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.support.access import Access
from tests.cluster.support.helm import CHART, Helm, HelmError
from tests.manifests import MANIFESTS, Manifest, Rendered, check, component_of, pod_of

BOTH: dict[str, Any] = {"reporter": {"enabled": True}}
TOKEN: dict[str, Any] = {"openmetadata": {"existingSecret": "openmetadata-bot-token"}}


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    return Helm(tmp_path)


def essentials(rendered: Rendered, component: str) -> Manifest:
    """Return what a Deployment comes down to, whatever its objects are called."""
    pod, container = pod_of(rendered.deployment(component)), rendered.container(component)
    mounted = {path: sorted(set(volume) - {"name"}) for path, volume in rendered.mounted(component).items()}
    own = ("args", "ports", "resources", "securityContext", "startupProbe", "livenessProbe", "readinessProbe")
    kept = ("securityContext", "terminationGracePeriodSeconds", "enableServiceLinks", "automountServiceAccountToken")
    return {
        "container": {key: container[key] for key in own} | {"lifecycle": container.get("lifecycle")},
        "pod": {key: pod[key] for key in kept},
        "mounted": mounted,
        "replicas": rendered.deployment(component)["spec"]["replicas"],
        "strategy": rendered.deployment(component)["spec"]["strategy"],
    }


def named(rendered: Rendered, kind: str, component: str) -> Manifest:
    """Return the one object of a kind that belongs to a component."""
    (found,) = [item for item in rendered.of(kind) if component_of(item) == component]
    return found


def test_helm_finds_nothing_to_complain_of(helm: Helm) -> None:
    helm("lint", "--strict", str(CHART))


def test_it_is_what_kustomize_makes(access: Access, helm: Helm) -> None:
    whole = helm.template(BOTH | TOKEN)
    check(whole)

    for component, chart in (("service", helm.template(TOKEN)), ("reporter", whole)):
        plain = Rendered(yaml.safe_load_all(access.run("kustomize", str(MANIFESTS / component))))
        ours, theirs = essentials(chart, component), essentials(plain, component)
        if component == "reporter":
            theirs["container"]["args"] = [*theirs["container"]["args"], "--interval=10s"]
        assert ours == theirs
        (role,) = plain.of("Role")
        assert named(chart, "Role", component)["rules"] == role["rules"]
        for kind in ("NetworkPolicy", "PodDisruptionBudget", "Service"):
            mine, other = (named(found, kind, component)["spec"] for found in (chart, plain))
            for spec in (mine, other):  # these differ: a release has a label of its own
                spec.pop("selector", None), spec.pop("podSelector", None)
            assert mine == other


def test_the_reporter_is_inside_the_service_or_apart(helm: Helm) -> None:
    inside, apart = helm.template(), helm.template(BOTH)

    assert [component_of(item) for item in inside.of("Deployment")] == ["service"]
    assert "--no-reporter" not in inside.container("service")["args"]
    assert {component_of(item) for item in apart.of("Deployment")} == {"service", "reporter"}
    assert "--no-reporter" in apart.container("service")["args"]


def test_two_releases_share_nothing(helm: Helm) -> None:
    def names(release: str) -> set[tuple[str, str]]:
        return {(item["kind"], item["metadata"]["name"]) for item in helm.template(BOTH, release=release).items}

    one, other = names("one"), names("other")

    assert not one & other
    assert ("Deployment", "one-k8s-pipeline-service") in one
    assert ("Service", "k8s-pipeline") in names("k8s-pipeline")


def test_the_names_of_a_long_release_are_names(helm: Helm) -> None:
    for item in helm.template(BOTH, release="r" * 53).items:
        assert len(item["metadata"]["name"]) <= 63


def test_runs_may_be_in_a_namespace_of_their_own(helm: Helm) -> None:
    found = helm.template(BOTH | {"runs": {"namespace": "pipelines"}}, namespace="openmetadata")
    check(found)

    there = {(item["kind"], component_of(item)) for item in found.items if item["metadata"]["namespace"] == "pipelines"}
    rights = {(kind, component) for kind in ("Role", "RoleBinding") for component in ("service", "reporter")}
    assert there == rights | {("ServiceAccount", "ingestion")}
    for component in ("service", "reporter"):
        environment = {item["name"]: item.get("value") for item in found.container(component)["env"]}
        assert environment["K8S_NAMESPACE"] == "pipelines"
        assert named(found, "RoleBinding", component)["subjects"][0]["namespace"] == "openmetadata"


def test_accounts_are_created_and_annotated_separately(helm: Helm) -> None:
    theirs = {"create": False, "name": "given"}
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"}
    annotated = {"service": {"serviceAccount": theirs}, "runs": {"serviceAccount": {"annotations": role}}}

    found = helm.template(annotated)

    (runs,) = found.of("ServiceAccount")
    assert component_of(runs) == "ingestion"
    assert role.items() <= runs["metadata"]["annotations"].items()
    assert pod_of(found.deployment("service"))["serviceAccountName"] == "given"
    assert named(found, "RoleBinding", "service")["subjects"][0]["name"] == "given"
    given = helm.template({"runs": {"serviceAccount": theirs}})
    environment = {item["name"]: item.get("value") for item in given.container("service")["env"]}
    assert environment["K8S_SERVICE_ACCOUNT_NAME"] == "given"
    assert {component_of(item) for item in given.of("ServiceAccount")} == {"service"}


def test_what_is_off_is_not_there(helm: Helm) -> None:
    off = {name: {"enabled": False} for name in ("service", "networkPolicy", "pdb")}

    found = helm.template({**off, **BOTH, "rbac": {"create": False}})

    assert {component_of(item) for item in found.items} == {"reporter", "settings", "ingestion"}
    kinds = {item["kind"] for item in found.items}
    assert kinds == {"ConfigMap", "Deployment", "Service", "ServiceAccount"}


def test_tls_watch_and_replicas(helm: Helm) -> None:
    found = helm.template(
        {"tls": {"existingSecret": "cert"}, "rbac": {"watch": True}, "service": {"replicas": 2, "docs": True}}
    )
    check(found)

    container = found.container("service")
    assert container["livenessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert {"--tls-certificate=/etc/k8s-pipeline/tls/tls.crt", "--docs"} <= set(container["args"])
    assert found.mounted("service")["/etc/k8s-pipeline/tls"]["secret"]["secretName"] == "cert"
    assert any(rule["verbs"] == ["watch"] for rule in named(found, "Role", "service")["rules"])
    assert {"name": "K8S_PIPELINE_REPORTER_WATCH", "value": "true"} in container["env"]
    assert pod_of(found.deployment("service"))["topologySpreadConstraints"]


def test_everything_for_the_pod_arrives(helm: Helm) -> None:
    values = {
        "image": {"repository": "mirror/k8s-pipeline-client", "digest": f"sha256:{'0' * 64}"},
        "imagePullSecrets": [{"name": "pull"}],
        "podAnnotations": {"a": "b"},
        "podLabels": {"team": "data"},
        "priorityClassName": "high",
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}],
        "settings": {"metadataApiEndpoint": "http://om:8585/api", "overrides": []},
    }

    found = helm.template(BOTH | values)

    check(found)
    for component in ("service", "reporter"):
        template = found.deployment(component)["spec"]["template"]
        pod, container = pod_of(found.deployment(component)), found.container(component)
        for key in ("imagePullSecrets", "priorityClassName", "nodeSelector", "tolerations", "affinity"):
            assert pod[key] == values[key]
        assert container["image"] == f"mirror/k8s-pipeline-client@sha256:{'0' * 64}"
        assert values["extraEnv"][0] in container["env"]  # type: ignore[index]
        assert found.mounted(component)["/ca"]["configMap"] == {"name": "ca"}
        assert template["metadata"]["labels"]["team"] == "data"
        assert template["metadata"]["annotations"]["a"] == "b"
    (settings,) = found.of("ConfigMap")
    # Helm merges mappings: what is not given keeps its default.
    assert yaml.safe_load(settings["data"]["settings.yaml"]).items() >= values["settings"].items()  # type: ignore[attr-defined]


def test_a_change_of_the_settings_starts_new_pods(helm: Helm) -> None:
    def template(endpoint: str) -> object:
        found = helm.template({"settings": {"metadataApiEndpoint": endpoint}})
        return found.deployment("service")["spec"]["template"]

    assert template("http://a/api") == template("http://a/api")
    assert template("http://a/api") != template("http://b/api")


def test_monitoring_is_that_of_the_manifests(access: Access, helm: Helm) -> None:
    found = helm.template({"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}})
    plain = Rendered(yaml.safe_load_all(access.run("kustomize", str(MANIFESTS / "monitoring"))))

    (ours,), (theirs,) = found.of("PrometheusRule"), plain.of("PrometheusRule")
    assert ours["spec"] == theirs["spec"]
    (ours,), (theirs,) = found.of("ServiceMonitor"), plain.of("ServiceMonitor")
    assert ours["spec"]["endpoints"] == theirs["spec"]["endpoints"]


@pytest.mark.parametrize(
    "values",
    [
        {"replicas": 2},
        {"service": {"replicas": "two"}},
        {"service": {"auth": {"existingSecret": ""}}},
        {"service": {"openmetadataVersion": "1.12"}},
        {"image": {"repository": ""}},
        {"image": {"digest": "latest"}},
        {"reporter": {"interval": "5m"}},
        {"runs": {"namespace": "No Such"}},
        {"tls": {"secretName": "cert"}},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_meant_is_refused(helm: Helm, values: dict[str, Any]) -> None:
    with pytest.raises(HelmError, match="don't meet the specifications of the schema"):
        helm.template(values)
