"""Prints results: tables for people, JSON and YAML for programs, names for shell loops.

All that is written for people is written here (ruff refuses `click.echo` elsewhere): names and messages come from
anywhere, and what a terminal would obey in them is escaped.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, TextIO

import click

from k8s_pipeline_client.cli import columns, formats
from k8s_pipeline_client.cli.github import annotation
from k8s_pipeline_client.launcher.visible import visible

_SLOW_SECONDS = 1.0
_UNBOUNDED = 10_000
_COLOURS = MappingProxyType({"success": "green", "failed": "red", "running": "cyan", "queued": "yellow"})


def emit(
    value: Any,
    output: str,
    *,
    table: Callable[[], None],
    names: Callable[[], Sequence[str]] = lambda: (),
    headed: bool = True,
) -> None:
    """Print a result.

    Args:
        value: What JSON can hold.
        output: One of `formats.FORMATS`, or an expression that `formats` knows.
        table: Prints it for people.
        names: Returns the resource names for ``-o name``.
        headed: Whether the headers of ``-o custom-columns=…`` are printed.
    """
    _note_result()
    if output == "json":
        click.echo(_to_json(value))
    elif output == "yaml":
        click.echo(_to_yaml(value), nl=False)
    elif output == "name":
        for name in names():
            click.echo(name)
    elif output.startswith(formats.JSONPATH):
        for found in formats.compiled(output.removeprefix(formats.JSONPATH))(value):
            click.echo(formats.plain(found))
    elif output.startswith(formats.CUSTOM_COLUMNS):
        chosen = formats.columns_of(output)
        print_table([header for header, _ in chosen], formats.rows_of(value, chosen), headed=headed)
    else:
        table()


def _note_result() -> None:
    """Remember that there is a result: what goes wrong after it must not be a second JSON document."""
    context = click.get_current_context(silent=True)
    if context is not None and (values := context.find_root().obj) is not None:
        values.has_result = True


def emit_documents(values: Iterable[Any]) -> None:
    """Print YAML documents one after the other."""
    click.echo("".join(f"---\n{_to_yaml(value)}" for value in values), nl=False)


def emit_text(text: str) -> None:
    """Print a text of our own as it is, for programs."""
    click.echo(text)


def _to_json(value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=not _is_utf8(sys.stdout))
    return text.encode("utf-8", "backslashreplace").decode()  # half a surrogate pair has this form in JSON too


def _to_yaml(value: Any) -> str:
    """Return YAML in the order of the keys, as kubectl shows it."""
    from k8s_pipeline_client.domain.yamlout import to_yaml

    return to_yaml(value, allow_unicode=_is_utf8(sys.stdout))


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, headed: bool = True) -> None:
    """Print columns: on a terminal cut to its width as `columns` says, elsewhere whole.

    Args:
        headers: One per column; by it `columns` knows what may be cut.
        rows: Text.
        headed: Whether the headers are printed.
    """
    from rich.cells import cell_len

    texts = [[_shown(cell, sys.stdout) for cell in row] for row in rows]
    lengths = [[cell_len(text) for text in row] for row in texts]
    if is_terminal(sys.stdout):
        _draw(headers, texts, lengths, headed=headed)
        return
    widths = columns.aligned(headers, lengths)
    if headed:
        texts, lengths = [list(headers), *texts], [[len(header) for header in headers], *lengths]
    for row, sizes in zip(texts, lengths, strict=True):
        filled = (_styled(text) + " " * (width - size) for text, size, width in zip(row, sizes, widths, strict=True))
        click.echo((" " * columns.GAP).join(filled).rstrip(), color=colours())


def _draw(
    headers: Sequence[str], texts: Sequence[Sequence[str]], lengths: Sequence[Sequence[int]], *, headed: bool
) -> None:
    """Print a table with colours, each cell cut to its column's width."""
    from rich import box
    from rich.table import Table

    terminal = console()
    widths = columns.fitted(headers, lengths, terminal.width)
    # Wider than the terminal where what is never cut needs it: the terminal then wraps the line.
    terminal.width = max(terminal.width, sum(widths) + columns.GAP * (len(widths) - 1))
    padding = (0, columns.GAP - 1, 0, 0)
    table = Table(box=box.SIMPLE_HEAD, show_header=headed, pad_edge=False, show_edge=False, padding=padding)
    for header, width in zip(headers, widths, strict=True):
        table.add_column(header, no_wrap=True, overflow="ellipsis", width=width)
    for row in texts:
        table.add_row(*(_coloured(text) for text in row))
    with terminal.capture() as capture:
        terminal.print(table)
    # rich fills every line up to the table's width.
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def _styled(cell: str) -> str:
    return click.style(cell, fg=_COLOURS[cell]) if cell in _COLOURS else cell


def _coloured(cell: str) -> Any:
    """Return a cell with the colour of the state that it names, if it names one."""
    from rich.text import Text

    return Text(cell, style=_COLOURS.get(cell, ""))


_WHEN: dict[str, str] = {}


def choose_colours(when: str) -> None:
    """Take what --color says: ``auto``, ``always`` or ``never``."""
    _WHEN["when"] = when


def colours() -> bool | None:
    """Return whether there are to be colours; None for where the stream is a terminal.

    --color decides, then NO_COLOR, FORCE_COLOR and a terminal that knows none (TERM=dumb).
    """
    when = _WHEN.get("when", "auto")
    if when != "auto":
        return when == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return False if os.environ.get("TERM") == "dumb" else None


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a stream leads to a terminal; one that was closed leads nowhere."""
    return stream is not None and stream.isatty()


def console(*, stderr: bool = False) -> Any:
    """Return a rich console: colours on a terminal only, no wrapping where there is none."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if is_terminal(stream) else _UNBOUNDED
    chosen = colours()
    return Console(
        file=stream,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
        no_color=None if chosen is None else not chosen,
    )


def say(text: str = "", *, colour: str | None = None) -> None:
    """Print a line of the result for people."""
    click.secho(_shown(text, sys.stdout), fg=colour, color=colours())


def say_lines(lines: Iterable[str], *, colour: str | None = None) -> None:
    """Print lines of the result for people at once: each by itself would be flushed by itself."""
    click.secho("\n".join(_shown(line, sys.stdout) for line in lines), fg=colour, color=colours())


def note(text: str) -> None:
    """Say something to the person, beside the result."""
    click.secho(_shown(text, sys.stderr), dim=True, err=True, color=colours())


def note_lines(text: str) -> None:
    """Say something of several lines, such as a traceback."""
    for line in text.removesuffix("\n").split("\n"):
        click.echo(_shown(line, sys.stderr), err=True)


def warn(text: str) -> None:
    """Say something that the person should look at, beside the result."""
    _point_out("warning", text, fg="yellow")


def complain(text: str) -> None:
    """Say what went wrong."""
    _point_out("error", text, fg="red", bold=True)


def emit_errors(errors: Sequence[Mapping[str, Any]]) -> None:
    """Print what went wrong, for programs, in the place of a result."""
    click.echo(_to_json({"errors": list(errors)}))


def _point_out(level: str, text: str, **style: Any) -> None:
    shown = _shown(text, sys.stderr)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        click.echo(annotation(level, shown, is_file=os.path.isfile), err=True)
        return
    click.echo(f"{click.style(f'{level}:', **style)} {shown}", err=True, color=colours())


def _shown(text: str, stream: TextIO | None) -> str:
    """Return a line as a stream takes it: escaped is what cannot be seen, and what its encoding does not have."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return visible(text).encode(encoding, "backslashreplace").decode(encoding)


def _is_utf8(stream: TextIO | None) -> bool:
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").replace("_", "") == "utf8"


@contextmanager
def progress(text: str) -> Iterator[Callable[[str], None]]:
    """Show that something is going on: a spinner on a terminal, a line where it takes over a second.

    Yields:
        Takes how far it has come; shown on a terminal.
    """
    if is_terminal(sys.stderr):
        from rich.text import Text

        def shown(text: str) -> Text:  # no markup: a name may hold brackets
            return Text(_shown(text, sys.stderr))

        with console(stderr=True).status(shown(text)) as status:
            yield lambda text: status.update(shown(text))
        return
    timer = threading.Timer(_SLOW_SECONDS, note, [f"{text} …"])
    timer.daemon = True
    timer.start()
    try:
        yield lambda text: None
    finally:
        timer.cancel()
