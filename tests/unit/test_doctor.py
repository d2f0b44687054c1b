"""Facts become findings, without a cluster: each with its level and code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.cluster.access import NEEDED, Operation, Resource, Right, Verb
from k8s_pipeline_client.cluster.translate import api_error
from k8s_pipeline_client.doctor.facts import ClusterFacts, Facts, Probed, ServerFacts, Trial, Unknown
from k8s_pipeline_client.doctor.finding import Examination, Finding, Level
from k8s_pipeline_client.doctor.judge import judge
from k8s_pipeline_client.doctor.nodes import why_not
from k8s_pipeline_client.doctor.pods import CLAIM, CONFIG_MAP, PULL_SECRET, SECRET, asked_for, references
from k8s_pipeline_client.domain.connection import Claims
from k8s_pipeline_client.errors import PipelineError, ServerUnreachableError
from k8s_pipeline_client.status.models import CauseCode

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
IMAGE = "openmetadata/ingestion-base:1.12.14"
POD: dict[str, Any] = {
    "serviceAccountName": "runs",
    "containers": [
        {
            "name": "main",
            "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}},
        }
    ],
}
WELL = ClusterFacts(
    "pipelines",
    version="v1.34.4",
    identity="system:serviceaccount:pipelines:k8s-pipeline",
    exists=True,
    trial=Trial(POD),
    zones={"UTC": None},
    quotas=(),
    nodes=(),
    cronjobs=(),
    operated=(),
    last_pass=NOW,
)
SERVER = ServerFacts(
    address="http://openmetadata:8585/api",
    version="1.12.14",
    token=Claims("ingestion-bot"),
    accepted=True,
    allowed={"ingestionPipeline": frozenset({"ViewAll", "EditAll"}), "table": frozenset({"Create", "EditAll"})},
    endpoint="http://openmetadata:8585/api",
)
REACHED = replace(SERVER, probed=Probed(version="1.12.14"))


def node(**changes: Any) -> dict[str, Any]:
    """A node that takes the pod, with some of it changed."""
    return {
        "metadata": {"name": "one", "labels": changes.get("labels", {"disktype": "ssd"})},
        "spec": changes.get("spec", {}),
        "status": {
            "conditions": [{"type": "Ready", "status": changes.get("ready", "True")}],
            "allocatable": changes.get("allocatable", {"cpu": "4", "memory": "8Gi"}),
        },
    }


def examined(cluster: ClusterFacts = WELL, server: ServerFacts = REACHED, image: str = IMAGE) -> Examination:
    cluster = replace(cluster, nodes=cluster.nodes or (node(),))
    return judge(Facts(NOW, image, cluster, server))


def of(check: str, found: Examination) -> Finding:
    (finding,) = [item for item in found.findings if item.check == check]
    return finding


def refusal(message: str, status: int = 403, about: str = "pods") -> PipelineError:
    body = f'{{"kind": "Status", "message": "{message}", "details": {{"kind": "{about}"}}}}'
    return api_error(status, body.encode(), action="create Pod om-doctor", namespace="pipelines")


def test_where_all_is_well_nothing_else_is_said() -> None:
    found = examined()

    assert {item.level for item in found.findings} == {Level.OK}
    assert found.worst is Level.OK


def test_the_worst_counts() -> None:
    assert examined(server=SERVER).worst is Level.UNKNOWN  # no pod has looked
    assert examined(replace(WELL, last_pass=None)).worst is Level.WARNING
    assert examined(replace(WELL, last_pass=None, exists=False)).worst is Level.PROBLEM
    assert Examination(()).worst is Level.UNKNOWN


@pytest.mark.parametrize("name", ["quotas", "nodes", "cronjobs", "operated", "last_pass", "identity"])
def test_what_could_not_be_read_is_unknown(name: str) -> None:
    changes: dict[str, Any] = {name: Unknown("it was refused")}

    found = examined(replace(WELL, **changes))

    assert found.worst is Level.UNKNOWN
    assert "it was refused" in "".join(item.message for item in found.findings)


def test_a_dry_run_that_was_not_possible_says_nothing_about_the_pod() -> None:
    found = examined(replace(WELL, trial=Trial(POD, unknown="no right to create pods"), exists=None))

    assert (of("pod", found).level, of("namespace", found).level) == (Level.UNKNOWN, Level.UNKNOWN)
    assert not {"service-account", "pod-security"} & {item.check for item in found.findings}


def test_a_dry_run_tells_that_there_is_no_namespace() -> None:
    missing = refusal('namespaces \\"pipelines\\" not found', 404, "namespaces")

    found = examined(replace(WELL, exists=None, trial=Trial(POD, (missing,))))

    assert of("namespace", found).code == "NamespaceMissing"
    assert "admission" not in {item.check for item in found.findings}


def test_what_comes_after_a_refusal_is_not_known() -> None:
    found = examined(replace(WELL, trial=Trial(POD, (refusal("maximum memory usage per Container is 1Gi"),))))

    assert of("limits", found).code == "LimitRangeRefused"
    assert of("service-account", found).level is Level.UNKNOWN
    assert of("pod-security", found).level is Level.UNKNOWN


def test_rights_are_judged_by_command() -> None:
    found = examined(replace(WELL, denied=frozenset({Right(Verb.CREATE, Resource.JOBS)})))

    assert of("rights: run", found).level is Level.PROBLEM
    assert {item.check for item in found.findings if item.code == "RightsMissing"} == {
        f"rights: {operation}" for operation in Operation if Right(Verb.CREATE, Resource.JOBS) in NEEDED[operation]
    }
    assert "list" in of("rights", found).message


def test_a_right_without_which_less_is_told_is_a_warning() -> None:
    found = examined(replace(WELL, denied=frozenset({Right(Verb.LIST, Resource.EVENTS)})))

    assert found.worst is Level.WARNING


def quota(hard: dict[str, str], used: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "few"}, "spec": {"hard": hard, **spec}, "status": {"hard": hard, "used": used}}


@pytest.mark.parametrize(
    ("hard", "used", "room"),
    [
        ({"pods": "5"}, {"pods": "3"}, 2),
        ({"requests.memory": "3Gi"}, {"requests.memory": "1Gi"}, 2),
        ({"limits.memory": "10Gi", "pods": "9"}, {}, 2),
        ({"cpu": "1"}, {"cpu": "500m"}, 1),
    ],
)
def test_the_room_of_aquota(hard: dict[str, str], used: dict[str, str], room: int) -> None:
    assert f"for {room} more" in of("quota", examined(replace(WELL, quotas=(quota(hard, used),)))).message


def test_a_quota_without_room() -> None:
    full = quota({"requests.memory": "1Gi"}, {"requests.memory": "512Mi"})

    assert of("quota", examined(replace(WELL, quotas=(full,)))).code == "QuotaFull"


@pytest.mark.parametrize("spec", [{"scopes": ["BestEffort"]}, {"scopes": ["NotTerminating"]}])
def test_a_quota_that_does_not_count_runs(spec: dict[str, Any]) -> None:
    assert of("quota", examined(replace(WELL, quotas=(quota({"pods": "0"}, {}, **spec),)))).level is Level.OK


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"ready": "False"}, "not ready"),
        ({"spec": {"unschedulable": True}}, "unschedulable"),
        ({"spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}}, "taint gpu"),
        ({"spec": {"taints": [{"key": "gpu", "effect": "PreferNoSchedule"}]}}, ""),
        ({"spec": {"taints": [{"key": "batch", "value": "yes", "effect": "NoSchedule"}]}}, ""),
        ({"labels": {}}, "no label disktype=ssd"),
        ({"allocatable": {"cpu": "4", "memory": "512Mi"}}, "memory 512Mi is too little"),
    ],
)
def test_why_a_node_does_not_take_a_pod(changes: dict[str, Any], why: str) -> None:
    spec = POD | {
        "nodeSelector": {"disktype": "ssd"},
        "tolerations": [{"key": "batch", "operator": "Equal", "value": "yes"}],
    }

    assert why_not(node(**changes), spec) == why


@pytest.mark.parametrize(
    ("operator", "values", "fits"),
    [
        ("In", ["ssd", "nvme"], True),
        ("In", ["hdd"], False),
        ("NotIn", ["hdd"], True),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
        ("Gt", ["1"], False),
    ],
)
def test_node_affinity(operator: str, values: list[str], fits: bool) -> None:
    terms = [{"matchExpressions": [{"key": "disktype", "operator": operator, "values": values}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}

    assert (why_not(node(), POD | {"affinity": {"nodeAffinity": required}}) == "") is fits


def test_what_a_pod_refers_to() -> None:
    spec = {
        "imagePullSecrets": [{"name": "pull"}],
        "volumes": [
            {"name": "own", "secret": {"secretName": "om-x"}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "both", "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}]}},
            {"name": "maybe", "secret": {"secretName": "not-needed", "optional": True}},
        ],
        "containers": [
            {
                "envFrom": [{"configMapRef": {"name": "proxy"}}, {"secretRef": {"name": "no", "optional": True}}],
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
            }
        ],
    }

    assert references(spec, frozenset({"own"})) == [
        (PULL_SECRET, "pull"),
        (CLAIM, "data"),
        (SECRET, "s"),
        (CONFIG_MAP, "c"),
        (CONFIG_MAP, "proxy"),
    ]


def test_a_limit_alone_is_the_request_too() -> None:
    found = asked_for({"containers": [{"resources": {"limits": {"memory": "1Gi"}}}]})

    assert found["requests.memory"] == found["limits.memory"] == found["memory"] == 2**30


def test_an_address_that_only_pods_reach_is_a_warning() -> None:
    away = ServerUnreachableError("cannot connect to the OpenMetadata server")

    assert of("openmetadata", examined(server=replace(SERVER, version=away))).level is Level.PROBLEM
    assert of("openmetadata", examined(server=replace(REACHED, version=away))).level is Level.WARNING


@pytest.mark.parametrize(
    ("tag", "level"),
    [
        ("openmetadata/ingestion-base:1.12.0", Level.OK),
        ("openmetadata/ingestion-base:1.11.14", Level.PROBLEM),
        ("openmetadata/ingestion-base:latest", Level.UNKNOWN),
        ("registry:5000/ingestion-base@sha256:0", Level.UNKNOWN),
    ],
)
def test_the_image_against_the_server(tag: str, level: Level) -> None:
    assert of("image", examined(image=tag)).level is level


@pytest.mark.parametrize(
    ("left", "check", "code"),
    [
        (timedelta(days=-1), "token", "TokenExpired"),
        (timedelta(days=13), "token-end", "TokenExpiresSoon"),
        (timedelta(days=15), "token-end", "Ok"),
    ],
)
def test_the_end_of_a_token(left: timedelta, check: str, code: str) -> None:
    claims = Claims("ingestion-bot", expires_at=NOW + left)

    assert of(check, examined(server=replace(REACHED, token=claims))).code == code


def test_a_suspended_cronjob_of_another_client_is_no_leftover() -> None:
    def left(suspended: bool) -> Level:
        item = {"metadata": {"name": "om-cronjob-orders"}, "spec": {"suspend": suspended}}
        return of("leftovers", examined(replace(WELL, cronjobs=(item,)))).level

    assert (left(True), left(False)) == (Level.OK, Level.WARNING)


_NO_CODES = {"DoesNotExist", "EditIngestionPipelineStatus", "EditAll", "NotIn", "NoSchedule", "NoExecute", "ViewAll"}
_NO_CODES |= {"BestEffort", "NotTerminating", "CronJob", "PersistentVolumeClaim", "ConfigMap", "OMJob", "CronOMJob"}


def _codes() -> Iterator[str]:
    for name in ("around", "finding", "room", "server", "trial"):
        tree = ast.parse((ROOT / f"k8s_pipeline_client/doctor/{name}.py").read_text())
        for item in ast.walk(tree):
            if isinstance(item, ast.Constant) and re.fullmatch(r"[A-Z][a-z]+([A-Z][a-z]+)+", str(item.value)):
                yield item.value  # type: ignore[misc]


def test_the_page_has_every_code() -> None:
    page = (ROOT / "docs/how-to/doctor.md").read_text()

    codes = set(_codes()) - _NO_CODES

    assert len(codes) > 25
    assert {code for code in codes if f"`{code}`" not in page} == set()


@pytest.mark.parametrize("code", CauseCode)
def test_troubleshooting_names_every_cause(code: CauseCode) -> None:
    assert f"`{code}`" in (ROOT / "docs/how-to/troubleshoot.md").read_text()
