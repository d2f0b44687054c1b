"""The samples: definitions of the shapes that OpenMetadata's API returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent


def sample(path: str) -> dict[str, Any]:
    """Read a sample."""
    found: dict[str, Any] = json.loads((SAMPLES / path).read_text())
    return found
