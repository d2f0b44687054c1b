"""The program's entry: finds the command, and turns errors into one line and an exit code."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from k8s_pipeline_client.cli.exitcodes import exit_code
from k8s_pipeline_client.cli.failing import explain, fail
from k8s_pipeline_client.cli.options import Globals, common_options
from k8s_pipeline_client.cli.output import choose_colours, complain, note, note_lines
from k8s_pipeline_client.cli.program import program
from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.version import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "render": ("definitions", "Print the manifests, for `kubectl apply --server-side -f -`."),
        "validate": ("definitions", "Check definitions and settings, and show what they would become."),
        "diff": ("diffing", "Show what a deploy would change."),
        "deploy": ("deploying", "Create or update pipelines."),
        "run": ("starting", "Start a run of a deployed pipeline, or of a file."),
        "wait": ("history", "Wait for the end of a run."),
        "retry": ("history", "Start a run again, with a new id."),
        "list": ("listing", "List the pipelines with their schedules and last runs."),
        "status": ("showing", "Show one pipeline in full, and why its runs failed."),
        "events": ("happening", "Show the events of a pipeline or a run."),
        "doctor": ("doctor", "Check what pipelines need, and report what is missing."),
        "diagnose": ("diagnosing", "Explain why a run failed or does not start, and what to do."),
        "runs": ("history", "List the runs of a pipeline, or of all."),
        "logs": ("running", "Print the log of a run."),
        "kill": ("running", "End active runs; the schedule stays active."),
        "enable": ("managing", "Enable the schedules of pipelines."),
        "disable": ("managing", "Disable the schedules of pipelines."),
        "tokens": ("tokens", "List the bots' tokens in use, and when they expire."),
        "rotate-token": ("tokens", "Replace a bot's token for all pipelines that use it."),
        "delete": ("managing", "Delete pipelines with their runs."),
        "reconcile": ("reconcile", "Report to OpenMetadata how every run ended."),
        "prune": ("pruning", "Delete pipelines that the OpenMetadata server no longer has."),
        "serve": ("serve", "Run the HTTP pipeline service that an OpenMetadata server calls."),
        "config": ("config", "Print every setting, its value and its origin."),
        "version": ("about", "Print the version."),
        "completion": ("about", "Print the completion script of a shell."),
    }
)
"""Command by module of this package, and what it does in a line: listing them imports none of them."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "apply": "deploy",
        "cancel": "kill",
        "describe": "status",
        "get": "list",
        "pause": "disable",
        "remove": "delete",
        "resume": "enable",
        "stop": "kill",
        "trigger": "run",
        "unpause": "enable",
    }
)
"""What kubectl, argo, airflow and prefect call what we do."""

_OUTPUT_FAILS = frozenset({errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF, errno.EPIPE, errno.ENXIO})
_INTERRUPTED = 130
_BROKEN_PIPE = 141


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        cmd_name = ALIASES.get(cmd_name, cmd_name)
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"k8s_pipeline_client.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = get_close_matches(args[0], [*_COMMANDS, *ALIASES], n=2)
            if not close:
                raise
            raise click.UsageError(f"{error.message} Did you mean {' or '.join(close)}?", ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=what) for name, (_, what) in _COMMANDS.items() if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, what) in _COMMANDS.items()])


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 an error here or in the cluster; 2 usage or bad input; 3 the run failed; "
    "4 doctor warns; 124 --timeout is over; 130 interrupted.",
)
@click.version_option(__version__, prog_name="k8s-pipeline", message="%(prog)s %(version)s")
@common_options
def cli() -> None:
    """Run OpenMetadata ingestion pipelines on Kubernetes, with Jobs and CronJobs only."""


def main(arguments: list[str] | None = None) -> None:
    """Run the program and exit."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the program, and return its exit code."""
    values = Globals()
    choose_colours("auto")
    if "_K8S_PIPELINE_COMPLETE" in os.environ:
        from k8s_pipeline_client.cli.shells import register_shells

        register_shells()
    try:
        result: Any = cli.main(args=arguments, prog_name=program(), standalone_mode=False, obj=values)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        note_lines(shown.getvalue())
        return error.exit_code
    except click.Abort:
        note("interrupted")
        return _INTERRUPTED
    except PipelineError as error:
        fail(values, error)
        return exit_code(error)
    except SystemExit as error:  # of click: what is completed has been printed, or the reader (`| head`) has gone
        return _BROKEN_PIPE if error.code else 0
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OUTPUT_FAILS and error.filename is None:
            # What we read and the cluster have errors of their own: this is about what we write.
            complain(f"the output cannot be written: {error.strerror}")
            return 1
        from k8s_pipeline_client.cli.unexpected import described

        complain(described(error))
        explain(error, values.verbose)
        return 1
    return result if isinstance(result, int) else 0
