"""The metrics are numbers about operations."""

from __future__ import annotations

from tests.service.javaclient import ROOTS, JavaClient
from tests.service.stage import NIGHTLY, Stage, staged


def test_requests_are_counted_by_operation_and_never_by_name(stage: Stage, server: JavaClient) -> None:
    server.deploy(NIGHTLY)
    for path in ("nothing", "nightly/x", f"{ROOTS[0]}/nothing", f"{ROOTS[0]}/status?dag_id=nightly"):
        server.send("GET", path)
    answer = server.send("GET", "metrics")
    assert answer.status == 200
    lines = answer.text.splitlines()
    assert 'k8s_pipeline_http_requests_total{operation="deploy",status="200"} 1.0' in lines
    assert 'k8s_pipeline_http_requests_total{operation="unknown",status="404"} 3.0' in lines
    assert any(
        line.startswith('k8s_pipeline_kubernetes_requests_total{outcome="ok",resource="cronjobs",verb="patch"} ')
        for line in lines
    )
    assert any(
        line.startswith('k8s_pipeline_http_request_duration_seconds_count{operation="deploy"}') for line in lines
    )
    assert "nightly" not in answer.text


def test_the_description_is_there_where_it_is_wanted() -> None:
    with staged(docs=True) as stage:
        assert stage.client().send("GET", "openapi.json").json["openapi"]
        assert stage.client().send("GET", "docs").status == 200
