"""What a run cannot be started with."""

from __future__ import annotations

NO_ENTRY_POINT = "this image has no "
"""How the text begins where the image lacks what is to be started."""


class Unusable(Exception):
    """The document or the entry point cannot be used, and trying again is of no use; the text says why."""


def no_entry_point(what: str) -> Unusable:
    """Return the error for an image without a file or module that is to be started."""
    return Unusable(f"{NO_ENTRY_POINT}{what}: OpenMetadata's ingestion-base has one, its image for Airflow does not")


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
