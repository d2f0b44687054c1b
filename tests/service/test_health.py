"""Healthy is what can deploy and run, for the OpenMetadata that the ingestion image is of."""

from __future__ import annotations

import threading
import time

import pytest

from k8s_pipeline_client import time_limit
from k8s_pipeline_client.errors import ForbiddenError, UnreachableError
from k8s_pipeline_client.service.directory import Directory
from k8s_pipeline_client.service.health import HealthCheck
from k8s_pipeline_client.settings import Settings
from tests.cluster.support.space import until
from tests.fakes import FakeCluster, FakeOpenMetadata, Request
from tests.service.javaclient import ROOTS, JavaClient
from tests.service.stage import SETTINGS, Stage, staged


def test_it_is_healthy_with_the_version_that_openmetadata_compares(server: JavaClient) -> None:
    answer = server.health()
    assert (answer.status, answer.json) == (200, {"status": "healthy", "version": "1.12.14"})
    assert server.send("GET", f"{ROOTS[2]}/health").json == answer.json


@pytest.mark.parametrize(("verb", "resource"), [("create", "jobs"), ("patch", "cronjobs"), ("list", "secrets")])
def test_without_a_right_that_it_cannot_do_without_it_is_unhealthy(stage: Stage, verb: str, resource: str) -> None:
    stage.cluster.denied = {(verb, resource)}
    answer = stage.client().send("GET", f"{ROOTS[0]}/health-auth")
    assert answer.status == 503
    assert f"{verb} {resource}" in answer.json["error"]
    assert "version" not in answer.json
    assert stage.client().send("GET", f"{ROOTS[0]}/health").status == 200


@pytest.mark.parametrize(("verb", "resource"), [("list", "events"), ("patch", "pods"), ("delete", "secrets")])
def test_without_any_other_right_the_buttons_stay(stage: Stage, verb: str, resource: str) -> None:
    stage.cluster.denied = {(verb, resource)}
    assert stage.client().health().status == 200


def test_a_cluster_that_is_away_is_unhealthy_with_the_reason(stage: Stage) -> None:
    def away(_request: Request) -> None:
        raise UnreachableError("the API server gave no answer")

    stage.cluster.before(away)
    answer = stage.client().send("GET", f"{ROOTS[0]}/health-auth")
    assert answer.status == 503
    assert "the API server gave no answer" in answer.json["error"]


class Clock:
    """A time that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_verdict_is_kept_for_a_while_a_bad_one_not_for_long() -> None:
    cluster, clock = FakeCluster(), Clock()
    check = HealthCheck(cluster, Directory(SETTINGS), image="a:1.12.14", clock=clock)
    for _ in range(5):
        assert check.check().reason == ""
    asked = len(cluster.requests)
    cluster.denied = {("create", "jobs")}
    assert check.check().reason == ""
    assert len(cluster.requests) == asked
    clock.now += 31
    assert check.check().reason
    cluster.denied = set()
    clock.now += 4
    assert check.check().reason == ""


def slow(cluster: FakeCluster, seconds: float) -> None:
    """Have each response take so long."""
    cluster.before(lambda _request: time.sleep(seconds))


@pytest.mark.parametrize("seconds", [0.07, 0.3])
def test_an_api_server_that_is_far_away_is_healthy(stage: Stage, seconds: float) -> None:
    slow(stage.cluster, seconds)
    assert stage.client().send("GET", f"{ROOTS[0]}/health-auth").status == 200


def test_one_that_takes_longer_than_a_page_waits_is_healthy_when_it_is_asked_again(stage: Stage) -> None:
    slow(stage.cluster, 1.0)
    first = stage.client().send("GET", f"{ROOTS[0]}/health-auth")
    assert (first.status, "slow" in first.json["error"]) == (503, True)
    until(lambda: stage.client().send("GET", f"{ROOTS[0]}/health-auth").status == 200, "the check has ended", 20)


def test_while_a_new_check_takes_its_time_the_last_good_result_counts_for_a_while() -> None:
    cluster, clock, gate = FakeCluster(), Clock(), threading.Event()
    check = HealthCheck(cluster, Directory(SETTINGS), image="a:1.12.14", clock=clock)
    assert check.check().reason == ""
    cluster.denied = {("create", "jobs")}
    cluster.before(lambda _request: gate.wait(20))
    for passed, is_healthy in ((31, True), (268, True), (2, False)):
        clock.now += passed
        with time_limit(0.2):
            assert (check.check().reason == "") is is_healthy
    gate.set()
    until(lambda: "create jobs" in check.check().reason, "the check has ended", 20)
    assert len({request.verb for request in cluster.requests}) == 1
    assert len(cluster.requests) == 2 * 15, "there is one check at a time"


def test_rights_are_asked_for_and_nothing_is_read_or_written(stage: Stage, server: JavaClient) -> None:
    server.health()
    assert {request.kind for request in stage.cluster.requests} == {"SelfSubjectAccessReview"}


def test_an_account_that_may_not_even_ask_is_no_fault() -> None:
    cluster = FakeCluster()

    def refuse(_request: Request) -> None:
        raise ForbiddenError("it may not", status=403)

    cluster.before(refuse)
    assert "it may not" in HealthCheck(cluster, Directory(SETTINGS), image="a:1.12.14").check().reason


def test_where_the_tag_tells_nothing_openmetadata_is_asked() -> None:
    settings = Settings(
        **{
            **SETTINGS.model_dump(),
            "ingestion_image": "a/b@sha256:" + "0" * 64,
            "metadata_api_endpoint": "http://openmetadata:8585/api",
        }
    )
    with staged(settings) as stage:
        assert stage.client().health().json["version"] == "1.12.14"
        stage.client().health()
        assert len(stage.opened) == 1


def test_where_nobody_tells_the_version_it_says_what_to_set() -> None:
    cluster, server = FakeCluster(), FakeOpenMetadata()
    check = HealthCheck(cluster, Directory(SETTINGS, lambda *_: server), image="a/b:latest")
    assert "metadataApiEndpoint" in check.check().reason
    known = Settings(**{**SETTINGS.model_dump(), "metadata_api_endpoint": "http://openmetadata:8585/api"})
    server.be_down()
    assert "cannot connect" in HealthCheck(cluster, Directory(known, lambda *_: server), image="a/b").check().reason
    assert HealthCheck(cluster, Directory(known), image="a/b", version="1.13.2").check().version == "1.13.2"


def test_the_version_can_be_set() -> None:
    with staged(openmetadata_version="1.13.1") as stage:
        assert stage.client().health().json["version"] == "1.13.1"
