"""deploy: definitions onto the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from k8s_pipeline_client.cli.options import Globals, common_options, files_option, pass_globals
from k8s_pipeline_client.errors import (
    ForbiddenError,
    NotFoundError,
    PipelineError,
    UnauthorizedError,
    UnreachableError,
)

if TYPE_CHECKING:
    from k8s_pipeline_client.client import DeployResult, K8sPipelineClient
    from k8s_pipeline_client.domain.pipeline import Pipeline

# What refuses one pipeline for these reasons refuses the next as well.
_HOPELESS = (UnreachableError, UnauthorizedError, ForbiddenError, NotFoundError)


@click.command("deploy")
@files_option(required=True)
@click.option(
    "--dry-run",
    type=click.Choice(["none", "client", "server"]),
    default="none",
    help="client: check without a cluster; server: have the API server check, and keep nothing.",
)
@click.option("--force", is_flag=True, help="Take over fields that another field manager owns.")
@common_options
@pass_globals
def deploy_command(values: Globals, files: tuple[Path, ...], dry_run: str, force: bool) -> int:
    """Create or update pipelines; nothing is written unless every definition is usable."""
    from k8s_pipeline_client.cli.files import read_pipelines
    from k8s_pipeline_client.cli.output import emit, print_table, warn
    from k8s_pipeline_client.render import plan

    settings = values.settings()
    pipelines = read_pipelines(files)
    plans = [plan(pipeline, settings) for pipeline in pipelines]
    if dry_run == "client":
        found = [_shown(item.name, item.pipeline.fqn, item.pipeline.display_name, "checked") for item in plans]
        failed = 0
    else:
        results, failed = _deploy_all(values.client(), pipelines, dry_run=dry_run == "server", force=force)
        for result in results:
            for text in result.notes:
                warn(f"{result.display_name}: {text}")
        found = [
            _shown(result.name, result.fqn, result.display_name, str(result.action), result.notes) for result in results
        ]
    suffix = "" if dry_run == "none" else f" ({dry_run} dry run)"
    rows = [[item["displayName"], item["action"] + suffix, item["resourceName"]] for item in found]
    emit(
        found,
        values.format(),
        table=lambda: print_table(["NAME", "ACTION", "RESOURCE"], rows, wide=0),
        names=lambda: [f"cronjob.batch/{item['resourceName']}" for item in found],
    )
    return 1 if failed else 0


def _deploy_all(
    client: K8sPipelineClient, pipelines: Sequence[Pipeline], *, dry_run: bool, force: bool
) -> tuple[list[DeployResult], int]:
    """Deploy one after the other; one that is refused does not hold up the others."""
    from k8s_pipeline_client.cli.output import progress

    results: list[DeployResult] = []
    failed = 0
    for number, pipeline in enumerate(pipelines, start=1):
        try:
            with progress(f"deploying {number} of {len(pipelines)}: {pipeline.display_name}"):
                results.append(client.deploy(pipeline, dry_run=dry_run, force=force))
        except _HOPELESS:
            raise
        except PipelineError as error:
            if len(pipelines) == 1:
                raise
            failed += 1
            click.echo(f"{click.style('error:', fg='red', bold=True)} {pipeline.display_name}: {error}", err=True)
    return results, failed


def _shown(name: str, fqn: str, display_name: str, action: str, notes: Sequence[str] = ()) -> dict[str, Any]:
    return {"resourceName": name, "fqn": fqn, "displayName": display_name, "action": action, "notes": list(notes)}
