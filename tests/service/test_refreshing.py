"""A new image comes into force when the service starts with it."""

from __future__ import annotations

import logging
import threading

import pytest

from k8s_pipeline_client import Settings
from k8s_pipeline_client.client.kubernetes import K8sPipelineClient
from k8s_pipeline_client.deploying.refresh import Refresh
from k8s_pipeline_client.errors import UnreachableError
from k8s_pipeline_client.service.refreshing import Refresher
from tests.cluster.support.space import until
from tests.fakes import FakeCluster
from tests.service import stage as stages
from tests.service.stage import NIGHTLY, SERVICE, SETTINGS, staged

NEW = Settings(**{**SETTINGS.model_dump(), "ingestion_image": "registry/ingestion:1.12.9"})


@pytest.mark.parametrize("wanted", [True, False])
def test_at_the_start_what_is_deployed_is_rendered_again(monkeypatch: pytest.MonkeyPatch, wanted: bool) -> None:
    def deployed(namespace: str) -> FakeCluster:
        fake = FakeCluster(namespace)
        K8sPipelineClient(fake, SETTINGS).deploy_pipeline(NIGHTLY, SERVICE)
        return fake

    monkeypatch.setattr(stages, "FakeCluster", deployed)
    with staged(NEW, refresh=wanted) as stage:

        def image() -> str:
            pod = stage.cronjob()["spec"]["jobTemplate"]["spec"]["template"]["spec"]
            return str(pod["containers"][0]["image"])

        assert any(thread.name == "refresher" for thread in threading.enumerate()) is wanted
        if wanted:
            until(lambda: image() == "registry/ingestion:1.12.9", "it is rendered again", 30)
        else:
            assert image() != "registry/ingestion:1.12.9"
    assert not any(thread.name == "refresher" for thread in threading.enumerate())


def test_what_is_left_alone_is_said_once_and_a_failure_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    times: list[int] = []
    done = threading.Event()

    def refresh(stop: threading.Event) -> Refresh:
        times.append(1)
        if len(times) == 2:
            raise UnreachableError("no response")
        if len(times) > 3:
            done.set()
        return Refresh(left=["om-nightly"])

    with caplog.at_level(logging.INFO):
        refresher = Refresher(refresh, interval=0.01)
        refresher.start()
        assert done.wait(10)
        refresher.stop()
    assert len([record for record in caplog.records if "om-nightly" in record.getMessage()]) == 1
