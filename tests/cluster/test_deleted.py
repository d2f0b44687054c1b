"""A pipeline that OpenMetadata has deleted, on a real cluster."""

from __future__ import annotations

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until
from tests.cluster.test_library import made


def test_it_is_kept_suspended_and_comes_back_as_it_was(program: Program) -> None:
    entity = pipeline({"log": "at work"}, {"sleep": 600}, schedule="0 0 1 1 *")
    with made(program) as client:
        client.deploy_pipeline(entity, service())
        client.run_pipeline(entity)
        until(lambda: program("status", "nightly", "-o", "json").json["lastRun"]["state"] == "running", "it runs")
        (before,) = program.space.list("cronjobs")

        assert client.pipelines.mark_deleted("nightly")

        (marked,) = program.space.list("cronjobs", "k8s-pipeline/deleted")
        assert marked["spec"]["suspend"] is True
        until(lambda: program("status", "nightly", "-o", "json").json["lastRun"]["state"] == "failed", "the run ended")
        assert "OpenMetadata" in program("status", "nightly").out
        assert "deleted in OpenMetadata" in program("run", "nightly", code=2).err

        client.pipelines.unmark("nightly")

        (after,) = program.space.list("cronjobs")
        for key in ("labels", "annotations"):
            assert after["metadata"][key] == before["metadata"][key]
        assert after["spec"] == before["spec"]
        assert len(program.space.list("jobs")) == 1

        client.pipelines.mark_deleted("nightly")
        assert "enabled now" in str(client.deploy_pipeline(entity, service()).reason)
        assert program.space.list("cronjobs", "k8s-pipeline/deleted") == []
