"""The first line of a log. Where it is missing, Kubernetes has rotated the beginning of the log away."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BEGINS = re.compile(rb"^(?:\S{20,40} )?launcher: run \S* begins$", re.MULTILINE)  # a timestamp may precede it

SEARCHED_BYTES = 64 * 1024
"""Among how many bytes at the beginning of a log the line is: the loader and Python may have written before it."""


def first_line(environ: Mapping[str, str]) -> str:
    """Return the line, given the container's environment."""
    return f"launcher: run {environ.get('pipelineRunId', '')} begins"


def has_first_line(head: bytes) -> bool:
    """Tell whether the line is in what a log begins with."""
    return _BEGINS.search(head[:SEARCHED_BYTES]) is not None
