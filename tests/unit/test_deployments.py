"""Several deploys at once that are interrupted from the keyboard."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client.cli.deployments import report
from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.client import Action, DeployResult
from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.deploying.bulk import INTERRUPTED, Batch
from k8s_pipeline_client.deploying.copies import Judge, by_the_entity
from k8s_pipeline_client.deploying.deploy import Deployer
from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.resolve import resolve
from k8s_pipeline_client.render.plan import Plan, plan
from k8s_pipeline_client.settings import Settings
from tests.data import sample


def pipelines(number: int) -> list[Pipeline]:
    entity = sample("pipelines/01_postgres_metadata_daily.json")
    documents: list[dict[str, Any]] = [sample("services/postgres.json")]
    documents += [entity | {"id": None, "fullyQualifiedName": f"pg_prod.{name}"} for name in range(number)]
    return resolve([item for document in documents for item in recognise(document, "x.json")])


def test_what_was_done_is_said_and_the_rest_is_not_begun(
    capsys: pytest.CaptureFixture[str], mocker: MockerFixture
) -> None:
    seen, main = threading.Event(), threading.main_thread().ident
    assert main is not None

    def interrupted(*_: object) -> None:
        seen.set()
        raise KeyboardInterrupt

    def deploy(
        _: Deployer, found: Plan, judge: Judge, live: Live | None = None, *, announce: Callable[[str], None]
    ) -> DeployResult:
        pipeline = found.pipeline
        if pipeline.fqn == "pg_prod.5":  # by then all have been handed out to the threads
            signal.pthread_kill(main, signal.SIGINT)
            seen.wait(10)
        threading.Event().wait(0.05)  # what a deploy takes
        return DeployResult("om-x", pipeline.fqn, pipeline.display_name, Action.CREATED, ())

    mocker.patch.object(Deployer, "deploy", autospec=True, side_effect=deploy)
    cluster = mocker.create_autospec(Cluster, instance=True, throttled=0)
    cluster.list.return_value = []
    before = signal.signal(signal.SIGINT, interrupted)
    try:
        found = Batch(cluster, pipelines(40), partial(plan, settings=Settings()), by_the_entity, parallel=2).run()
    finally:
        signal.signal(signal.SIGINT, before)

    counts = Counter(item.action for item in found)
    assert counts["created"] >= 1
    assert counts[INTERRUPTED] == 40 - counts["created"] >= 1
    assert report(Globals(output="json"), found, "none") == 130
    assert f"40 pipelines: {counts['created']} created, {counts[INTERRUPTED]} interrupted" in capsys.readouterr().err
