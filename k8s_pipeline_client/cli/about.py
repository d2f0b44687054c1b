"""version, completion: about the program itself."""

from __future__ import annotations

import click

from k8s_pipeline_client.cli.options import Globals, common_options, pass_globals
from k8s_pipeline_client.version import __version__


@click.command("version")
@common_options
@pass_globals
def version_command(values: Globals) -> None:
    """Print the version."""
    from k8s_pipeline_client.cli.output import emit, say

    emit({"version": __version__}, values.format(), table=lambda: say(f"k8s-pipeline {__version__}"))


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common_options
def completion_command(shell: str) -> None:
    """Print the completion script of a shell: `source <(k8s-pipeline completion bash)`."""
    from k8s_pipeline_client.cli.main import cli
    from k8s_pipeline_client.cli.output import emit_text
    from k8s_pipeline_client.cli.shells import script

    emit_text(script(shell, cli))
