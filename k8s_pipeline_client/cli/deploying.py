"""deploy: definitions onto the cluster."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from k8s_pipeline_client.cli.options import Globals, common_options, files_option, pass_globals
from k8s_pipeline_client.errors import (
    ApiError,
    ForbiddenError,
    NotFoundError,
    PipelineError,
    UnauthorizedError,
    UnreachableError,
)

if TYPE_CHECKING:
    from k8s_pipeline_client.client import DeployResult
    from k8s_pipeline_client.domain.pipeline import Pipeline

_HOPELESS = (UnreachableError, UnauthorizedError, NotFoundError)
_UNWELL = (429, 502, 503, 504)


@click.command("deploy")
@files_option(required=True)
@click.option(
    "--dry-run",
    type=click.Choice(["none", "client", "server"]),
    default="none",
    help="client: check without a cluster; server: have the API server check, and keep nothing.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Take over what another field manager or another source owns, and replace a renamed pipeline that runs.",
)
@click.option(
    "--parallel",
    type=click.IntRange(1, 32),
    default=4,
    show_default=True,
    metavar="N",
    help="How many pipelines to write at once.",
)
@common_options
@pass_globals
def deploy_command(values: Globals, files: tuple[Path, ...], dry_run: str, force: bool, parallel: int) -> int:
    """Create or update pipelines; nothing is written unless every definition is usable."""
    from k8s_pipeline_client.cli.files import read_pipelines
    from k8s_pipeline_client.cli.output import warn
    from k8s_pipeline_client.render import plan

    settings = values.settings()
    pipelines = read_pipelines(files)
    plans = [plan(pipeline, settings) for pipeline in pipelines]
    if dry_run == "client":
        for item in plans:
            for text in item.notes:
                warn(f"{item.pipeline.display_name}: {text}")
        found = [
            _shown(item.name, item.pipeline.fqn, item.pipeline.display_name, "checked", item.notes) for item in plans
        ]
        _print(values, found, dry_run)
        return 0
    client = values.client()
    deployments = _deploy_all(
        pipelines,
        lambda pipeline: client.deploy(pipeline, dry_run=dry_run == "server", force=force),
        parallel=parallel,
    )
    return _report(values, deployments, dry_run)


@dataclass(frozen=True)
class _Deployment:
    """What became of one definition; neither a result nor an error where it was not tried any more."""

    pipeline: Pipeline
    result: DeployResult | None = None
    error: PipelineError | None = None


def _deploy_all(
    pipelines: Sequence[Pipeline], deploy: Callable[[Pipeline], DeployResult], *, parallel: int
) -> list[_Deployment]:
    """Deploy several at once, and return what became of them in their own order.

    One that is refused does not hold up the others, unless they would be refused for the same reason. What is
    interrupted finishes those that it is at, so that none is left half-deployed.
    """
    from k8s_pipeline_client.cli.output import progress

    stop = threading.Event()

    def one(pipeline: Pipeline) -> _Deployment:
        if stop.is_set():
            return _Deployment(pipeline)
        try:
            return _Deployment(pipeline, result=deploy(pipeline))
        except PipelineError as error:
            if _is_hopeless(error):
                stop.set()
            return _Deployment(pipeline, error=error)

    title = f"deploying {pipelines[0].display_name}" if len(pipelines) == 1 else f"deploying {len(pipelines)} pipelines"
    found: list[_Deployment] = []
    with progress(title) as say, ThreadPoolExecutor(max_workers=parallel) as pool:
        try:
            for item in pool.map(one, pipelines):
                found.append(item)
                say(f"{title}: {len(found)} done")
        finally:
            stop.set()
    return found


def _is_hopeless(error: PipelineError) -> bool:
    """Return whether the next pipeline would be refused for the same reason; trying again was of no use by now."""
    if isinstance(error, ForbiddenError):
        return "is forbidden: User" in error.message  # a right is missing; admission refuses single objects
    return isinstance(error, _HOPELESS) or (isinstance(error, ApiError) and error.status in _UNWELL)


def _report(values: Globals, deployments: Sequence[_Deployment], dry_run: str) -> int:
    """Print what was done, then what was not, and return the exit code."""
    from k8s_pipeline_client.cli.output import note, warn

    failed = [item for item in deployments if item.error is not None]
    if len(deployments) == 1 and failed and failed[0].error is not None:
        raise failed[0].error
    results = [item.result for item in deployments if item.result is not None]
    for result in results:
        for text in result.notes:
            warn(f"{result.display_name}: {text}")
    for item in failed:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {item.pipeline.display_name}: {item.error}", err=True)
    found = [_shown(item.name, item.fqn, item.display_name, str(item.action), item.notes) for item in results]
    _print(values, found, dry_run)
    if len(deployments) > 1:
        counts = Counter(str(result.action) for result in results)
        counts["failed"] = len(failed)
        counts["not tried"] = len(deployments) - len(results) - len(failed)
        summary = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
        note(f"{len(deployments)} pipelines: {summary}")
    return 1 if failed else 0


def _print(values: Globals, found: Sequence[dict[str, Any]], dry_run: str) -> None:
    from k8s_pipeline_client.cli.output import emit, print_table

    suffix = "" if dry_run == "none" else f" ({dry_run} dry run)"
    rows = [[item["displayName"], item["action"] + suffix, item["resourceName"]] for item in found]
    emit(
        list(found),
        values.format(),
        table=lambda: print_table(["NAME", "ACTION", "RESOURCE"], rows, wide=0),
        names=lambda: [f"cronjob.batch/{item['resourceName']}" for item in found],
    )


def _shown(name: str, fqn: str, display_name: str, action: str, notes: Sequence[str] = ()) -> dict[str, Any]:
    return {"resourceName": name, "fqn": fqn, "displayName": display_name, "action": action, "notes": list(notes)}
