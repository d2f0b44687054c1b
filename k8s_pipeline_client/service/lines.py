"""The service's log: one JSON object a line, without secrets."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from k8s_pipeline_client.domain.redaction import redacted, redacted_traceback

FIELDS = "facts"
"""Where a record has what is more than its message: ``extra={FIELDS: {…}}``."""


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; it holds no secret that is known or looks like one, and nothing that a terminal obeys."""
        moment = datetime.fromtimestamp(record.created, UTC)
        entry: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name.removeprefix("k8s_pipeline_client."),
            "message": redacted(record.getMessage()),
        }
        for key, value in getattr(record, FIELDS, {}).items():
            entry[key] = redacted(value) if isinstance(value, str) else value
        if record.exc_info and record.exc_info[1] is not None:
            entry["traceback"] = redacted_traceback(record.exc_info[1])
        return json.dumps(entry)


def log_lines(*, verbose: bool = False, stream: TextIO | None = None) -> logging.Handler:
    """Have everything that is logged written to standard error, or to a stream; return what does it.

    Args:
        verbose: Also requests and steps.
        stream: Where to.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("k8s_pipeline_client").setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses whole
    return handler
