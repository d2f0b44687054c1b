"""``-o``: the formats that results are printed in, and how a part of a result is chosen.

``jsonpath=EXPRESSION`` and ``custom-columns=HEADER:EXPRESSION,…`` are kubectl's; the expression is JSONPath over what
``-o json`` prints, with or without kubectl's braces and leading dot.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import click

FORMATS = ("table", "wide", "json", "yaml", "name")
JSONPATH = "jsonpath="
CUSTOM_COLUMNS = "custom-columns="
_COLUMN = re.compile(r"\s*(?P<header>[^:,]+):(?P<path>[^,\[]*(?:\[[^\]]*\][^,\[]*)*)(?:,|$)")


class Output(click.ParamType[str]):
    """A format, checked as it is given: an expression that is none is bad usage, and asks no cluster."""

    name = "format"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what ``--help`` shows for the value."""
        return f"[{'|'.join(FORMATS)}|{JSONPATH}…|{CUSTOM_COLUMNS}…]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the format."""
        text = str(value)
        try:
            if text.startswith(JSONPATH):
                compiled(text.removeprefix(JSONPATH))
            elif text.startswith(CUSTOM_COLUMNS):
                columns_of(text)
            elif text not in FORMATS:
                known = ", ".join(FORMATS)
                self.fail(f"unknown format {text!r}: use {known}, {JSONPATH}EXPRESSION, {CUSTOM_COLUMNS}…", param, ctx)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return text

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Offer the formats."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in (*FORMATS, JSONPATH, CUSTOM_COLUMNS) if name.startswith(incomplete)]


def compiled(expression: str) -> Callable[[Any], list[Any]]:
    """Return what finds the values that an expression means.

    Raises:
        ValueError: It is none.
    """
    from jsonpath_ng.exceptions import JSONPathError
    from jsonpath_ng.ext.parser import parse

    text = expression.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    if not text.startswith("$"):
        text = f"${text}" if text.startswith((".", "[")) else f"$.{text}"
    try:
        path = parse(text)
    except (JSONPathError, AttributeError, TypeError) as error:  # its parser trips over some texts
        raise ValueError(
            f"{expression!r} is not a valid JSONPath: {error}; use for example .lastRun.state or [*].fqn"
        ) from None
    return lambda value: [match.value for match in path.find(value)]


def columns_of(text: str) -> list[tuple[str, Callable[[Any], list[Any]]]]:
    """Return the headers of ``custom-columns=…`` with what finds their values.

    Raises:
        ValueError: It is none.
    """
    rest = text.removeprefix(CUSTOM_COLUMNS)
    found: list[tuple[str, Callable[[Any], list[Any]]]] = []
    while rest.strip():
        column = _COLUMN.match(rest)
        if column is None or not column["path"].strip():
            raise ValueError(f"{rest!r} is not a valid column: use HEADER:.path,HEADER:.path")
        found.append((column["header"].strip(), compiled(column["path"])))
        rest = rest[column.end() :]
    if not found:
        raise ValueError(f"{CUSTOM_COLUMNS} lists no columns: use HEADER:.path,HEADER:.path")
    return found


def rows_of(value: Any, columns: Sequence[tuple[str, Callable[[Any], list[Any]]]]) -> list[list[str]]:
    """Return a row for each element of a result that is a list, else for the result."""
    items = value if isinstance(value, list) else [value]
    return [[",".join(map(plain, find(item))) or "<none>" for _, find in columns] for item in items]


def plain(value: Any) -> str:
    """Return a value as text: as it is if it is text, else as JSON."""
    if value is None:
        return "<none>"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
