"""enable, disable, delete: commands for pipelines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from k8s_pipeline_client.cli.complete import complete_name
from k8s_pipeline_client.cli.left import say_left
from k8s_pipeline_client.cli.options import Duration, Globals, common_options, pass_globals
from k8s_pipeline_client.cli.several import Target, agreed, check_chosen, chosen, each, several_options
from k8s_pipeline_client.errors import UnknownNameError

_force_option = click.option("--force", is_flag=True, help="Also if another field manager set spec.suspend.")


_names = click.argument("names", metavar="[NAME]...", nargs=-1, type=Target(), shell_complete=complete_name)


@click.command("enable")
@_names
@several_options
@_force_option
@common_options
@pass_globals
def enable_command(
    values: Globals, names: tuple[str, ...], everything: bool, files: tuple[Path, ...], force: bool
) -> int:
    """Enable the schedules of pipelines, from their next due times on."""
    from k8s_pipeline_client.cli.output import note

    check_chosen(names, everything, files)
    client = values.writer()
    wanted, _ = chosen(values, client, names, everything, files, on_demand=False)

    def enable(name: str) -> str:
        return client.enable(name, force=force, announce=note, needs_schedule=True)

    return _switch(values, wanted, enable, "enabled", names)


@click.command("disable")
@_names
@several_options
@_force_option
@common_options
@pass_globals
def disable_command(
    values: Globals, names: tuple[str, ...], everything: bool, files: tuple[Path, ...], force: bool
) -> int:
    """Disable the schedules of pipelines; active runs continue, and `run` still works."""
    check_chosen(names, everything, files)
    client = values.writer()
    wanted, _ = chosen(values, client, names, everything, files, on_demand=False)
    return _switch(values, wanted, lambda name: client.disable(name, force=force), "disabled", names)


@click.command("delete")
@_names
@several_options
@click.option("--yes", is_flag=True, help="With --all: do not ask for confirmation.")
@click.option(
    "--timeout", type=Duration(), help="How long to wait, in all, until nothing is left. [default: 5m for each]"
)
@click.option("--no-wait", is_flag=True, help="Return once none of them can start, without waiting until all is gone.")
@common_options
@pass_globals
def delete_command(
    values: Globals,
    names: tuple[str, ...],
    everything: bool,
    files: tuple[Path, ...],
    yes: bool,
    timeout: float | None,
    no_wait: bool,
) -> None:
    """Delete pipelines with their runs, and wait until nothing of them is left.

    --all includes one-shot runs, and asks for confirmation; -f leaves those of its files, and says so.
    """
    from k8s_pipeline_client.cli.output import emit, note, progress, say, warn

    check_chosen(names, everything, files)
    client = values.writer()
    wanted, defined = chosen(values, client, names, everything, files, one_shot=True)
    if everything and not agreed(len(wanted), "pipeline", yes=yes):
        note("nothing is deleted")
        return
    deleted: dict[str, str] = {}
    title = f"deleting {wanted[0]}" if len(wanted) == 1 else f"deleting {len(wanted)} pipelines"

    def table() -> None:
        for name in deleted.values():
            say(f"{name} {'is being ' if no_wait else ''}deleted")

    def report() -> None:
        emit(
            [{"resourceName": resource, "action": "deleting" if no_wait else "deleted"} for resource in deleted],
            values.format(),
            table=table,
            names=lambda: [f"cronjob.batch/{resource}" for resource in deleted],
        )

    def done(name: object, resource: str) -> None:
        deleted[resource] = str(name)
        show(f"{title}: {len(deleted)} done")

    try:
        with progress(title) as show:
            client.delete_all(wanted, timeout=timeout, on_done=done, wait=not no_wait, announce=warn)
    except UnknownNameError:
        say_left(values, client, defined, "delete")
        raise  # nothing has been deleted
    except BaseException:
        report()  # what has been deleted is said all the same
        raise
    report()
    say_left(values, client, defined, "delete")


def _switch(values: Globals, wanted: Sequence[str], act: Callable[[str], str], what: str, typed: Sequence[str]) -> int:
    """Switch each of them, say so, and return the exit code."""
    from k8s_pipeline_client.cli.output import emit, say

    done, code = each(values, wanted, lambda name: (name, act(name)))

    def table() -> None:
        for name, _ in done:
            say(f"{name} {what}")

    found = [{"resourceName": resource, "action": what} for _, resource in done]
    emit(
        found[0] if len(typed) == 1 and found else found,
        values.format(),
        table=table,
        names=lambda: [f"cronjob.batch/{resource}" for _, resource in done],
    )
    return code
