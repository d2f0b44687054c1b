"""A log record as one line of JSON. Pure."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from k8s_pipeline_client.domain.redaction import redacted, redacted_traceback

FACTS = "facts"
"""Where a record has what is more than its message: ``extra={FACTS: {…}}``."""


class JsonLines(logging.Formatter):
    """Writes ``time`` (UTC), ``level``, ``logger``, ``message``, the record's facts, and an error's ``traceback``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; it holds no secret that is known or looks like one, and nothing that a terminal obeys."""
        moment = datetime.fromtimestamp(record.created, UTC)
        entry: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name.removeprefix("k8s_pipeline_client."),
            "message": redacted(record.getMessage()),
        }
        for key, value in getattr(record, FACTS, {}).items():
            entry.setdefault(key, value if isinstance(value, bool | int | float | None) else redacted(str(value)))
        if record.exc_info and record.exc_info[1] is not None:
            entry.setdefault("traceback", redacted_traceback(record.exc_info[1]))
        return json.dumps(entry)
