"""What a reporter may meet: together it uses each right that it is declared to need."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from k8s_pipeline_client.reporter import deleted, housekeeping, situation
from tests.cluster.support.definitions import pipeline
from tests.cluster.support.latecomer import LATE, deploy_after_the_token_is_gone
from tests.cluster.support.mesh import PROXY, mesh
from tests.cluster.support.space import until
from tests.cluster.support.tokens import TOKENS
from tests.cluster.support.webhook import webhook

if TYPE_CHECKING:
    from tests.cluster.support.scenarios import Stage

_KINDS = ("configmaps", "cronjobs")
SOURCE = "k8s-pipeline/managed-by-source"
LABELS = "app.kubernetes.io/component"


def reconcile(stage: Stage) -> None:
    """Play it."""
    failing, meshed, unwanted = (
        stage.deployed({"log": "a line"}, {"exit": 3}),
        stage.deployed({"log": "done"}, name="meshed"),
        stage.deployed({"log": "done"}, name="deleted", schedule="0 0 1 1 *"),
    )
    told = {"metadataApiEndpoint": stage.site.server.url, "serverToken": stage.site.bearer}
    stage.site.seed(pipelines=[failing, meshed, unwanted])
    stage.admin("run", "nightly", "--wait", code=3)
    with webhook(stage.admin.space, {"pods": mesh(stage.image)}):
        stage.admin("run", "meshed")
        until(lambda: _is_left_to_its_sidecar(stage), "only the sidecar is left")
    stage.admin("run", "deleted", "--wait")
    stage.site.delete(unwanted)
    stage.admin("run", "nightly", "--wait", code=3)
    stage.admin.configure(**told)
    _run_once_and_remove_its_job(stage)
    until(lambda: _suspended(stage, "deleted"), "the deleted pipeline is suspended")
    _keep_it_no_longer(stage, "deleted", told)
    _lose_a_node(stage, told)
    stage.admin.configure(**told)
    _keep_house(stage)


def _keep_it_no_longer(stage: Stage, name: str, told: dict[str, str]) -> None:
    """Have it be time to remove a pipeline that the server has deployed, and OpenMetadata has deleted."""
    place = stage.admin("status", name, "-o", "json").json["resourceName"]
    stage.admin.space.kubectl("annotate", "cronjob", place, "--overwrite", f"{SOURCE}=server")
    stage.admin.configure(deletedPipelineRetentionDays=0, **told)
    with stage.patch.context() as patch:
        patch.setattr(deleted, "EVERY", timedelta(seconds=1))
        until(lambda: _passed_without(stage, "cronjobs", place), "it is removed")


def _lose_a_node(stage: Stage, told: dict[str, str]) -> None:
    """Have a run be on a node that nobody serves, and its pod be deleted."""
    space = stage.admin.space
    stage.admin.configure(nodeSelector={"nobody": "has-this"}, **told)
    stage.deployed({"log": "never"}, name="lost")
    run = stage.admin("run", "lost", "-o", "json").json
    pod = str(until(lambda: space.list("pods", f"job-name={run['jobName']}"), "it has a pod")[0]["metadata"]["name"])
    target = {"apiVersion": "v1", "kind": "Node", "name": "not-there"}
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod}, "target": target}
    space.access.api.request("POST", f"/api/v1/namespaces/{space.namespace}/pods/{pod}/binding", body=binding)
    space.kubectl("delete", "pod", pod, "--grace-period=1", "--wait=false")
    stage.admin.configure(forceDeleteLostPods=True, **told)
    with stage.patch.context() as patch:
        patch.setattr(situation, "LOST_AFTER", timedelta())
        until(lambda: _passed_without(stage, "pods", pod), "it is deleted by force")


def _passed_without(stage: Stage, kind: str, name: str) -> bool:
    stage.limited("reconcile", "--once", code=None)
    return all(item["metadata"]["name"] != name for item in stage.admin.space.list(kind))


def _suspended(stage: Stage, name: str) -> bool:
    stage.limited("reconcile", "--once", code=None)
    return not stage.admin("status", name, "-o", "json").json["enabled"]


def _is_left_to_its_sidecar(stage: Stage) -> bool:
    pods = [pod["status"].get("containerStatuses") or () for pod in stage.admin.space.list("pods")]
    for statuses in pods:
        states = {status["name"]: status["state"] for status in statuses}
        if PROXY in states and "terminated" in states.get("main", {}):
            return True
    return False


def _run_once_and_remove_its_job(stage: Stage) -> None:
    """Have a run be remembered whose document, with its token, goes with its Job."""
    entity: dict[str, Any] = pipeline({"sleep": 600}, name="once")
    job = stage.admin("run", "-f", stage.file(entity), "-o", "json").json["jobName"]
    stage.limited("reconcile", "--once", code=None)
    stage.admin.configure()  # so that a token has to be looked for
    stage.admin.space.kubectl("delete", "job", job, "--wait")
    stage.admin.space.kubectl("wait", "--for=delete", "pod", "-l", f"job-name={job}", "--timeout=60s")
    stage.limited("reconcile", "--once", code=None)
    stage.admin.configure(metadataApiEndpoint=stage.site.server.url, serverToken=stage.site.bearer)


def _keep_house(stage: Stage) -> None:
    """Have it be time to remove what nothing uses: a token, which somebody comes to use just then, and a launcher."""
    space = stage.admin.space
    space.kubectl("label", "cronjobs,jobs", "--all", f"{TOKENS}-")
    name = "om-launcher-0000000000"
    found = {LABELS: "launcher", "k8s-pipeline/lookup-key": name}
    launcher = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": found},
        "data": {"a": "b"},
    }
    apply = ("apply", "--server-side", "--field-manager=k8s-pipeline", "-f", "-")
    space.kubectl(*apply, given=json.dumps(launcher))
    with stage.patch.context() as ours, stage.patch.context() as patch:
        ours.setattr(housekeeping, "OLDER_THAN", 0.0)
        ours.setattr(housekeeping, "_EVERY", timedelta(seconds=1))
        deploy_after_the_token_is_gone(space, stage.image, patch)
        until(lambda: _is_removed(stage, name), "launcher and token are removed, once no run is active that mounts it")


def _is_removed(stage: Stage, launcher: str) -> bool:
    stage.limited("reconcile", "--once", code=None)
    names = {kind: [item["metadata"]["name"] for item in stage.admin.space.list(kind)] for kind in _KINDS}
    return launcher not in names["configmaps"] and LATE in names["cronjobs"]
