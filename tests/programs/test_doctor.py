"""`doctor` on a cluster in memory, beside a stand-in of OpenMetadata: what it asks, and what it makes of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.doctor import examine
from k8s_pipeline_client.doctor.ask import Service
from k8s_pipeline_client.doctor.finding import Finding, Level
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import ForbiddenError, LoginError, UnreachableError
from k8s_pipeline_client.reporter.memory import LEDGER
from k8s_pipeline_client.settings import Settings
from tests.fakes import FakeCluster, Request
from tests.images.recording import RecordingServer
from tests.openmetadata import token
from tests.programs.other import Other

IMAGE = "openmetadata/ingestion-base:1.12.14"
NODE = {
    "metadata": {"name": "one"},
    "status": {"conditions": [{"type": "Ready", "status": "True"}], "allocatable": {"cpu": "8", "memory": "16Gi"}},
}


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as running:
        yield running


@pytest.fixture
def cluster() -> FakeCluster:
    """A namespace in which nothing is wrong."""
    fake = FakeCluster("pipelines")
    fake.extra["nodes"] = [NODE]
    fake.extra["namespaces"] = [{"metadata": {"name": "pipelines"}}]
    return fake


def looked(
    cluster: Any, server: RecordingServer | None = None, *, settings: dict[str, Any] | None = None, **more: Any
) -> dict[str, Finding]:
    """Examine, and return the worst finding of each check."""
    given: dict[str, Any] = {"namespace": "pipelines", "ingestionImage": IMAGE, "serverToken": token()}
    if server is not None:
        given["metadataApiEndpoint"] = server.url
    clock = cluster.now if isinstance(cluster, FakeCluster) else lambda: datetime(2026, 1, 1, tzinfo=UTC)
    found = examine(cluster, Settings.model_validate(given | (settings or {})), **({"clock": clock} | more))
    return {item.check: item for item in sorted(found.findings, key=lambda item: item.level)}


def told(found: dict[str, Finding], check: str) -> tuple[Level, str]:
    return found[check].level, found[check].code


def forbid(cluster: FakeCluster, verb: str, kind: str) -> None:
    def act(request: Request) -> None:
        if (request.verb, str(request.kind)) == (verb, kind):
            raise ForbiddenError("it is forbidden", status=403, reason="Forbidden", code="AccessDenied")

    cluster.before(act)


def secret(name: str, **more: Any) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "pipelines"}, **more}


def test_where_all_is_well_it_says_so(cluster: FakeCluster, server: RecordingServer) -> None:
    found = looked(cluster, server)

    well = {"cluster", "identity", "clock", "namespace", "rights", "time-zones", "quota", "nodes", "leftovers"}
    assert {found[check].level for check in well} == {Level.OK}
    assert {found[check].level for check in ("openmetadata", "token", "token-rights", "image")} == {Level.OK}
    assert told(found, "probe") == (Level.UNKNOWN, "NotProbed")
    assert told(found, "reporter") == (Level.WARNING, "NoReporter")


@pytest.mark.parametrize(
    ("error", "check"), [(UnreachableError("it is away"), "cluster"), (LoginError("no login"), "login")]
)
def test_a_cluster_that_cannot_be_asked(error: Exception, check: str, server: RecordingServer) -> None:
    found = looked(error, server, probe=True)

    assert found[check].level is Level.PROBLEM
    assert found["openmetadata"].level is Level.OK
    assert found["probe"].level is Level.UNKNOWN


def test_an_api_server_that_goes_away(cluster: FakeCluster) -> None:
    def act(request: Request) -> None:
        if str(request.kind) == "version":
            raise UnreachableError("it is away")

    cluster.before(act)

    assert looked(cluster)["cluster"].level is Level.PROBLEM


def test_a_namespace_that_is_not_there(cluster: FakeCluster) -> None:
    cluster.exists = False

    assert told(looked(cluster), "namespace") == (Level.PROBLEM, "NamespaceMissing")


def test_an_account_that_nobody_knows(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "whoami", lambda: "system:anonymous")

    assert told(looked(cluster), "identity") == (Level.PROBLEM, "Anonymous")


@pytest.mark.parametrize(("seconds", "level"), [(3, Level.OK), (-30, Level.WARNING), (600, Level.PROBLEM)])
def test_clocks_that_differ(seconds: int, level: Level, cluster: FakeCluster) -> None:
    found = looked(cluster, clock=lambda: cluster.now() + timedelta(seconds=seconds))

    assert found["clock"].level is level


def test_an_api_server_that_does_not_tell_its_time(cluster: FakeCluster) -> None:
    cluster.is_dated = False

    assert looked(cluster)["clock"].level is Level.UNKNOWN


def test_rights_that_cannot_be_asked_for(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> bool:
        raise UnreachableError("it is away")

    monkeypatch.setattr(cluster, "may", away)

    found = looked(cluster)

    assert {found[check].level for check in ("rights", "nodes", "quota")} == {Level.UNKNOWN}


def test_a_token_that_is_none(cluster: FakeCluster, server: RecordingServer) -> None:
    settings = {"serverToken": "opaque"}

    assert told(looked(cluster, settings=settings), "token-end") == (Level.WARNING, "TokenUnreadable")
    assert told(looked(cluster, server, settings=settings), "token") == (Level.PROBLEM, "TokenRejected")


def test_rights_that_are_missing(cluster: FakeCluster) -> None:
    cluster.denied = {("create", "jobs"), ("list", "events"), ("list", "nodes"), ("list", "resourcequotas")}

    found = looked(cluster)

    assert told(found, "rights: run") == (Level.PROBLEM, "RightsMissing")
    assert found["rights: list"].level is Level.WARNING
    assert {found["nodes"].level, found["quota"].level} == {Level.UNKNOWN}


@pytest.mark.parametrize(
    ("verb", "kind", "checks"),
    [
        ("create", "Pod", ["pod"]),
        ("list", "CronJob", ["leftovers"]),
        ("get", "ConfigMap", ["reporter"]),
        ("patch", "CronJob", ["time-zones"]),
        ("list", "nodes", ["nodes"]),
    ],
)
def test_what_is_refused_is_unknown(verb: str, kind: str, checks: list[str], cluster: FakeCluster) -> None:
    forbid(cluster, verb, kind)

    found = looked(cluster)

    assert {found[check].level for check in checks} == {Level.UNKNOWN}


def test_schedules_that_the_api_server_does_not_take(cluster: FakeCluster) -> None:
    def act(request: Request) -> None:
        if (request.verb, str(request.kind)) == ("patch", "CronJob"):
            raise ForbiddenError(words.pop(), status=422, reason="Invalid", code="Invalid")

    words = ["spec.timeZone: unknown time zone Europe/Berlin"]
    remove = cluster.before(act)
    assert told(looked(cluster), "time-zones") == (Level.PROBLEM, "TimeZoneRefused")
    remove()

    words = ["a policy says no"]
    cluster.before(act)
    assert told(looked(cluster), "cronjobs") == (Level.PROBLEM, "CronJobRefused")


def test_another_client_that_schedules_here(cluster: FakeCluster) -> None:
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x"}]}}}
    for name in ("om-cronjob-nightly", "om-cronomjob-nightly", "somebody-elses"):
        spec = {"schedule": "0 1 * * *", "timeZone": "UTC", "jobTemplate": {"spec": job}}
        metadata = {"name": name, "namespace": "pipelines"}
        cluster.put({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec})
    cluster.extra["omjobs"] = [{"metadata": {"name": f"omjob-{number}"}} for number in range(5)]

    found = looked(cluster)

    assert told(found, "leftovers") == (Level.WARNING, "OtherClient")
    assert "om-cronjob-nightly" in found["leftovers"].message
    assert "somebody-elses" not in found["leftovers"].message


CLAIM = {
    "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
    "volumeMounts": [{"name": "v", "mountPath": "/data"}],
}


@pytest.mark.parametrize(
    ("phase", "code"), [(None, "ClaimMissing"), ("Lost", "ClaimLost"), ("Pending", "ClaimPending"), ("Bound", "Ok")]
)
def test_a_claim_that_runs_mount(phase: str | None, code: str, cluster: FakeCluster) -> None:
    if phase:
        cluster.extra["persistentvolumeclaims"] = [{"metadata": {"name": "data"}, "status": {"phase": phase}}]

    assert told(looked(cluster, settings=CLAIM), "volumes")[1] == code


def test_what_the_pod_refers_to(cluster: FakeCluster) -> None:
    settings = {"imagePullSecrets": ["pull"], "envFrom": [{"secretRef": {"name": "warehouse"}}]}
    assert told(looked(cluster, settings=settings), "pull-secret")[1] == "PullSecretMissing"
    assert told(looked(cluster, settings=settings), "references")[1] == "ReferenceMissing"

    cluster.put(secret("pull", type="Opaque"))
    cluster.put(secret("warehouse"))
    assert told(looked(cluster, settings=settings), "pull-secret")[1] == "PullSecretUnfit"
    assert looked(cluster, settings=settings)["references"].level is Level.OK

    forbid(cluster, "get", "Secret")
    assert looked(cluster, settings=settings)["references"].level is Level.UNKNOWN


@pytest.mark.parametrize(("used", "level"), [("0", Level.OK), ("1", Level.PROBLEM)])
def test_a_quota(used: str, level: Level, cluster: FakeCluster) -> None:
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}, "status": {"used": {"pods": used}}}
    cluster.extra["resourcequotas"] = [quota]

    assert looked(cluster)["quota"].level is level


@pytest.mark.parametrize(
    "spec", [{"unschedulable": True}, {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}, None], ids=str
)
def test_no_node_takes_a_run(spec: Object | None, cluster: FakeCluster) -> None:
    cluster.extra["nodes"] = [] if spec is None else [{**NODE, "spec": spec}]

    assert told(looked(cluster), "nodes") == (Level.PROBLEM, "NoNodeFits")


@pytest.mark.parametrize(("minutes", "code"), [(0, "Ok"), (60, "ReporterSilent")])
def test_when_a_reporter_last_looked(minutes: int, code: str, cluster: FakeCluster) -> None:
    from k8s_pipeline_client.reporter import Reporter

    with Reporter(cluster, Settings(namespace="pipelines")) as reporter:
        reporter.reconcile()
    assert cluster.get(Kind.CONFIG_MAP, LEDGER)["metadata"]["labels"][labels.OPEN_RUNS]
    cluster.advance(60 * minutes)

    assert told(looked(cluster), "reporter")[1] == code


def test_a_server_that_does_not_respond(cluster: FakeCluster, server: RecordingServer) -> None:
    server.refuse()

    found = looked(cluster, server)

    assert found["openmetadata"].level is Level.PROBLEM
    assert found["image"].level is Level.UNKNOWN


def test_no_address_at_all(cluster: FakeCluster) -> None:
    assert told(looked(cluster), "openmetadata") == (Level.UNKNOWN, "NoAddress")
    assert looked(cluster, probe=True)["token"].level is Level.UNKNOWN


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("openmetadata/ingestion:1.12.14", "AirflowImage"),
        ("openmetadata/ingestion-base:1.10.0", "VersionMismatch"),
        ("registry/own:latest", "NotVisible"),
    ],
)
def test_the_image(image: str, code: str, cluster: FakeCluster, server: RecordingServer) -> None:
    assert told(looked(cluster, server, settings={"ingestionImage": image}), "image")[1] == code


def _key(text: str) -> Object:
    return secret("bot", data={"jwtToken": base64.b64encode(text.encode()).decode()})


@pytest.mark.parametrize(
    ("stored", "level"),
    [
        (None, Level.UNKNOWN),
        (secret("bot", data={}), Level.UNKNOWN),
        (_key(" "), Level.UNKNOWN),
        (_key(token()), Level.OK),
    ],
    ids=["missing", "without the key", "empty", "whole"],
)
def test_a_token_in_a_named_secret(
    stored: Object | None, level: Level, cluster: FakeCluster, server: RecordingServer
) -> None:
    if stored is not None:
        cluster.put(stored)

    settings = {"tokenSecret": {"name": "bot"}, "serverToken": None}
    assert looked(cluster, server, settings=settings)["token"].level is level


def test_a_token_that_cannot_be_read(cluster: FakeCluster, server: RecordingServer) -> None:
    settings = {"tokenSecret": {"name": "bot"}, "serverToken": None}
    assert looked(UnreachableError("away"), server, settings=settings)["token"].level is Level.UNKNOWN
    forbid(cluster, "get", "Secret")
    assert looked(cluster, server, settings=settings)["token"].level is Level.UNKNOWN
    assert looked(cluster, server, settings={"serverToken": None})["token"].level is Level.UNKNOWN


FAULTS: list[tuple[Object, str, str]] = [
    ({"path": r"/permissions/|/users/|/ingestionPipelines|/bots", "status": 401}, "token", "TokenRejected"),
    ({"path": r"/permissions/", "status": 404}, "token-rights", "NotVisible"),
]


@pytest.mark.parametrize(("fault", "check", "code"), FAULTS, ids=[code for *_, code in FAULTS])
def test_what_openmetadata_says_of_the_token(
    fault: Object, check: str, code: str, cluster: FakeCluster, server: RecordingServer
) -> None:
    server.faults.add(fault)

    found = looked(cluster, server)

    assert found[check].level is not Level.OK
    assert found[check].code == code


@pytest.mark.parametrize(
    ("expires", "code"), [(timedelta(days=-1), "TokenExpired"), (timedelta(days=3), "TokenExpiresSoon")]
)
def test_the_end_of_the_token(expires: timedelta, code: str, cluster: FakeCluster, server: RecordingServer) -> None:
    found = looked(cluster, server, token=token(expires=expires), clock=lambda: datetime.now(UTC))

    assert code in {item.code for item in found.values()}


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b'{"status": "healthy", "version": "1.12.14"}', "Ok"),
        (200, b"<html>OpenMetadata</html>", "NotTheService"),
        (200, b'{"data": []}', "NotTheService"),
        (401, b"{}", "ServicePasswordRejected"),
        (404, b"{}", "NotTheService"),
        (503, b'{"error": "jobs may not be created"}', "ServiceUnhealthy"),
        (500, b"<html>", "ServiceUnhealthy"),
    ],
)
def test_the_service_as_the_server_asks_it(status: int, body: bytes, code: str, cluster: FakeCluster) -> None:
    with Other(status, {}, body) as url:
        found = looked(cluster, service=Service(url.removesuffix("/api"), password="geheim"))

    assert found["service"].code == code
    assert "geheim" not in found["service"].message


def test_a_service_that_is_not_there(cluster: FakeCluster) -> None:
    found = looked(cluster, service=Service("http://127.0.0.1:1"))

    assert told(found, "service") == (Level.PROBLEM, "ServiceUnreachable")
