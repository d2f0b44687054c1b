"""Whether the command line's own parser takes what a page says."""

from __future__ import annotations

from collections.abc import Sequence

import click

from k8s_pipeline_client.cli.main import cli
from k8s_pipeline_client.cli.options import Globals

_LEFT_OUT = "…"


def refusal(words: Sequence[str], *, is_whole: bool = True) -> str:
    """Return why these words cannot be typed after the program's name; empty if they can.

    Args:
        words: The words. An ellipsis stands for anything, be it an option's value or any number of words.
        is_whole: Whether all that has to be typed is there; a mention within a text may leave it out.
    """
    why = _refusal(words, is_whole=is_whole)
    if why and _LEFT_OUT in words:
        return _refusal([word for word in words if word != _LEFT_OUT], is_whole=False)
    return why


def _refusal(words: Sequence[str], *, is_whole: bool) -> str:
    try:
        outer = cli.make_context("k8s-pipeline", list(words), obj=Globals())
        name, command, rest = cli.resolve_command(outer, [*outer._protected_args, *outer.args])
        assert command is not None
        command.make_context(name, rest, parent=outer)
    except click.exceptions.Exit:
        return ""  # --help and --version
    except (click.MissingParameter, click.BadOptionUsage) as error:
        is_cut_short = isinstance(error, click.MissingParameter) or "requires" in error.message
        return "" if is_cut_short and not is_whole else error.format_message()
    except click.ClickException as error:
        return error.format_message()
    return ""
