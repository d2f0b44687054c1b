"""Where a deployed pipeline's definition comes from."""

from __future__ import annotations

from enum import StrEnum


class Source(StrEnum):
    """Who manages a pipeline: one of them at a time, so that neither undoes what the other one did."""

    FILES = "files"
    """Definitions that somebody deploys: by hand, from Git, from CI."""
    SERVER = "server"
    """The OpenMetadata server, through the service."""
