"""What kustomize and helm make of manifests/, and what must be true of it whoever has made it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from k8s_pipeline_client.cli.main import cli
from k8s_pipeline_client.domain.labels import APP_COMPONENT, APP_NAME
from k8s_pipeline_client.domain.pipeline import Component

MANIFESTS = Path(__file__).parents[1] / "manifests"

Manifest = dict[str, Any]


class Rendered:
    """The manifests of one rendering."""

    def __init__(self, items: Iterable[Manifest]) -> None:
        self.items = [item for item in items if item]

    def of(self, kind: str) -> list[Manifest]:
        """Return those of a kind."""
        return [item for item in self.items if item["kind"] == kind]

    def deployment(self, component: str) -> Manifest:
        """Return the Deployment of the service or of the reporter."""
        return next(item for item in self.of("Deployment") if component_of(item) == component)

    def container(self, component: str) -> Manifest:
        """Return its one container."""
        (found,) = pod_of(self.deployment(component))["containers"]
        return dict(found)

    def mounted(self, component: str) -> dict[str, Manifest]:
        """Return the volumes by the paths where the container has them."""
        volumes = {volume["name"]: volume for volume in pod_of(self.deployment(component))["volumes"]}
        return {mount["mountPath"]: volumes[mount["name"]] for mount in self.container(component)["volumeMounts"]}


def component_of(item: Mapping[str, Any]) -> str:
    """Return which part of the program an object belongs to."""
    return str(item["metadata"]["labels"]["app.kubernetes.io/component"])


def pod_of(deployment: Mapping[str, Any]) -> Manifest:
    """Return the pod's specification."""
    return dict(deployment["spec"]["template"]["spec"])


def selects(selector: Mapping[str, str], item: Mapping[str, Any]) -> bool:
    """Return whether a selector takes in the pods of a Deployment."""
    labels = item["spec"]["template"]["metadata"]["labels"]
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def check(rendered: Rendered) -> None:
    """Assert what no rendering may lack, however it is configured."""
    for deployment in rendered.of("Deployment"):
        _check_pod(rendered, deployment)
        _check_command(rendered.container(component_of(deployment))["args"])
    _check_selectors(rendered)
    _check_rights(rendered)
    _check_who_may_come(rendered)


def _check_pod(rendered: Rendered, deployment: Manifest) -> None:
    pod, component = pod_of(deployment), component_of(deployment)
    container = rendered.container(component)
    assert pod["automountServiceAccountToken"] is True
    # K8S_PIPELINE_SERVICE_HOST and the like would be taken for settings.
    assert pod["enableServiceLinks"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert set(container["resources"]) == {"requests", "limits"}
    assert "emptyDir" in rendered.mounted(component)["/tmp"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        ports = {port["name"] for port in container["ports"]}
        assert container[probe]["httpGet"]["port"] in ports
    for name in ("K8S_PIPELINE_CONFIG", "K8S_NAMESPACE"):
        assert name in {variable["name"] for variable in container["env"]}
    settings = next(v["value"] for v in container["env"] if v["name"] == "K8S_PIPELINE_CONFIG")
    volume = rendered.mounted(component)[str(Path(settings).parent)]
    names = {item["metadata"]["name"]: item for item in rendered.of("ConfigMap")}
    assert Path(settings).name in names[volume["configMap"]["name"]]["data"]
    accounts = {item["metadata"]["name"] for item in rendered.of("ServiceAccount")}
    assert not accounts or pod["serviceAccountName"] in accounts


def _check_command(words: list[str]) -> None:
    """Assert that the program has this command with these options; what they name is not looked for."""
    name, *options = words
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, name
    command.make_context(name, options)


def _check_selectors(rendered: Rendered) -> None:
    for deployment in rendered.of("Deployment"):
        assert selects(deployment["spec"]["selector"]["matchLabels"], deployment)
    for item in (*rendered.of("PodDisruptionBudget"), *rendered.of("NetworkPolicy"), *rendered.of("Service")):
        spec = item["spec"]
        selector = spec.get("podSelector") or spec["selector"]
        taken = [found for found in rendered.of("Deployment") if selects(selector.get("matchLabels", selector), found)]
        assert [component_of(found) for found in taken] == [component_of(item)], item["metadata"]["name"]


def _check_who_may_come(rendered: Rendered) -> None:
    """Assert that the pods of runs, which bear OpenMetadata's name, may not use the service."""
    for policy in rendered.of("NetworkPolicy"):
        for rule in policy["spec"]["ingress"]:
            for peer in rule["from"]:
                for component in Component:
                    assert not _fits(peer["podSelector"], {APP_NAME: "openmetadata", APP_COMPONENT: component})
                assert rule["ports"][0]["port"] == "metrics" or _fits(peer["podSelector"], {APP_NAME: "openmetadata"})


def _fits(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    excluded = selector.get("matchExpressions", [])
    assert all(expression["operator"] == "NotIn" for expression in excluded)
    return all(labels.get(key) == value for key, value in selector["matchLabels"].items()) and not any(
        labels.get(expression["key"]) in expression["values"] for expression in excluded
    )


def _check_rights(rendered: Rendered) -> None:
    roles = {item["metadata"]["name"] for item in rendered.of("Role")}
    accounts = {item["metadata"]["name"] for item in rendered.of("ServiceAccount")}
    for binding in rendered.of("RoleBinding"):
        assert binding["roleRef"]["name"] in roles
        assert {subject["name"] for subject in binding["subjects"]} <= accounts
    assert not rendered.of("ClusterRole") and not rendered.of("ClusterRoleBinding")
