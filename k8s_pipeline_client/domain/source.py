"""Where a deployed pipeline's definition comes from."""

from __future__ import annotations

from enum import StrEnum


class Source(StrEnum):
    """The manager of a pipeline: only one at a time, so that they do not overwrite each other."""

    FILES = "files"
    """Definition files: deployed manually, from Git, or from CI."""
    SERVER = "server"
    """The OpenMetadata server."""
