"""How bad ends are brought about."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from tests.cluster.support.program import Result
from tests.cluster.support.space import until
from tests.e2e.case import Play
from tests.e2e.stage import Stage

_LONG = 600


def workflow(*, ended: bool = True, settings: dict[str, Any] | None = None, **changes: Any) -> Play:
    """A run of a workflow document with changes, in a pod with settings."""

    def play(stage: Stage, name: str) -> str:
        stage.configure(**{"backoffLimit": 0, **(settings or {})})
        run = stage.run(stage.workflow(name, **changes))
        if ended:
            stage.until_ended(run)
        return run

    return play


def memory(limit: str) -> Play:
    """A run that may have so much memory."""
    resources = {"requests": {"cpu": "100m", "memory": limit}, "limits": {"cpu": "2", "memory": limit}}
    return workflow(settings={"resources": resources, "activeDeadlineSeconds": 600})


def image(reference: str, policy: str = "IfNotPresent") -> Play:
    """A run whose image cannot be had."""
    return workflow(
        ended=False, settings={"ingestionImage": reference, "imagePullPolicy": policy, "startTimeoutSeconds": 20}
    )


def server_fault(**rule: Any) -> Play:
    """A run that meets a fault of the server's; it is over before the reporter could be told."""

    def play(stage: Stage, name: str) -> str:
        stage.server.fault(**rule)
        return workflow()(stage, name)

    return play


def database_down(stage: Stage, name: str) -> str:
    host = stage.shop.database.rpartition(":")[0]
    return workflow(database=f"{host}:5433")(stage, name)


def held(stage: Stage, name: str, **settings: Any) -> str:
    """Start a run that is in the middle of its work, for as long as it waits for a database that says nothing."""
    run = workflow(ended=False, settings=settings, database=stage.shop.silent_database())(stage, name)
    stage.until_told(name, run)
    return run


def deadline(stage: Stage, name: str) -> str:
    run = held(stage, name, activeDeadlineSeconds=120)
    stage.until_ended(run)
    return run


def job_deleted(stage: Stage, name: str) -> str:
    run = held(stage, name)
    _delete_job(stage, run)
    return run


def job_deleted_after_success(stage: Stage, name: str) -> str:
    stage.server.fault(path="/databases/bulk$", method="PUT", delaySeconds=_LONG)
    run = workflow(ended=False)(stage, name)
    stage.until_told(name, run, "success")
    _delete_job(stage, run)
    return run


def pod_deleted(backoff: int) -> Play:
    """A run whose pod is deleted in the middle of its work."""

    def play(stage: Stage, name: str) -> str:
        run = held(stage, name, backoffLimit=backoff)
        pod = stage.pod(run)
        assert pod is not None
        stage.space.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")
        stage.until_ended(run)
        return run

    return play


def document_missing(stage: Stage, name: str) -> str:
    """A run that somebody starts with kubectl, of a pipeline whose Secret is gone."""
    cronjob = _deployed(stage, name)
    stage.space.kubectl("delete", "secret", cronjob)
    stage.space.kubectl("create", "job", f"{cronjob}-1", f"--from=cronjob/{cronjob}")
    return str(stage.space.get("job", f"{cronjob}-1")["metadata"]["uid"])


def variables_missing(stage: Stage, name: str) -> str:
    """A run that takes its environment from a Secret which is not there."""
    _deployed(stage, name, envFrom=[{"secretRef": {"name": "not-there"}}])
    return str(stage.program("run", name, "--run-id", str(uuid.uuid4()), "-o", "json").json["runId"])


def large_document(stage: Stage, name: str) -> str:
    """A run whose document is larger than an environment variable can be."""
    excluded = [f"^nothing_is_called_so_{number:06d}$" for number in range(4500)]
    pattern = {"excludes": excluded}
    assert len(json.dumps(pattern)) > 131_064
    return workflow(tableFilterPattern=pattern)(stage, name)


def too_large(stage: Stage, name: str) -> Result:
    """Try to run a document that no Secret can hold."""
    # Of one size everywhere: the error says it.
    elsewhere = {"server": "http://openmetadata.invalid:8585/api", "token": "none", "database": "shop:5432"}
    return _attempted(stage, stage.workflow(name, **elsewhere, tableFilterPattern={"excludes": ["x" * 100] * 11_000}))


def image_no_name(stage: Stage, name: str) -> Result:
    """Try to run an image whose name has a capital letter."""
    return _attempted(stage, stage.workflow(name), ingestionImage="k8s-pipeline.local/Nothing:there")


def no_uuid(stage: Stage, name: str) -> Result:
    """Try to start a run under an id which is none."""
    return _attempted(stage, stage.workflow(name), "--run-id", "tonight")


def invalid_yaml(stage: Stage, name: str) -> Result:
    """Try to run a file with a bracket that nobody closes, on the line after a password."""
    path = stage.program.file(f"{name}.yaml")
    document = "source:\n  serviceConnection: {config: {authType: {password: of-nobody-else}}}\n  sourceConfig: [\n"
    Path(path).write_text(document)
    result = stage.program("run", "-f", path, code=None)
    assert "of-nobody-else" not in result.err
    return result


def _attempted(stage: Stage, document: dict[str, Any], *words: str, **settings: Any) -> Result:
    stage.configure(**settings)
    path = stage.program.file(f"{document['name']}.yaml", document)
    return stage.program("run", "-f", path, *words, code=None)


def _deployed(stage: Stage, name: str, **settings: Any) -> str:
    stage.configure(backoffLimit=0, startTimeoutSeconds=20, **settings)
    return str(stage.program.deploy(*stage.entities(name)).json[0]["resourceName"])


def _delete_job(stage: Stage, run: str) -> None:
    job = stage.job(run)
    assert job is not None
    stage.space.kubectl("delete", "job", job["metadata"]["name"], "--wait")
    until(lambda: stage.pod(run) is None, "its pod is gone")
