"""What every operation may meet: together these use each right that it is declared to need."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pytest

from k8s_pipeline_client import create_client, load_settings
from k8s_pipeline_client.cluster.access import Operation
from k8s_pipeline_client.runs import kill
from tests import openmetadata
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.latecomer import deploy_after_the_token_is_gone
from tests.cluster.support.mesh import mesh
from tests.cluster.support.program import Program
from tests.cluster.support.reconciling import reconcile
from tests.cluster.support.site import SHOP, Site
from tests.cluster.support.space import until
from tests.cluster.support.tokens import FIRST, SECOND, THIRD, TOKENS, entity_with
from tests.cluster.support.webhook import webhook


@dataclass(frozen=True)
class Stage:
    """Where a scenario is played.

    Attributes:
        admin: The program with the whole Role, to prepare and to look.
        limited: The program with the rights of one operation.
        site: An OpenMetadata server, as the limited program sees it.
        image: Has Python.
    """

    admin: Program
    limited: Program
    site: Site
    image: str
    patch: pytest.MonkeyPatch

    def deployed(self, *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Have a pipeline deployed, and return its entity."""
        entity = pipeline(*(steps or ({"log": "a line"},)), **fields)
        self.admin.deploy(entity, service())
        return entity

    def file(self, *documents: Any) -> str:
        """Return the path of a file with definitions."""
        return self.limited.file("given.yaml", *documents, service())

    def until_active(self) -> None:
        """Wait until the newest run has a pod that runs."""
        until(lambda: _state(self) == "running", "the run is running")


def _state(stage: Stage) -> str:
    return str(stage.admin("runs", "-o", "json").json[0]["state"])


def _deploy(stage: Stage) -> None:
    entity = entity_with(schedule="@daily")
    stage.limited("deploy", "-f", stage.file(entity))
    many = [entity, *(entity_with(name=f"another-{number}") for number in range(3))]
    stage.limited("deploy", "-f", stage.file(*many), "--dry-run=server")
    stage.limited("deploy", "-f", stage.file(*many), "--force")
    for number in range(3):
        stage.admin("delete", f"another-{number}")
    # What was changed by other hands meanwhile.
    name = stage.admin("list", "-o", "json").json[0]["resourceName"]
    stage.admin.space.kubectl("delete", "configmap,secret", name)
    stage.limited("deploy", "-f", stage.file({**entity, "loggerLevel": "DEBUG"}))
    # Renamed; and what belongs to the earlier name is not Kubernetes' to remove.
    stage.admin("run", "nightly", "--wait")
    for kind in ("job", "secret", "configmap"):
        for item in stage.admin.space.list(f"{kind}s", f"k8s-pipeline/pipeline={name}"):
            disown = '{"metadata": {"ownerReferences": null}}'
            stage.admin.space.kubectl("patch", kind, item["metadata"]["name"], "--type=merge", "-p", disown)
    renamed = {**entity, "name": "daily", "fullyQualifiedName": "pg_prod.daily"}
    stage.limited("deploy", "--rename", "-f", stage.file(renamed))
    # Refused half-way, so that it is taken back.
    with webhook(stage.admin.space, {"secrets": lambda secret: None}) as served:
        served.denial = "no more Secrets"
        stage.limited("deploy", "-f", stage.file(entity_with(name="refused")), code=1)
    assert [item["name"] for item in stage.admin("list", "-o", "json").json] == ["daily"]


def _diff(stage: Stage) -> None:
    entity = stage.deployed()
    stage.limited("diff", "-f", stage.file({**entity, "loggerLevel": "DEBUG"}), code=1)
    stage.limited("diff", "-f", stage.file({**entity, "name": "b", "fullyQualifiedName": "pg_prod.b"}), code=1)
    stage.limited("diff", "-f", stage.file(entity_with(name="new")), code=1)
    name = stage.admin("status", "nightly", "-o", "json").json["resourceName"]
    stage.admin.space.kubectl("delete", "configmap,secret", name)
    many = [entity, *(entity_with(name=f"another-{number}") for number in range(19))]
    stage.limited("diff", "-f", stage.file(*many), code=1)


def _run(stage: Stage) -> None:
    stage.deployed()
    identity = str(uuid.uuid4())
    with webhook(stage.admin.space, {"pods": mesh(stage.image)}):
        stage.limited("run", "nightly", "--run-id", identity, "--wait")
    stage.limited("run", "nightly", "--run-id", identity, "--allow-overlap")
    stage.limited("run", "nightly", "--set", "workflowConfig.loggerLevel=DEBUG", "--allow-overlap")
    _refused_secret(stage, "run", "nightly", "--set", "workflowConfig.loggerLevel=DEBUG", "--allow-overlap")
    _by_resource_name(stage, "run")


def _by_resource_name(stage: Stage, command: str) -> None:
    """Name what could be a CronJob or a Job: those are read one by one."""
    stage.limited(command, "om-nosuch-0123456789", code=2)


def _refused_secret(stage: Stage, *words: str) -> None:
    with webhook(stage.admin.space, {"secrets": lambda secret: None}) as served:
        served.denial = "no more Secrets"
        assert "the run has been removed" in stage.limited(*words, code=1).err


def _run_file(stage: Stage) -> None:
    file = stage.file(pipeline({"log": "a line"}))
    identity = str(uuid.uuid4())
    with webhook(stage.admin.space, {"pods": mesh(stage.image)}):
        stage.limited("run", "-f", file, "--run-id", identity, "--wait")
    stage.limited("run", "-f", file, "--run-id", identity)
    _refused_secret(stage, "run", "-f", file)


def _wait(stage: Stage) -> None:
    stage.deployed()
    with webhook(stage.admin.space, {"pods": mesh(stage.image)}):
        run = stage.admin("run", "nightly", "-o", "json").json
        stage.limited("wait", "nightly")
    stage.limited("wait", run["runId"])
    _by_resource_name(stage, "wait")


def _retry(stage: Stage) -> None:
    stage.deployed({"fail": "no such table"})
    stage.admin("run", "nightly", "--wait", code=3)
    with webhook(stage.admin.space, {"pods": mesh(stage.image)}):
        stage.limited("retry", "--wait", code=3)
    stage.limited("retry", "nightly", "--wait", code=3)
    own = stage.admin("run", "nightly", "--set", "workflowConfig.loggerLevel=DEBUG", "--wait", "-o", "json", code=3)
    stage.limited("retry", own.json["jobName"], "--wait", code=3)
    _refused_secret(stage, "retry", own.json["jobName"])


def _shown(*commands: str) -> Callable[[Stage], None]:
    def show(stage: Stage) -> None:
        stage.deployed({"fail": "no such table"})
        stage.admin("run", "nightly", "--wait", code=3)
        _leave_waiting(stage)
        for command in commands:
            stage.limited(*command.split())
            if " " in command:
                _by_resource_name(stage, command.split()[0])

    return show


def _leave_waiting(stage: Stage) -> None:
    """Have a run whose pod no node takes: only events tell why."""
    stage.admin.configure(nodeSelector={"no": "where"})
    stage.deployed({"fail": "no such table"})
    stage.admin("run", "nightly")


def _list_from_server(stage: Stage) -> None:
    stage.site.seed(services=[SHOP], pipelines=[openmetadata.pipeline("one", SHOP)])
    stage.site("list", "--from-server")


def _logs(stage: Stage) -> None:
    stage.deployed({"log": "begun"}, {"sleep": 3}, {"fail": "no such table"})
    stage.admin("run", "nightly")
    stage.limited("logs", "nightly", "-f")
    stage.limited("logs", "nightly")
    _leave_waiting(stage)
    stage.limited("logs", "nightly")
    _by_resource_name(stage, "logs")


def _diagnose(stage: Stage) -> None:
    stage.deployed({"log": "begun"}, {"fail": "no such table"})
    stage.admin("run", "nightly", "--wait", code=3)
    stage.limited("diagnose", "nightly")
    _leave_waiting(stage)
    stage.limited("diagnose", "nightly")
    _by_resource_name(stage, "diagnose")


def _doctor(stage: Stage) -> None:
    stage.admin.space.kubectl("create", "secret", "generic", "pull")
    stage.admin.configure(imagePullSecrets=["pull"], metadataApiEndpoint="http://127.0.0.1:1/api")
    stage.limited("doctor", "--probe", code=1)


def _kill(stage: Stage) -> None:
    stage.deployed({"log": "begun"}, {"sleep": 600})
    stage.admin("run", "nightly")
    stage.until_active()
    stage.limited("kill", "nightly")
    with webhook(stage.admin.space, {"pods": mesh(stage.image)}):
        stage.deployed({"log": "done"}, name="meshed")
        stage.admin("run", "meshed", "--wait")
        stage.limited("kill", "meshed", code=None)
    stage.deployed({"sleep": 600}, name="queued")
    job = stage.admin("run", "queued", "-o", "json").json["jobName"]
    hold = ("patch", "job", job, "--type=merge", "-p", '{"spec": {"suspend": true}}')
    stage.admin.space.kubectl(*hold)
    given_up = kill._given_up

    def taken_back(*arguments: Any) -> Any:
        stage.admin.space.kubectl(*hold)
        return given_up(*arguments)

    stage.patch.setattr(kill, "_given_up", taken_back)
    stage.limited("kill", "queued")
    _by_resource_name(stage, "kill")


def _switched(word: str) -> Callable[[Stage], None]:
    def switch(stage: Stage) -> None:
        stage.deployed(schedule="@daily")
        if word == "enable":
            stage.admin("disable", "nightly")
        stage.limited(word, "nightly")
        _by_resource_name(stage, word)

    return switch


def _tokens(stage: Stage) -> None:
    stage.admin.deploy(entity_with(FIRST), service())
    stage.limited("tokens")
    stage.admin.space.kubectl("delete", "secret", "-l", TOKENS)
    stage.limited("tokens")


def _rotate_token(stage: Stage) -> None:
    stage.admin.deploy(entity_with(FIRST), service())
    stage.limited("rotate-token", "--token-file", "-", given=SECOND)
    stage.admin.space.kubectl("delete", "secret", "-l", TOKENS)
    stage.limited("rotate-token", "--token-file", "-", given=THIRD)


def _delete(stage: Stage) -> None:
    stage.admin.deploy(entity_with(FIRST), service())
    stage.admin("run", "nightly", "--wait")
    with stage.patch.context() as patch:
        deploy_after_the_token_is_gone(stage.admin.space, stage.image, patch)
        stage.limited("delete", "nightly")
    _by_resource_name(stage, "delete")


def _prune(stage: Stage) -> None:
    gone = openmetadata.pipeline("gone", SHOP)
    stage.site.seed(services=[SHOP], pipelines=[openmetadata.pipeline("one", SHOP), gone])
    of_admin = stage.site.seen_by(stage.admin)
    of_admin.deploy("--all")
    stage.admin("run", "shop.gone", "--wait")
    stage.site.forget(gone)
    stage.admin.space.kubectl("label", "cronjob", "-l", "k8s-pipeline/fqn-hash", f"{TOKENS}-")  # nobody else's token
    with stage.patch.context() as patch:
        deploy_after_the_token_is_gone(stage.admin.space, stage.image, patch)
        stage.site("prune", "--yes")


def _service_status(stage: Stage) -> None:
    settings = load_settings(
        [stage.limited.settings_file], environ={}, namespace=stage.limited.space.namespace
    ).settings
    assert create_client(settings, kubeconfig=stage.limited.space.kubeconfig).service_status().code == 200


SCENARIOS: Mapping[Operation, Callable[[Stage], None]] = MappingProxyType(
    {
        Operation.DEPLOY: _deploy,
        Operation.DIFF: _diff,
        Operation.RUN: _run,
        Operation.RUN_FILE: _run_file,
        Operation.WAIT: _wait,
        Operation.RETRY: _retry,
        Operation.LIST: _shown("list"),
        Operation.LIST_FROM_SERVER: _list_from_server,
        Operation.STATUS: _shown("status nightly", "status"),
        Operation.RUNS: _shown("runs nightly", "runs"),
        Operation.EVENTS: _shown("events nightly"),
        Operation.DIAGNOSE: _diagnose,
        Operation.DOCTOR: _doctor,
        Operation.LOGS: _logs,
        Operation.KILL: _kill,
        Operation.ENABLE: _switched("enable"),
        Operation.DISABLE: _switched("disable"),
        Operation.TOKENS: _tokens,
        Operation.ROTATE_TOKEN: _rotate_token,
        Operation.DELETE: _delete,
        Operation.PRUNE: _prune,
        Operation.RECONCILE: reconcile,
        Operation.SERVICE_STATUS: _service_status,
    }
)
