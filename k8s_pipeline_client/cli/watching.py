"""--watch: shows a result again whenever it has changed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

import click

from k8s_pipeline_client.cli.output import is_terminal

_SECONDS = 2.0

T = TypeVar("T")

watch_option = click.option("-w", "--watch", is_flag=True, help="Show the result again whenever it changes.")


def show_once_or_watch(read: Callable[[], T], show: Callable[[T], None], *, watch: bool) -> None:
    """Show what is read, once or, until interrupted, again whenever it differs.

    Args:
        read: Reads it.
        show: Prints it.
        watch: Whether to go on.
    """
    shown = read()
    show(shown)
    while watch:
        time.sleep(_SECONDS)
        found = read()
        if found != shown:
            if is_terminal(sys.stdout):
                click.clear()
            show(found)
            shown = found
