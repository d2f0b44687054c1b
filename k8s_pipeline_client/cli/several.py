"""Several pipelines in one call: NAMEs, all of the namespace, or those that files define."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from k8s_pipeline_client.cli.complete import complete_run
from k8s_pipeline_client.cli.exitcodes import exit_code
from k8s_pipeline_client.cli.failing import fail
from k8s_pipeline_client.cli.options import Globals, files_option
from k8s_pipeline_client.domain.titles import KINDS
from k8s_pipeline_client.errors import InputError, PipelineError

if TYPE_CHECKING:
    from k8s_pipeline_client.client import Pipelines
    from k8s_pipeline_client.domain.pipeline import Pipeline

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Target(click.ParamType[str]):
    """A NAME, or a run; ``cronjob.batch/…`` and ``job.batch/…``, as ``-o name`` and kubectl print them, are one too."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it without its kind."""
        text = str(value)
        return next((text.removeprefix(kind) for kind in KINDS if text.startswith(kind)), text)


run_option = partial(
    click.option,
    "--run",
    "run",
    metavar="ID",
    type=Target(),
    shell_complete=complete_run,
    help="A run's id or a prefix of it; the newest run if not given.",
)


def several_options(command: F) -> F:
    """Add --all and -f, which stand for NAMEs."""
    command = click.option("--all", "everything", is_flag=True, help="All pipelines of the namespace.")(command)
    return files_option(help="The pipelines that these define. May be repeated.")(command)


def chosen(
    values: Globals, client: Pipelines, names: Sequence[str], everything: bool, files: Sequence[Path], **which: bool
) -> tuple[list[str], Sequence[Pipeline]]:
    """Return the NAMEs that a call is about, and what the files define.

    Args:
        values: The options of every command.
        client: Lists those of the namespace.
        names: As they were typed.
        everything: All of the namespace.
        files: All that these define.
        which: Of `Pipelines.resource_names`, for all of the namespace.

    Raises:
        click.UsageError: Not exactly one of the three was given.
        InputError: The files cannot be used.
    """
    check_chosen(names, everything, files)
    if everything:
        return client.resource_names(**which), ()
    if files:
        from k8s_pipeline_client.cli.files import read_pipelines

        defined = read_pipelines(files, settings=values.settings())
        return [pipeline.resource_name for pipeline in defined], defined
    return list(dict.fromkeys(names)), ()


def check_chosen(names: Sequence[str], everything: bool, files: Sequence[Path]) -> None:
    """Check that exactly one of the three was given.

    Raises:
        click.UsageError: None, or several.
    """
    if sum((bool(names), everything, bool(files))) != 1:
        raise click.UsageError("Give one or more NAMEs, or --all, or -f with files.")


def agreed(count: int, what: str, *, yes: bool) -> bool:
    """Ask whether so many are to go, unless that was said before; return the answer.

    Raises:
        InputError: There is nobody to ask.
    """
    from k8s_pipeline_client.cli.output import is_terminal
    from k8s_pipeline_client.domain.counting import counted

    if yes or not count:
        return True
    if not is_terminal(sys.stdin):
        raise InputError(
            f"{counted(count, what)} would be deleted, but standard input is not a terminal to confirm it",
            hint="confirm with --yes",
        )
    return click.confirm(f"Delete {counted(count, what)} with their runs?", err=True)


def each(values: Globals, names: Sequence[str], act: Callable[[str], T]) -> tuple[list[T], int]:
    """Do something with each of them; one that fails does not hold up the others.

    Returns:
        What came of those that went well, and the exit code: 0, or the highest of the others.

    Raises:
        PipelineError: There is only one, and it failed.
    """
    done: list[T] = []
    code = 0
    for name in names:
        try:
            done.append(act(name))
        except PipelineError as error:
            if len(names) == 1:
                raise
            fail(values, error)
            code = max(code, exit_code(error))
    return done, code
