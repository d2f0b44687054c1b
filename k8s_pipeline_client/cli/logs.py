"""Shows the library's log records: warnings, and with -v all of them."""

from __future__ import annotations

import logging

from k8s_pipeline_client.cli.output import note, warn

_WITH_TIME = 2
"""So many -v show when, and in which module."""


class _Lines(logging.Handler):
    verbose = 0

    def emit(self, record: logging.LogRecord) -> None:
        from k8s_pipeline_client.domain.redaction import redacted

        # Log records contain no secrets; this is a safety net.
        text = redacted(record.getMessage())
        if record.levelno >= logging.WARNING:
            warn(text)
        elif self.verbose >= _WITH_TIME:
            moment = self.formatter.formatTime(record, "%H:%M:%S") if self.formatter else ""
            note(f"{moment}.{record.msecs:03.0f} {record.name.partition('.')[2]}: {text}")
        else:
            note(text)


_HANDLER = _Lines()
_HANDLER.setFormatter(logging.Formatter())


def show_logs(verbose: int) -> None:
    """Show what the library logs: what it warns of, and with -v its requests and steps; again is fine."""
    log = logging.getLogger("k8s_pipeline_client")
    log.setLevel(logging.DEBUG if verbose else logging.NOTSET)
    _HANDLER.setLevel(logging.DEBUG if verbose else logging.WARNING)
    _HANDLER.verbose = verbose
    log.addHandler(_HANDLER)
