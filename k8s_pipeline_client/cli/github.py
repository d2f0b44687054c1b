"""Annotations of GitHub Actions: errors and warnings that it shows beside the line of the file. Pure.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import re
from collections.abc import Callable

_PLACE = re.compile(
    r"(?P<file>[^,:]+)(?:, document [0-9]+)?(?:, line (?P<line>[0-9]+))?(?:, column (?P<column>[0-9]+))?: "
)


def annotation(level: str, text: str, *, is_file: Callable[[str], bool]) -> str:
    """Return the workflow command that makes GitHub Actions show a message.

    Args:
        level: ``error`` or ``warning``.
        text: The message; one about a file begins with its path, and perhaps with line and column.
        is_file: Whether a path is that of a file: other messages may begin alike.
    """
    found = _PLACE.match(text)
    place = ""
    if found and is_file(found["file"]):
        given = {"file": found["file"], "line": found["line"], "col": found["column"]}
        place = " " + ",".join(f"{key}={_property(value)}" for key, value in given.items() if value)
    return f"::{level}{place}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
