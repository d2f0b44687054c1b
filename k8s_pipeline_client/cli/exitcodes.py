"""What the program exits with for which error."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from k8s_pipeline_client.errors import InputError, PipelineError, RunFailedError, WaitTimeoutError

EXIT_CODES: Mapping[type[PipelineError], int] = MappingProxyType(
    {PipelineError: 1, InputError: 2, RunFailedError: 3, WaitTimeoutError: 124}
)
"""By class; that of the nearest one above an error's own counts."""

EXAMINED: Mapping[str, int] = MappingProxyType({"ok": 0, "unknown": 0, "warning": 4, "problem": 1})
"""Of `doctor`, by its worst finding; what could not be looked at is no reason to stop whoever goes by the code."""


def exit_code(error: PipelineError) -> int:
    """Return the exit code for an error."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)
