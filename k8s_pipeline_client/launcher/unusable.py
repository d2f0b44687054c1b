"""What a run cannot be started with."""

from __future__ import annotations


class Unusable(Exception):
    """The document or the entry point cannot be used, and trying again is of no use; the text says why."""


def read_file(path: str, what: str) -> bytes:
    """Return what a file holds.

    Raises:
        Unusable: It cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Unusable(f"cannot read the {what} {path}: {error.strerror}") from None
