"""The log is one JSON object a line, and the metrics are numbers about operations."""

from __future__ import annotations

import io
import json
import logging

import pytest

from k8s_pipeline_client.service.lines import FIELDS, log_lines
from tests.service.javaclient import ROOTS, JavaClient
from tests.service.stage import NIGHTLY, Stage, staged


@pytest.fixture
def stream() -> io.StringIO:
    """Where the log goes; as it was before afterwards."""
    return io.StringIO()


def test_a_line_is_json_without_secrets(stream: io.StringIO) -> None:
    root, ours = logging.getLogger(), logging.getLogger("k8s_pipeline_client")
    levels = root.level, ours.level
    handler = log_lines(stream=stream)
    try:
        log = logging.getLogger("k8s_pipeline_client.service.test")
        log.info(
            "a line\nwith password=hunter2hunter2 \x1b[31m", extra={FIELDS: {"status": 200, "who": "token: abcdef"}}
        )
        log.debug("not this one")
        try:
            raise ValueError("Bearer abcdefghijkl")
        except ValueError:
            log.exception("it failed")
    finally:
        root.removeHandler(handler)
        root.setLevel(levels[0])
        ours.setLevel(levels[1])
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["level"], first["logger"], first["status"]) == ("info", "service.test", 200)
    assert first["time"].endswith("Z")
    assert "hunter2" not in stream.getvalue() and "abcdef" not in stream.getvalue()
    assert "ValueError" in second["traceback"]


def test_requests_are_counted_by_operation_and_never_by_name(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    for path in ("nothing", "nightly/x", f"{ROOTS[0]}/nothing", f"{ROOTS[0]}/status?dag_id=nightly"):
        server.send("GET", path)
    answer = server.send("GET", "metrics")
    assert answer.status == 200
    lines = answer.text.splitlines()
    assert 'k8s_pipeline_http_requests_total{operation="deploy",status="200"} 1.0' in lines
    assert 'k8s_pipeline_http_requests_total{operation="unknown",status="404"} 3.0' in lines
    assert any(line.startswith('k8s_pipeline_kubernetes_requests_total{kind="CronJob",outcome="ok"') for line in lines)
    assert any(
        line.startswith('k8s_pipeline_http_request_duration_seconds_count{operation="deploy"}') for line in lines
    )
    assert "nightly" not in answer.text


def test_the_description_is_there_where_it_is_wanted() -> None:
    with staged(docs=True) as stage:
        assert stage.client().send("GET", "openapi.json").json["openapi"]
        assert stage.client().send("GET", "docs").status == 200
