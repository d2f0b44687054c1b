"""Each line of `doctor`, made to fail on a real cluster, and a clean bill where all is well."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client import load_settings
from k8s_pipeline_client.client.connecting import connect
from k8s_pipeline_client.doctor import examine
from tests.cluster.support.admission import policy
from tests.cluster.support.doctor import Doctor, doctor, levels, seeing
from tests.cluster.support.site import Site
from tests.openmetadata import token

__all__ = ["doctor", "seeing"]


def test_a_clean_bill_where_all_is_well(seeing: Doctor) -> None:
    seeing.space.kubectl("create", "secret", "docker-registry", "pull", "--docker-username=u", "--docker-password=p")
    seeing.configure(imagePullSecrets=["pull"])
    seeing.site.program("reconcile", "--once")

    found = seeing(code=0)

    assert {check: item for check, item in found.items() if item["level"] not in ("ok",)}.keys() == {"probe"}
    assert {"cluster", "identity", "clock", "namespace", "rights", "service-account", "pod-security", "quota"} <= set(
        found
    )
    assert {"pull-secret", "nodes", "time-zones", "leftovers", "reporter", "image", "openmetadata"} <= set(found)
    assert {"token", "token-end", "token-rights"} <= set(found)


def test_what_the_role_may_not_read_is_unknown(doctor: Doctor) -> None:
    doctor.configure(
        volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
        volumeMounts=[{"name": "v", "mountPath": "/data"}],
    )

    found = levels(doctor())

    assert {found[check] for check in ("nodes", "quota", "volumes", "leftovers", "probe")} == {"unknown"}


SETTINGS: list[tuple[str, str, dict[str, Any]]] = [
    ("service-account", "ServiceAccountMissing", {"serviceAccountName": "nobody"}),
    ("priority-class", "PriorityClassMissing", {"priorityClassName": "no-such"}),
    ("runtime-class", "RuntimeClassMissing", {"runtimeClassName": "no-such"}),
    ("pod-security", "PodSecurityRefused", {"runAsUser": 0, "runAsNonRoot": False}),
    ("pull-secret", "PullSecretMissing", {"imagePullSecrets": ["no-such"]}),
    ("references", "ReferenceMissing", {"envFrom": [{"secretRef": {"name": "no-such"}}]}),
    ("references", "ReferenceMissing", {"envFrom": [{"configMapRef": {"name": "no-such"}}]}),
    ("image", "AirflowImage", {"ingestionImage": "docker.getcollate.io/openmetadata/ingestion:1.12.14"}),
    ("image", "VersionMismatch", {"ingestionImage": "docker.getcollate.io/openmetadata/ingestion-base:1.11.0"}),
]


@pytest.mark.parametrize(("check", "code", "settings"), SETTINGS, ids=[code for _, code, _ in SETTINGS])
def test_what_the_settings_name_and_is_not_there(
    check: str, code: str, settings: dict[str, Any], doctor: Doctor
) -> None:
    doctor.configure(**settings)

    found = doctor(code=1)

    assert (found[check]["level"], found[check]["code"]) == ("problem", code)


def test_all_that_is_missing_is_said_at_once(doctor: Doctor) -> None:
    doctor.configure(
        serviceAccountName="nobody",
        priorityClassName="no-such",
        runtimeClassName="no-such",
        runAsUser=0,
        runAsNonRoot=False,
    )

    found = levels(doctor(code=1))

    checks = ("service-account", "priority-class", "runtime-class", "pod-security")
    assert {found[check] for check in checks} == {"problem"}


def test_a_pull_secret_of_another_type(doctor: Doctor) -> None:
    doctor.space.kubectl("create", "secret", "generic", "pull")
    doctor.configure(imagePullSecrets=["pull"])

    assert doctor(code=1)["pull-secret"]["code"] == "PullSecretUnfit"


CLAIMS = [("no-such", "ClaimMissing", 1), ("data", "ClaimPending", 4)]


@pytest.mark.parametrize(("claim", "code", "exit_code"), CLAIMS, ids=[code for _, code, _ in CLAIMS])
def test_a_claim(claim: str, code: str, exit_code: int, seeing: Doctor) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}, "storageClassName": "none"}
    item = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}
    seeing.space.kubectl("apply", "-f", "-", given=json.dumps(item))
    seeing.configure(
        volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": claim}}],
        volumeMounts=[{"name": "v", "mountPath": "/data"}],
    )

    assert seeing(code=exit_code)["volumes"]["code"] == code


def _quota(doctor: Doctor, **hard: str) -> None:
    item = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": hard}}
    doctor.space.kubectl("apply", "-f", "-", given=json.dumps(item))


def test_a_quota_that_is_full(doctor: Doctor) -> None:
    _quota(doctor, pods="0")

    assert doctor(code=1)["quota"]["code"] == "QuotaFull"


def test_the_room_that_a_quota_leaves(seeing: Doctor) -> None:
    _quota(seeing, **{"requests.memory": "100Mi"})
    seeing.space.kubectl("wait", "resourcequota/few", "--for=jsonpath={.status.hard}", "--timeout=60s")

    found = seeing()["quota"]

    assert (found["level"], found["message"]) == ("ok", "ResourceQuota few has room for 3 more at once")


def test_a_limit_range(doctor: Doctor) -> None:
    limits = [{"type": "Container", "max": {"memory": "64Mi"}}]
    item = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"}, "spec": {"limits": limits}}
    doctor.space.kubectl("apply", "-f", "-", given=json.dumps(item))

    assert doctor(code=1)["limits"]["code"] == "LimitRangeRefused"


def test_a_policy_that_refuses_the_pod(doctor: Doctor) -> None:
    with policy(doctor.space, "pods", expression="false", message="no pods on Sundays"):
        found = doctor(code=1)["admission"]

    assert found["code"] == "PodRefused"
    assert "no pods on Sundays" in found["message"]


@pytest.mark.parametrize(
    ("message", "check", "code"),
    [("no CronJobs here", "cronjobs", "CronJobRefused"), ("unknown timeZone", "time-zones", "TimeZoneRefused")],
    ids=["CronJobRefused", "TimeZoneRefused"],
)
def test_a_cronjob_that_is_refused(message: str, check: str, code: str, doctor: Doctor) -> None:
    with policy(doctor.space, "cronjobs", expression="false", message=message):
        assert doctor(code=1)[check]["code"] == code


def test_no_node_that_fits(seeing: Doctor) -> None:
    seeing.configure(nodeSelector={"disktype": "unobtainium"})

    found = seeing(code=1)["nodes"]

    assert found["code"] == "NoNodeFits"
    assert "no label disktype=unobtainium" in found["message"]


def test_a_namespace_that_is_not_there(doctor: Doctor) -> None:
    admin = ["-n", "there-is-no-such-namespace", "--kubeconfig", str(doctor.space.access.kubeconfig)]

    assert doctor(*admin, code=1)["namespace"]["code"] == "NamespaceMissing"


def test_rights_that_are_missing(doctor: Doctor, tmp_path: Path) -> None:
    rules = [{"apiGroups": ["batch"], "resources": ["cronjobs", "jobs"], "verbs": ["get", "list"]}]
    limited = doctor.site.program.within(doctor.space.with_rights("limited", rules, tmp_path))

    found = doctor(code=1, program=limited)

    assert found["rights: deploy"]["code"] == found["rights: run"]["code"] == "RightsMissing"
    assert "create secrets" in found["rights: deploy"]["message"]
    assert (found["pod"]["level"], found["namespace"]["level"]) == ("unknown", "unknown")


def test_an_api_server_that_does_not_respond(doctor: Doctor, tmp_path: Path) -> None:
    config = yaml.safe_load(doctor.space.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    path = tmp_path / "away"
    path.write_text(yaml.safe_dump(config))

    assert doctor("--kubeconfig", str(path), code=1)["cluster"]["code"] == "ApiServerUnreachable"


def test_credentials_that_the_api_server_does_not_know(doctor: Doctor, tmp_path: Path) -> None:
    config = yaml.safe_load(doctor.space.kubeconfig.read_text())
    config["users"][0]["user"]["token"] = "no-token"
    path = tmp_path / "stranger"
    path.write_text(yaml.safe_dump(config))

    assert doctor("--kubeconfig", str(path), code=1)["cluster"]["code"] == "Unauthorized"


@pytest.mark.parametrize(("seconds", "level"), [(30, "warning"), (-600, "problem")])
def test_a_clock_that_is_wrong(seconds: int, level: str, doctor: Doctor) -> None:
    settings = load_settings([doctor.site.program.settings_file], environ={}, namespace=doctor.space.namespace).settings
    cluster = connect(settings, kubeconfig=doctor.space.kubeconfig)

    found = examine(cluster, settings, clock=lambda: datetime.now(UTC) + timedelta(seconds=seconds))

    cluster.close()
    (clock,) = [item for item in found.findings if item.check == "clock"]
    assert (clock.level, clock.code) == (level, "ClockSkew")


def test_schedules_of_another_client(doctor: Doctor) -> None:
    doctor.space.kubectl("create", "cronjob", "om-cronjob-orders", "--image=none", "--schedule=@daily")

    found = doctor(code=4)["leftovers"]

    assert (found["level"], found["code"]) == ("warning", "OtherClient")
    assert "om-cronjob-orders" in found["message"]


def test_a_reporter_that_there_is_not_and_one_that_is_silent(doctor: Doctor) -> None:
    assert doctor(code=4)["reporter"]["code"] == "NoReporter"
    then = (datetime.now(UTC) - timedelta(minutes=20)).isoformat()
    doctor.space.kubectl("create", "configmap", "om-reporter", f"--from-literal=last-pass={then}")

    assert doctor(code=1)["reporter"]["code"] == "ReporterSilent"


def _rejected(site: Site) -> str:
    mine = token("ingestion-bot", expires=timedelta(days=99))
    site.server.api.access.accept({"bot": "ingestion-bot", "accepted": ["another"]})
    return mine


TOKENS: list[tuple[str, str, int, Callable[[Site], str]]] = [
    ("token", "TokenExpired", 1, lambda site: token(expires=timedelta(days=-1))),
    ("token", "TokenRejected", 1, _rejected),
    ("token-end", "TokenExpiresSoon", 4, lambda site: token(expires=timedelta(days=3))),
    ("token-rights", "TokenRightsMissing", 1, lambda site: token("jane", is_bot=False)),
]


@pytest.mark.parametrize(("check", "code", "exit_code", "made"), TOKENS, ids=[item[1] for item in TOKENS])
def test_a_token(
    check: str, code: str, exit_code: int, made: Callable[[Site], str], doctor: Doctor, tmp_path: Path
) -> None:
    path = tmp_path / "other-token"
    path.write_text(made(doctor.site))

    found = doctor.alone("--server-token-file", str(path), code=exit_code)

    assert found[check]["code"] == code


def test_the_token_of_a_secret(doctor: Doctor) -> None:
    doctor.space.kubectl("create", "secret", "generic", "bot", f"--from-literal=jwtToken={token('my-bot')}")
    doctor.configure(tokenSecret={"name": "bot"})

    found = doctor.alone(code=4)

    assert "my-bot" in found["token"]["message"]
    assert token("my-bot").split(".")[1] not in json.dumps(found)


def test_an_openmetadata_that_does_not_respond(doctor: Doctor) -> None:
    found = doctor.alone("--server", "http://127.0.0.1:1/api", code=1)

    assert found["openmetadata"]["code"] == "ServerUnreachable"
    assert {found[check]["level"] for check in ("image", "token")} == {"unknown"}


def test_what_is_not_openmetadata(doctor: Doctor) -> None:
    address = yaml.safe_load(doctor.space.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    doctor.configure(verifySSL="ignore")

    found = doctor.alone("--server", f"{address}/api", code=1)

    assert found["openmetadata"]["level"] == "problem"
