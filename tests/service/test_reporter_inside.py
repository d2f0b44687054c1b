"""The reporter runs within the service, and ends with it."""

from __future__ import annotations

import threading

from tests.cluster.support.space import until
from tests.service.stage import NIGHTLY, staged


def test_openmetadata_is_told_how_a_run_ended() -> None:
    with staged(reporter=True) as stage:
        stage.openmetadata.add_pipeline(NIGHTLY)
        server = stage.client()
        server.deploy(NIGHTLY)
        identity = str(server.trigger(NIGHTLY["name"]))
        (job,) = stage.jobs()
        stage.give_pod(job, exit_code=3)
        stage.end(job, reason="BackoffLimitExceeded")
        stage.cluster.advance(120)  # the ingestion has had its time to say so itself
        row = until(lambda: stage.openmetadata.row(NIGHTLY["fullyQualifiedName"], identity) or {}, "it is reported", 40)
        assert row["pipelineState"] == "failed"
        assert "k8s_pipeline_reporter_passes_total" in server.send("GET", "metrics").text
        assert any(thread.name == "reporter" for thread in threading.enumerate())
    assert not any(thread.name == "reporter" for thread in threading.enumerate())


def test_it_runs_elsewhere_where_that_is_wanted() -> None:
    with staged(reporter=False):
        assert not any(thread.name == "reporter" for thread in threading.enumerate())
