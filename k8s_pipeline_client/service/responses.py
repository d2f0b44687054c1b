"""Responses: JSON of which every byte is ASCII, whatever is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.service.errors import status_of
from k8s_pipeline_client.service.words import worded


class Json(Response):
    """JSON with escapes for all that is not ASCII, so that there is nothing that it cannot carry."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def refused(error: PipelineError, headers: Mapping[str, str] | None = None) -> Json:
    """Return the response that says what was refused, why and what to do."""
    return Json({"error": worded(error), "code": error.code}, status_of(error), dict(headers or {}))
