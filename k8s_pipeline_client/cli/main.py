"""The program's entry: finds the command, and turns errors into one line and an exit code."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click

from k8s_pipeline_client.cli.options import Globals, common_options, program
from k8s_pipeline_client.errors import PipelineError

_COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "render": "definitions",
        "validate": "definitions",
        "diff": "diffing",
        "deploy": "deploying",
        "run": "running",
        "wait": "history",
        "retry": "history",
        "list": "showing",
        "status": "showing",
        "runs": "history",
        "logs": "running",
        "kill": "running",
        "enable": "managing",
        "disable": "managing",
        "delete": "managing",
        "config": "config",
        "version": "about",
        "completion": "about",
    }
)
"""Command by module of this package: a command is imported when it is used, or when help lists it."""

_ALIASES: Mapping[str, str] = MappingProxyType({"apply": "deploy", "stop": "kill"})

_INTERRUPTED = 130
_BROKEN_PIPE = 141


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        cmd_name = _ALIASES.get(cmd_name, cmd_name)
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"k8s_pipeline_client.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 an error here or in the cluster; 2 usage or bad input; 3 the run failed; "
    "124 --timeout is over.",
)
@common_options
def cli() -> None:
    """Run OpenMetadata ingestion pipelines on Kubernetes, with Jobs and CronJobs only."""


def main(arguments: list[str] | None = None) -> None:
    """Run the program and exit."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the program, and return its exit code."""
    values = Globals()
    try:
        result: Any = cli.main(args=arguments, prog_name=program(), standalone_mode=False, obj=values)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return _INTERRUPTED
    except PipelineError as error:
        if values.verbose:
            traceback.print_exc()
        _report(error)
        return error.exit_code
    except SystemExit:
        return _BROKEN_PIPE  # click's answer where the reader (`| head`) has left
    except OSError as error:
        # What we read and the cluster have errors of their own: this is about what we write.
        click.echo(f"error: the output cannot be written: {error.strerror}", err=True)
        return 1
    return result if isinstance(result, int) else 0


def _report(error: PipelineError) -> None:
    click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
