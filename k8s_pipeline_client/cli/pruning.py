"""prune: delete pipelines that no longer exist on the OpenMetadata server."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from k8s_pipeline_client.cli.fromserver import Connected, connected, server_options
from k8s_pipeline_client.cli.hints import worded
from k8s_pipeline_client.cli.options import Duration, Globals, common_options, pass_globals
from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.errors import InputError, PipelineError

if TYPE_CHECKING:
    from k8s_pipeline_client.client import Pipelines
    from k8s_pipeline_client.deploying.compare import Comparison

_DELETED, _DOOMED, _KEPT, _FAILED = "deleted", "would be deleted", "kept", "failed"
_NOT_THAT_ONE = "it has changed since it was shown: it was redeployed, taken over or deleted"


@click.command("prune")
@server_options
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Even if the server knows none of the deployed pipelines.")
@click.option(
    "--timeout", type=Duration(), help="How long to wait, in all, until nothing is left. [default: 5m for each]"
)
@common_options
@pass_globals
def prune_command(
    values: Globals,
    server: str | None,
    server_token_file: Path | None,
    dry_run: bool,
    yes: bool,
    force: bool,
    timeout: float | None,
) -> int:
    """Remove pipelines that were deployed from the OpenMetadata server, which no longer has them.

    They are shown first. What was deployed from files, or belongs to another OpenMetadata instance, stays.
    """
    from k8s_pipeline_client.cli.output import note

    client = values.writer()
    with connected(values, server, server_token_file) as source:
        doomed = _orphans(client, source, force=force)
    if not doomed:
        note("nothing to remove: OpenMetadata has every pipeline that was deployed from it")
    elif not dry_run and not yes and not _agreed(doomed):
        note("nothing is removed")
        return 1
    outcome = {str(item.resource_name): (_DOOMED, "") for item in doomed}
    if not dry_run:
        outcome = _delete(values, client, doomed, timeout)
    _report(values, doomed, outcome)
    return 1 if any(action == _FAILED for action, _ in outcome.values()) else 0


def _orphans(client: Pipelines, source: Connected, *, force: bool) -> list[Comparison]:
    """Return what is to go.

    Raises:
        InputError: The server knows nothing of what is deployed, and ``force`` is not set.
    """
    from k8s_pipeline_client.cli.output import warn
    from k8s_pipeline_client.deploying.compare import Standing, is_known

    found = client.compare(source.all(), source.instance)
    orphans = [item for item in found if item.standing is Standing.ORPHANED]
    if orphans and not is_known(found) and not force:
        is_empty = len(orphans) == len(found)
        what = "no ingestion pipelines at all" if is_empty else f"none of the {len(orphans)} that are deployed from it"
        raise InputError(
            f"OpenMetadata has {what}, so it may be the wrong server, or empty; nothing was deleted",
            hint=f"check --server and the instance ({source.instance}); if that is correct, use --force",
        )
    # Each is requested as well: a list omits entities that the token's user may not see.
    gone = [item for item in orphans if source.fetcher.is_gone(item.fqn, item.id)]
    for item in orphans:
        if item not in gone:
            warn(f"{item.fqn} is kept: OpenMetadata did not list it, but has it")
    return gone


def _agreed(doomed: Sequence[Comparison]) -> bool:
    """List the pipelines to delete, and ask for confirmation.

    Raises:
        InputError: Standard input is not a terminal.
    """
    from k8s_pipeline_client.cli.output import is_terminal, note

    if not is_terminal(sys.stdin):
        raise InputError(
            f"{counted(len(doomed), 'pipeline')} would be deleted, but standard input is not a terminal to confirm it",
            hint="list them with --dry-run, and delete them with --yes",
        )
    for item in doomed:
        note(f"{item.display_name}  {item.fqn}  {item.resource_name}")
    return click.confirm(f"Delete {counted(len(doomed), 'pipeline')} with their runs?", err=True)


def _delete(
    values: Globals, client: Pipelines, doomed: Sequence[Comparison], timeout: float | None
) -> dict[str, tuple[str, str]]:
    """Delete them, and return action and reason by resource; a failure does not stop the others."""
    from k8s_pipeline_client.cli.output import progress

    outcome: dict[str, tuple[str, str]] = {}
    title = f"deleting {counted(len(doomed), 'pipeline')}"
    with progress(title) as say:

        def done(item: Comparison, result: bool | PipelineError) -> None:
            if isinstance(result, PipelineError):
                found = (_FAILED, worded(result, values.place))
            else:
                found = (_DELETED, "") if result else (_KEPT, _NOT_THAT_ONE)
            outcome[str(item.resource_name)] = found
            say(f"{title}: {len(outcome)} done")

        client.delete_orphans(doomed, timeout=timeout, on_done=done)
    return outcome


def _report(values: Globals, doomed: Sequence[Comparison], outcome: dict[str, tuple[str, str]]) -> None:
    from k8s_pipeline_client.cli.output import complain, emit, print_table, warn
    from k8s_pipeline_client.domain.titles import titles_of

    found = [
        {
            "resourceName": item.resource_name,
            "fqn": item.fqn,
            "displayName": item.display_name,
            "service": item.service,
            "action": outcome[str(item.resource_name)][0],
            "reason": outcome[str(item.resource_name)][1] or None,
        }
        for item in doomed
    ]
    for row in found:
        if row["action"] == _KEPT:
            warn(f"{row['fqn']} is kept: {row['reason']}")
        elif row["reason"]:
            complain(f"{row['fqn']}: {row['reason']}")
    titles = titles_of(doomed)
    rows = [[titles[str(row["fqn"])], str(row["fqn"]), str(row["action"]), str(row["resourceName"])] for row in found]
    emit(
        found,
        values.format(),
        table=lambda: print_table(["NAME", "FQN", "ACTION", "RESOURCE"], rows) if rows else None,
        names=lambda: [f"cronjob.batch/{row['resourceName']}" for row in found],
    )
