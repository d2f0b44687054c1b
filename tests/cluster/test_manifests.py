"""What stands in manifests/ is what a cluster takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from k8s_pipeline_client.cluster.access import GRANTED, Operation, needed_by, rules
from tests.cluster.support.access import Access
from tests.cluster.support.program import Program, call
from tests.cluster.support.space import Space
from tests.manifests import MANIFESTS, Rendered, check, pod_of

FOLDERS = ("service", "reporter", "overlays/two-replicas", "overlays/tls", "overlays/watch", "overlays/reporter-apart")
RBAC = MANIFESTS.parent / "rbac"
MINIMAL = MANIFESTS / "overlays/minimal-role"
WATCH = [
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["watch"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["watch"]},
]


def rendered(access: Access, folder: str) -> Rendered:
    """Return what kustomize makes of a folder."""
    return Rendered(yaml.safe_load_all(access.run("kustomize", str(MANIFESTS / folder))))


def test_the_base_makes_a_namespace_with_rights_in_it(program: Program) -> None:
    access = program.space.access

    found = list(yaml.safe_load_all(access.run("kustomize", str(MANIFESTS / "base"))))

    assert [item["kind"] for item in found].count("Namespace") == 1
    for item in found:
        if item["kind"] != "Namespace":  # in one that is there, for nothing is kept of the other
            item["metadata"]["namespace"] = program.space.namespace
        access.run(
            "apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-", given=yaml.safe_dump(item)
        )


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_is_taken_by_a_namespace_that_enforces_restricted(space: Space, folder: str) -> None:
    found = rendered(space.access, folder)
    check(found)

    for item in found.items:
        item["metadata"]["namespace"] = space.namespace
        for subject in item.get("subjects", []):
            subject["namespace"] = space.namespace
    space.kubectl(
        *("apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "-f", "-"),
        given=yaml.safe_dump_all(found.items),
    )
    # A Deployment that no pod may be made of would be taken all the same.
    for deployment in found.of("Deployment"):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": deployment["metadata"]["name"], "namespace": space.namespace},
            "spec": pod_of(deployment) | {"serviceAccountName": "k8s-pipeline"},
        }
        path = f"/api/v1/namespaces/{space.namespace}/pods"
        space.access.api.request("POST", path, {"dryRun": "All", "fieldValidation": "Strict"}, pod)


def test_service_and_reporter_have_the_rights_that_are_declared(access: Access) -> None:
    (service,) = rendered(access, "service").of("Role")
    (reporter,) = rendered(access, "reporter").of("Role")

    assert service["rules"] == rules(GRANTED)
    assert reporter["rules"] == rules(needed_by([Operation.RECONCILE]))


def test_the_minimal_role_takes_the_place_of_the_documented_one(access: Access) -> None:
    minimal, full = (Rendered(yaml.safe_load_all(access.run("kustomize", str(folder)))) for folder in (MINIMAL, RBAC))

    (role,) = minimal.of("Role")
    assert role["rules"] == rules(needed_by(Operation))
    assert [item for item in minimal.items if item != role] == [item for item in full.items if item["kind"] != "Role"]


def test_the_overlays_add_what_they_are_named_after(access: Access) -> None:
    plain, two, tls = (rendered(access, folder) for folder in ("service", "overlays/two-replicas", "overlays/tls"))

    assert plain.deployment("service")["spec"]["replicas"] == 1
    assert two.deployment("service")["spec"]["replicas"] == 2
    probes = ("startupProbe", "livenessProbe", "readinessProbe")
    assert {tls.container("service")[probe]["httpGet"]["scheme"] for probe in probes} == {"HTTPS"}
    given = set(tls.container("service")["args"]) - set(plain.container("service")["args"])
    (folder,) = {str(Path(option.partition("=")[2]).parent) for option in given}
    assert tls.mounted("service")[folder]["secret"]["secretName"] == "k8s-pipeline-tls"
    watch = rendered(access, "overlays/watch")
    (role,) = watch.of("Role")
    assert role["rules"][-2:] == WATCH
    assert {"name": "K8S_PIPELINE_REPORTER_WATCH", "value": "true"} in watch.container("service")["env"]
    apart = rendered(access, "overlays/reporter-apart")
    assert "--no-reporter" in apart.container("service")["args"]
    assert apart.deployment("reporter")


def test_the_example_for_git_can_be_deployed(program: Program) -> None:
    example = MANIFESTS / "examples/git"

    place = ["--config", str(example / "settings.yaml"), "-n", program.space.namespace]
    place += ["--kubeconfig", str(program.space.kubeconfig)]

    result = call([*place, "deploy", "-f", str(example / "nightly.yaml"), "--dry-run=server", "-o", "json"])

    assert (result.code, result.err) == (0, "")
    assert result.json[0]["displayName"] == "nightly"
