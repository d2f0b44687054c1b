"""Shows the library's log records: warnings, and with -v all of them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

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


def log_json(verbose: int = 0) -> Callable[[], None]:
    """Log as JSON lines, in place of what is for people, and of all libraries as well; return what ends that.

    Args:
        verbose: Above 0 also requests and steps.
    """
    from k8s_pipeline_client.jsonlog import JsonLines

    log, root, httpx = map(logging.getLogger, ("k8s_pipeline_client", None, "httpx"))
    before = log.level, root.level, httpx.level
    log.removeHandler(_HANDLER)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    log.setLevel(logging.DEBUG if verbose else logging.INFO)
    httpx.setLevel(logging.WARNING)  # it logs whole URLs

    def end() -> None:
        root.removeHandler(handler)
        for logger, level in zip((log, root, httpx), before, strict=True):
            logger.setLevel(level)

    return end


def log_progress() -> None:
    """Show what is done, and not only what is wrong; with -v more."""
    log = logging.getLogger("k8s_pipeline_client")
    _at_least_info(log)
    _HANDLER.setLevel(min(_HANDLER.level, logging.INFO))
    log.addHandler(_HANDLER)


def _at_least_info(log: logging.Logger) -> None:
    if log.level in (logging.NOTSET, logging.WARNING):
        log.setLevel(logging.INFO)
