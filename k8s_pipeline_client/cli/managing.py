"""enable, disable, delete: commands for pipelines."""

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
@click.option("--no-wait", is_flag=True, help="Return as soon as nothing of them can start and all of it is ending.")
@common_options
@pass_globals
def delete_command(values: Globals, names: tuple[str, ...], timeout: float | None, no_wait: bool) -> None:
    """Delete pipelines with their runs, and wait until nothing of them is left."""
    from k8s_pipeline_client.cli.output import emit, progress, say, warn
    from k8s_pipeline_client.client.deleting import DELETE_TIMEOUT

    deleted: dict[str, str] = {}
    title = f"deleting {names[0]}" if len(names) == 1 else f"deleting {len(names)} pipelines"

    def table() -> None:
        for name in deleted.values():
            say(f"{name} {'is being ' if no_wait else ''}deleted")

    def report() -> None:
        emit(
            [{"resourceName": resource, "action": "deleted"} for resource in deleted],
            values.format(),
            table=table,
            names=lambda: [f"cronjob.batch/{resource}" for resource in deleted],
        )

    def done(name: object, resource: str) -> None:
        deleted[resource] = str(name)
        show(f"{title}: {len(deleted)} done")

    try:
        with progress(title) as show:
            limit = DELETE_TIMEOUT if timeout is None else timeout
            values.client().delete_all(names, timeout=limit, on_done=done, wait=not no_wait, announce=warn)
    except UnknownNameError:
        raise  # nothing has been deleted
    except BaseException:
        report()  # what has been deleted is said all the same
        raise
    report()


def _say(values: Globals, resource: str, name: str, what: str) -> None:
    from k8s_pipeline_client.cli.output import emit, say

    emit(
        {"resourceName": resource, "action": what},
        values.format(),
        table=lambda: say(f"{name} {what}"),
        names=lambda: [f"cronjob.batch/{resource}"],
    )
