"""The first line of a log. If it is missing, Kubernetes has rotated the beginning of the log away."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BEGINS = re.compile(rb"^(?:\S{20,40} )?launcher: run \S* begins$", re.MULTILINE)  # a timestamp may precede it

SEARCHED_BYTES = 64 * 1024
"""The line is within this number of bytes: the dynamic loader and Python may write before it."""


def first_line(environ: Mapping[str, str]) -> str:
    """Return the line for the container's environment."""
    return f"launcher: run {environ.get('pipelineRunId', '')} begins"


def has_first_line(head: bytes) -> bool:
    """Return whether the beginning of a log has the line."""
    return _BEGINS.search(head[:SEARCHED_BYTES]) is not None
