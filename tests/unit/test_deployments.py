"""Several deploys at once that are interrupted from the keyboard."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from k8s_pipeline_client.cli.deployments import INTERRUPTED, deploy_all, report
from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.client import Action, DeployResult
from k8s_pipeline_client.domain.pipeline import Pipeline, resolve
from k8s_pipeline_client.domain.recognise import recognise
from tests.data import sample


def pipelines(number: int) -> list[Pipeline]:
    entity = sample("pipelines/01_postgres_metadata_daily.json")
    documents: list[dict[str, Any]] = [sample("services/postgres.json")]
    documents += [entity | {"id": None, "fullyQualifiedName": f"pg_prod.{name}"} for name in range(number)]
    return resolve([item for document in documents for item in recognise(document, "x.json")])


def test_what_was_done_is_said_and_the_rest_is_not_begun(capsys: pytest.CaptureFixture[str]) -> None:
    seen = threading.Event()

    def interrupted(*_: object) -> None:
        seen.set()
        raise KeyboardInterrupt

    def deploy(pipeline: Pipeline, announce: Callable[[str], None]) -> DeployResult:
        if pipeline.fqn == "pg_prod.5":  # by then all have been handed out to the threads
            signal.raise_signal(signal.SIGINT)
            seen.wait(10)
        threading.Event().wait(0.05)  # what a deploy takes
        return DeployResult("om-x", pipeline.fqn, pipeline.display_name, Action.CREATED, ())

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        found = deploy_all(pipelines(40), deploy, parallel=2)
    finally:
        signal.signal(signal.SIGINT, before)

    counts = Counter(item.action for item in found)
    assert counts["created"] >= 1
    assert counts[INTERRUPTED] == 40 - counts["created"] >= 1
    assert report(Globals(output="json"), found, "none") == 130
    assert f"40 pipelines: {counts['created']} created, {counts[INTERRUPTED]} interrupted" in capsys.readouterr().err
