"""Prints results: tables for people, JSON and YAML for programs, names for shell loops."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import click

_SLOW_SECONDS = 1.0
_UNBOUNDED = 10_000


def emit(
    value: Any, output: str, *, table: Callable[[], None], names: Callable[[], Sequence[str]] = lambda: ()
) -> None:
    """Print a result.

    Args:
        value: What JSON can hold.
        output: ``table``, ``json``, ``yaml`` or ``name``.
        table: Prints it for people.
        names: Returns the resource names for ``-o name``.
    """
    if output == "json":
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    elif output == "yaml":
        click.echo(to_yaml(value), nl=False)
    elif output == "name":
        for name in names():
            click.echo(name)
    else:
        table()


def to_yaml(value: Any) -> str:
    """Return YAML in the order of the keys, as kubectl shows it."""
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=_UNBOUNDED)
    return text


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, wide: int | None = None) -> None:
    """Print columns that fit the terminal; where the output is no terminal, nothing is cut.

    Args:
        headers: One per column.
        rows: Text; a cell may hold rich markup only through `styled`.
        wide: The column that takes the room that is left, and is cut first.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD if is_terminal(sys.stdout) else None, pad_edge=False, show_edge=False)
    for number, header in enumerate(headers):
        table.add_column(header, no_wrap=True, overflow="ellipsis", ratio=1 if number == wide else None)
    for row in rows:
        table.add_row(*(cell_text(cell) for cell in row))
    terminal = console()
    with terminal.capture() as capture:
        terminal.print(table)
    # rich fills every line up to the table's width, which is noise in a pipe.
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def cell_text(cell: str) -> Any:
    """Return a cell with the colour of the state that it names, if it names one."""
    from rich.text import Text

    colours = {"success": "green", "failed": "red", "running": "cyan", "queued": "yellow"}
    return Text(cell, style=colours.get(cell, ""))


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a stream leads to a terminal; one that was closed leads nowhere."""
    return stream is not None and stream.isatty()


def console(*, stderr: bool = False) -> Any:
    """Return a rich console: colours on a terminal only, no wrapping where there is none."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if is_terminal(stream) else _UNBOUNDED
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def note(text: str) -> None:
    """Say something to the person, beside the result."""
    click.echo(click.style(text, dim=True), err=True)


def warn(text: str) -> None:
    """Say something that the person should look at, beside the result."""
    click.echo(f"{click.style('warning:', fg='yellow')} {text}", err=True)


@contextmanager
def progress(text: str) -> Iterator[Callable[[str], None]]:
    """Show that something is going on: a spinner on a terminal, a line where it takes over a second.

    Yields:
        Takes how far it has come; shown on a terminal.
    """
    if is_terminal(sys.stderr):
        from rich.text import Text

        with console(stderr=True).status(Text(text)) as status:  # plain text: a name may hold brackets
            yield lambda text: status.update(Text(text))
        return
    timer = threading.Timer(_SLOW_SECONDS, note, [f"{text} …"])
    timer.daemon = True
    timer.start()
    try:
        yield lambda text: None
    finally:
        timer.cancel()
