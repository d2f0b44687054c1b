"""enable, disable, delete: what happens to pipelines."""

from __future__ import annotations

import click

from k8s_pipeline_client.cli.complete import complete_name
from k8s_pipeline_client.cli.options import Duration, Globals, common_options, pass_globals
from k8s_pipeline_client.errors import UnknownNameError

_force_option = click.option("--force", is_flag=True, help="Even if another field manager set it.")


@click.command("enable")
@click.argument("name", shell_complete=complete_name)
@_force_option
@common_options
@pass_globals
def enable_command(values: Globals, name: str, force: bool) -> None:
    """Let a pipeline's schedule run, from its next due time on."""
    from k8s_pipeline_client.cli.output import note

    _say(values, values.client().enable(name, force=force, announce=note), name, "enabled")


@click.command("disable")
@click.argument("name", shell_complete=complete_name)
@_force_option
@common_options
@pass_globals
def disable_command(values: Globals, name: str, force: bool) -> None:
    """Stop a pipeline's schedule; a run that is active goes on, and `run` still works."""
    _say(values, values.client().disable(name, force=force), name, "disabled")


@click.command("delete")
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=complete_name)
@click.option("--timeout", type=Duration(), help="How long to wait until nothing is left. [default: 5m]")
@common_options
@pass_globals
def delete_command(values: Globals, names: tuple[str, ...], timeout: float | None) -> None:
    """Delete pipelines with their runs, and wait until nothing of them is left."""
    from k8s_pipeline_client.cli.output import emit, progress, say
    from k8s_pipeline_client.client.pipelines import DELETE_TIMEOUT

    client = values.client()
    try:
        # All of them first: where one is unknown, nothing is deleted.
        wanted = {client.resource_name(name): name for name in names}
    except UnknownNameError:
        client.remove_unused_tokens()  # as an earlier delete of it would have, had it come to its end
        raise
    deleted: dict[str, str] = {}

    def table() -> None:
        for name in deleted.values():
            say(f"{name} deleted")

    try:
        for resource, name in wanted.items():
            with progress(f"deleting {name}"):
                client.delete(resource, timeout=DELETE_TIMEOUT if timeout is None else timeout)
            deleted[resource] = name
    finally:  # where one fails, what has been deleted is said all the same
        emit(
            [{"resourceName": resource, "action": "deleted"} for resource in deleted],
            values.format(),
            table=table,
            names=lambda: [f"cronjob.batch/{resource}" for resource in deleted],
        )


def _say(values: Globals, resource: str, name: str, what: str) -> None:
    from k8s_pipeline_client.cli.output import emit, say

    emit(
        {"resourceName": resource, "action": what},
        values.format(),
        table=lambda: say(f"{name} {what}"),
        names=lambda: [f"cronjob.batch/{resource}"],
    )
