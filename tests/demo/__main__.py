"""The story of the demo."""

from __future__ import annotations

import sys
import time

from tests.cluster.local.errors import ClusterError
from tests.cluster.support.access import OWN_CLUSTER
from tests.demo.speech import PLACE, command, enter, say, show
from tests.demo.stage import NAMESPACE, Stage, set_up
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
    say("The run could not tell OpenMetadata how it ended. The reporter does; here it makes one pass.")
    command(stage.folder, "reconcile", "--once")
    rows = stage.shop.recorded("statuses")["shop.wrong_password"]
    for history in rows.values():
        say(f"What the server has of the run: {history[-1]['pipelineState']} (before: {history[0]['pipelineState']}).")
        for step in history[-1]["status"]:
            for failure in step.get("failures") or ():
                show(f"  {failure['error']}")


def _where_to_go_next(stage: Stage, seconds: float) -> None:
    folder = stage.folder
    say(f"Done in {seconds:.0f} s. From here:")
    show(f"  look around     cd {folder} &&")
    show(f"                  {' '.join(f'{key}={value}' for key, value in PLACE.items())} k8s-pipeline list")
    show("  use it for real docs/how-to/first-pipeline.md")
    if stage.access.embedded:
        show("  tear down       make cluster-down")
    else:
        show(f"  tear down       kubectl delete namespace {NAMESPACE}   (in the cluster of {OWN_CLUSTER})")


if __name__ == "__main__":
    sys.exit(main())
