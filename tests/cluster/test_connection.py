"""A definition that does not say how OpenMetadata is reached, and the certificates that its runs trust."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from k8s_pipeline_client.launcher import yamljson
from tests.cluster.support.authority import certificate
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.tokens import bot_token

TOKEN = bot_token()
IN_THE_POD = "/opt/k8s-pipeline/ca.pem"


def _entity(*steps: dict[str, Any]) -> dict[str, Any]:
    entity = pipeline(*steps)
    del entity["openMetadataServerConnection"]
    return entity


def test_the_settings_say_how_openmetadata_is_reached_and_whom_to_trust(program: Program, tmp_path: Path) -> None:
    authority = certificate()
    (tmp_path / "ca.pem").write_text(f"A comment\n{authority}")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    program.configure(
        instance="production",
        metadataApiEndpoint="https://openmetadata.invalid/api",
        serverTokenFile=str(tmp_path / "token"),
        verifySSL="validate",
        sslConfig={"certificatePath": str(tmp_path / "ca.pem")},
        secretsManagerLoader="env",
    )
    steps = ({"dumpConfig": True}, {"runChild": ["sha256sum", IN_THE_POD]})
    entity = _entity(*steps)
    program.deploy(entity, service())
    expected = {
        "source": {"type": "postgres", "serviceName": "pg_prod", "sourceConfig": entity["sourceConfig"]},
        "sink": {"type": "metadata-rest", "config": {}},
        "workflowConfig": {
            "loggerLevel": "INFO",
            "raiseOnError": True,
            "successThreshold": 90,
            "openMetadataServerConfig": {
                "clusterName": "production",
                "type": "OpenMetadata",
                "hostPort": "https://openmetadata.invalid/api",
                "authProvider": "openmetadata",
                "verifySSL": "validate",
                "sslConfig": {"caCertificate": IN_THE_POD},
                "securityConfig": {"jwtToken": TOKEN},
                "secretsManagerProvider": "db",
                "secretsManagerLoader": "env",
            },
        },
        "ingestionPipelineFQN": "pg_prod.nightly",
        "enableStreamableLogs": False,
    }
    document, trusted = (hashlib.sha256(text.encode()).hexdigest() for text in (yamljson.dumps(expected), authority))

    for words in (
        ("run", "nightly"),
        ("run", "nightly", "--set", "x=1"),
        ("run", "-f", program.file("o", entity, service())),
    ):
        run = program(*words, "--wait", "-o", "json").json
        log = program("logs", run["runId"]).out
        assert trusted in log
        assert ("--set" in words) or document in log
    again = program("retry", run["runId"], "-o", "json").json
    assert program("wait", again["runId"], "-o", "json").json["state"] == "success"
    assert trusted in program("logs", again["runId"]).out
    shown = json.dumps([program.space.list(kind) for kind in ("cronjobs", "jobs", "configmaps")])
    assert TOKEN not in shown
    assert program("diff", "-f", program.file("same.yaml", entity, service())).out == ""


def test_a_path_that_a_definition_has_is_left_as_it_is(program: Program) -> None:
    entity = pipeline({"dumpConfig": True})
    entity["openMetadataServerConnection"] |= {"sslConfig": {"caCertificate": "/etc/ssl/om-ca.pem"}}
    program.deploy(entity, service())
    assert [item for item in program.space.list("configmaps") if item["metadata"]["name"].startswith("om-ca-")] == []
    program("run", "nightly", "--wait")
