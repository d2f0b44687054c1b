"""Shows the library's log records: warnings, and with -v all of them."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime

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


class _JsonLines(logging.Handler):
    """One JSON object a line: ``time``, ``level``, ``logger``, ``message``, and the facts that belong to it."""

    def emit(self, record: logging.LogRecord) -> None:
        from k8s_pipeline_client.domain.redaction import redacted

        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(record.getMessage()),
            **getattr(record, "facts", {}),
        }
        print(json.dumps(line, default=str), file=sys.stderr, flush=True)


def log_json() -> Callable[[], None]:
    """Log what is done as JSON lines, in place of what is for people; return what ends that."""
    log = logging.getLogger("k8s_pipeline_client")
    log.removeHandler(_HANDLER)
    _at_least_info(log)
    handler = _JsonLines()
    log.addHandler(handler)
    return lambda: log.removeHandler(handler)


def log_progress() -> None:
    """Show what is done, and not only what is wrong; with -v more."""
    log = logging.getLogger("k8s_pipeline_client")
    _at_least_info(log)
    _HANDLER.setLevel(min(_HANDLER.level, logging.INFO))
    log.addHandler(_HANDLER)


def _at_least_info(log: logging.Logger) -> None:
    if log.level in (logging.NOTSET, logging.WARNING):
        log.setLevel(logging.INFO)
