"""Provides the document as ``os.environ["config"]``, without putting it into the process environment.

The stock entry points read it there. A real environment variable would be inherited by every child process (and
readable in ``/proc``), and processes cannot be started with a variable of 128 KiB or more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

NAME = "config"


class _Environ(os._Environ):  # type: ignore[type-arg]
    """``os.environ`` with ``config``, which is not listed, so that copies do not have it."""

    def __iter__(self) -> Iterator[str]:
        return (name for name in super().__iter__() if name != NAME)


def provide_config(document: bytes) -> None:
    """Make ``os.environ`` and ``os.getenv`` return the document for ``config``, in this process."""
    os.environ.pop(NAME, None)
    os.environ.__class__ = _Environ
    # Not with __setitem__, which would also set it in the process environment.
    os.environ._data[os.environ.encodekey(NAME)] = document  # type: ignore[attr-defined]
