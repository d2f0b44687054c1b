"""Answers ``os.environ["config"]`` with the document, without the document being in any environment.

The stock entry points read it there. In a real environment it would be inherited by every child process (and
readable in ``/proc``), and none could be started with a document of 128 KiB or more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

NAME = "config"


class _Environ(os._Environ):  # type: ignore[type-arg]
    """``os.environ`` that knows ``config`` but does not list it, so that no copy has it."""

    def __iter__(self) -> Iterator[str]:
        return (name for name in super().__iter__() if name != NAME)


def answer_config_with(document: bytes) -> None:
    """Have ``os.environ`` and ``os.getenv`` answer ``config`` with the document, from now on, in this process."""
    os.environ.pop(NAME, None)
    os.environ.__class__ = _Environ
    # Past __setitem__, which would put it into the process's own environment as well.
    os.environ._data[os.environ.encodekey(NAME)] = document  # type: ignore[attr-defined]
