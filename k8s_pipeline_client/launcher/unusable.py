"""Unusable documents and entry points."""

from __future__ import annotations

NO_ENTRY_POINT = "this image has no "
"""The beginning of the message if the image lacks the entry point."""


class Unusable(Exception):
    """The document or the entry point are unusable, so a retry would fail, too; the message says why."""


def no_entry_point(what: str) -> Unusable:
    """Return the error for an image without the entry point's file or module."""
    return Unusable(f"{NO_ENTRY_POINT}{what}: OpenMetadata's ingestion-base has one, its image for Airflow does not")


def read_file(path: str, what: str) -> bytes:
    """Return the content of a file.

    Raises:
        Unusable: It cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Unusable(f"cannot read the {what} {path}: {error.strerror}") from None
