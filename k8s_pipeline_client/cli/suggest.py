"""What to type next: command lines of this program that work as they are printed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from k8s_pipeline_client.cli.program import program

Place = Mapping[str, str | tuple[str, ...]]
"""The options that say where, as they were typed; several values of one that may be repeated."""


def command(*words: str, place: Place) -> str:
    """Return a command line of this program that can be typed as it is.

    In a sentence it stands at the end, or before a semicolon, so that one sees where it ends.

    Args:
        words: Command and arguments.
        place: It is to be about the same place as the command before.
    """
    options = [
        word
        for option, given in place.items()
        for value in ([given] if isinstance(given, str) else given)
        for word in (option, value)
    ]
    return f"{program()} {shlex.join([*words, *options])}"
