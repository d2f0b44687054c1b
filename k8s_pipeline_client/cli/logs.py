"""What the library has to say while it works, by standard logging, for the person at the terminal."""

from __future__ import annotations

import logging

from k8s_pipeline_client.cli.output import warn


class _Warnings(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        warn(record.getMessage())


_HANDLER = _Warnings(logging.WARNING)


def show_warnings() -> None:
    """Show what the library warns of as we show our own warnings; again is fine."""
    logging.getLogger("k8s_pipeline_client").addHandler(_HANDLER)
