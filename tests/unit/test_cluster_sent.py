"""What is told of each request to the API server: what a Role would call it, however often it is sent."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pytest_mock import MockerFixture
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.cluster.port import Extra, Kind, Object, Propagation
from k8s_pipeline_client.cluster.sent import Sent
from k8s_pipeline_client.cluster.server import ApiServer
from k8s_pipeline_client.errors import NotFoundError
from k8s_pipeline_client.service import Metrics

JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a-job", "namespace": "ns"}}
LIST = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": []}


class Scripted:
    """An API server that gives one response after the other: a status and a body, or 0 for a connection that breaks."""

    def __init__(self, *responses: tuple[int, Object | bytes]) -> None:
        self.left = list(responses)
        self.sent: list[Sent] = []
        ready = SimpleNamespace(headers={}, connections=self)
        server = SimpleNamespace(host="h", ready=lambda: ready, refused=lambda _: True)
        self.cluster = KubeCluster(cast(ApiServer, server), "ns")
        self.cluster.observe(self.sent.append)

    def request(self, method: str, target: str, **_: Any) -> HTTPResponse:
        status, body = self.left.pop(0)
        if not status:
            raise ProtocolError("Connection aborted.")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return HTTPResponse(io.BytesIO(content), status=status, preload_content=False)

    @property
    def told(self) -> list[tuple[str, str, int | None]]:
        """What was told, without the durations."""
        return [(sent.verb, sent.resource, sent.status) for sent in self.sent]


@pytest.mark.parametrize(
    ("call", "body", "verb", "resource"),
    [
        (lambda cluster: cluster.get(Kind.JOB, "pods"), JOB, "get", "jobs"),
        (lambda cluster: cluster.list(Kind.SECRET), LIST, "list", "secrets"),
        (lambda cluster: cluster.first(Kind.CRONJOB, labels="a"), LIST, "list", "cronjobs"),
        (lambda cluster: cluster.count(Kind.CONFIG_MAP), LIST, "list", "configmaps"),
        (lambda cluster: list(cluster.watch(Kind.JOB, seconds=1)), b"", "watch", "jobs"),
        (lambda cluster: cluster.create(JOB), JOB, "create", "jobs"),
        (lambda cluster: cluster.apply(JOB, manager="m"), JOB, "patch", "jobs"),
        (lambda cluster: cluster.merge(Kind.JOB, "a-job", {}), JOB, "patch", "jobs"),
        (lambda cluster: cluster.delete(Kind.POD, "a", Propagation.BACKGROUND), JOB, "delete", "pods"),
        (lambda cluster: list(cluster.read_log("a", container="main")), b"a line", "get", "pods/log"),
        (lambda cluster: cluster.may("get", "jobs", group="batch"), LIST, "create", "selfsubjectaccessreviews"),
        (lambda cluster: cluster.whoami(), LIST, "create", "selfsubjectreviews"),
        (lambda cluster: cluster.namespace_exists(), LIST, "get", "namespaces"),
        (lambda cluster: cluster.look(Extra("", "v1", "nodes", namespaced=False)), LIST, "list", "nodes"),
        (lambda cluster: cluster.version(), {"gitVersion": "v1.34.4"}, "get", "version"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_is_told_as_a_role_would_call_it(
    call: Callable[[Any], object], body: Object | bytes, verb: str, resource: str
) -> None:
    scripted = Scripted((200, body))
    call(scripted.cluster)
    assert scripted.told == [(verb, resource, 200)]
    assert scripted.sent[0].seconds >= 0


def test_each_page_of_a_list_is_a_request() -> None:
    pages = [(200, {**LIST, "metadata": {"continue": "more"}})] * 5
    scripted = Scripted(*pages, (200, LIST))
    scripted.cluster.list(Kind.JOB)
    assert scripted.told == [("list", "jobs", 200)] * 6


def test_so_is_each_time_that_it_is_sent_again(mocker: MockerFixture) -> None:
    mocker.patch("time.sleep")
    scripted = Scripted((0, b""), (503, b""), (401, b""), (200, JOB))
    scripted.cluster.get(Kind.JOB, "a-job")
    assert [status for _, _, status in scripted.told] == [None, 503, 401, 200]


def test_the_metrics_have_what_was_sent_and_no_names(mocker: MockerFixture) -> None:
    mocker.patch("time.sleep")
    metrics = Metrics()
    scripted = Scripted((200, JOB), (404, b""), (0, b""), (200, JOB))
    scripted.cluster.observe(metrics.sent)
    scripted.cluster.get(Kind.JOB, "a-job")
    with pytest.raises(NotFoundError):
        scripted.cluster.merge(Kind.JOB, "a-job", {})
    scripted.cluster.get(Kind.JOB, "/..%2f")
    text = metrics.text().decode()
    for line in (
        '{outcome="ok",resource="jobs",verb="get"} 2.0',
        '{outcome="404",resource="jobs",verb="patch"} 1.0',
        '{outcome="error",resource="jobs",verb="get"} 1.0',
    ):
        assert f"k8s_pipeline_kubernetes_requests_total{line}" in text
    assert "a-job" not in text
