"""The message for an unexpected exception: without its text, which may quote a secret."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def described(error: Exception) -> str:
    """Return its class and its place in one line, and what to do."""
    return (
        f"unexpected {type(error).__name__} in {_place(error)} — this is a bug: please report it with the output of -vv"
    )


def _place(error: Exception) -> str:
    """Return the innermost frame in our own source, such as ``cli/main.py:99``."""
    found, trace = "an unknown place", error.__traceback__
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(_PACKAGE):
            found = f"{path.relative_to(_PACKAGE)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
