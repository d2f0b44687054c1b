"""The story of the demo."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from k8s_pipeline_client.reporter.outcome import SETTLING
from tests.cluster.local.errors import ClusterError
from tests.cluster.support.access import OWN_CLUSTER
from tests.cluster.support.shop import WRONG_PASSWORD
from tests.cluster.support.space import until
from tests.demo import clicks
from tests.demo.speech import PLACE, command, enter, say, show
from tests.demo.stage import NAMESPACE, Stage, set_up
from tests.faults.puts import said
from tests.images.errors import ImageBuildError

_RUN_FAILED = 3


def main() -> int:
    """Play the demo; return an exit code."""
    start = time.monotonic()
    try:
        stage = set_up()
    except (ClusterError, ImageBuildError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    _a_run_that_succeeds(stage)
    _a_run_that_fails(stage)
    clicks.play(stage)
    _where_to_go_next(stage, time.monotonic() - start)
    return 0


def _a_run_that_succeeds(stage: Stage) -> None:
    say("Deploy a metadata pipeline: an entity as OpenMetadata's API returns it, and its service.")
    enter(stage.folder)
    command(stage.folder, "deploy", "-f", "shop_metadata.json", "-f", "shop.json")
    say("Run it now, with the published openmetadata-ingestion package, and follow its log.")
    command(stage.folder, "run", "shop_metadata", "--logs", "--timeout", "5m")
    command(stage.folder, "status", "shop_metadata")
    tables = stage.shop.recorded("entities")["tables"]
    if not tables:
        sys.exit("the demo stops: no table has arrived at the recording server")
    say(f"What has arrived at the server: {len(tables)} tables.")
    for table in tables:
        show(f"  {table}")


def _a_run_that_fails(stage: Stage) -> None:
    say("And a run that fails: a plain workflow document, run once, with a password that is refused.")
    command(stage.folder, "run", "-f", "wrong_password.yaml", "--wait", "--timeout", "5m", expect=_RUN_FAILED)
    command(stage.folder, "list")
    say("What the server knows of it: it began, and was never heard of again.")
    show(f"  {_row(stage).get('pipelineState', 'nothing')}")
    say("Have its end reported: one pass by hand; all the time it is `reconcile` without --once.")
    _await_settled(stage)
    with stage.reachable_server() as environment:
        command(stage.folder, "reconcile", "--once", environment=environment)
    row = _row(stage)
    if row.get("pipelineState") != "failed" or "password authentication failed" not in said(row):
        sys.exit("the demo stops: the server does not know why the run failed")
    say("What the server knows of it now.")
    show(f"  {row['pipelineState']}: {said(row)}")


def _await_settled(stage: Stage) -> None:
    """Wait until the run is old enough: a pass leaves those that have just begun to themselves."""
    jobs = stage.access.api.request("GET", f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs")["items"]
    created = max(datetime.fromisoformat(job["metadata"]["creationTimestamp"]) for job in jobs)
    until(lambda: datetime.now(UTC) - created > SETTLING + timedelta(seconds=1), "the run is not young any more")


def _row(stage: Stage) -> dict[str, Any]:
    """What the recording server has of the run that fails: its newest row."""
    rows: list[dict[str, Any]] = stage.shop.recorded("rows").get(WRONG_PASSWORD, [])
    return rows[0] if rows else {}


def _where_to_go_next(stage: Stage, seconds: float) -> None:
    folder = stage.folder
    say(f"Done in {seconds:.0f} s. From here:")
    show(f"  look around     cd {folder} &&")
    show(f"                  {' '.join(f'{key}={value}' for key, value in PLACE.items())} k8s-pipeline list")
    show("  your own        make playground, docs/how-to/first-pipeline.md")
    if stage.access.embedded:
        show("  tear down       make cluster-down")
    else:
        show(f"  tear down       kubectl delete namespace {NAMESPACE}   (in the cluster of {OWN_CLUSTER})")


if __name__ == "__main__":
    sys.exit(main())
