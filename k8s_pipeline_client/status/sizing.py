"""Suggests memory limits, from the usage of a pipeline's runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from k8s_pipeline_client.domain.quantity import memory_bytes
from k8s_pipeline_client.status.memory import RAISE_LIMIT
from k8s_pipeline_client.status.models import CauseCode, RunStatus
from k8s_pipeline_client.status.words import mebibytes

_STEP = 256 * 2**20
_ROOM_ABOVE_LIMIT = 1.5
_ROOM_ABOVE_PEAK = 1.25
_SHOWN = 3


def with_sizes(runs: Sequence[RunStatus]) -> list[RunStatus]:
    """Return the runs of one pipeline, with a suggested limit in the hints of those that ran out of memory.

    Args:
        runs: The known runs, newest first.
    """
    return [_with_size(run, runs) if _needs_more(run) else run for run in runs]


def _needs_more(run: RunStatus) -> bool:
    """Return whether the run's own container ran out of memory; the limits of others are not known here."""
    cause = run.cause
    return cause is not None and cause.code is CauseCode.OOM_KILLED and cause.hint.startswith(RAISE_LIMIT)


def _with_size(run: RunStatus, runs: Sequence[RunStatus]) -> RunStatus:
    assert run.cause is not None
    limit = memory_bytes(run.memory_limit)
    if limit is None:
        return run
    peaks = [other.peak_memory_bytes for other in runs if other.peak_memory_bytes]
    known = ", ".join(mebibytes(peak) for peak in peaks[:_SHOWN])
    hint = f"{RAISE_LIMIT} from {run.memory_limit} to {suggested_limit(limit, peaks)}"
    if known:
        hint += f"; last known peaks: {known} (sampled every few seconds, so the actual peak may be higher)"
    return replace(run, cause=replace(run.cause, hint=hint))


def suggested_limit(limit: int, peaks: Iterable[int]) -> str:
    """Return a memory limit that should suffice, as a Kubernetes quantity.

    Args:
        limit: In bytes; it was exceeded.
        peaks: In bytes; the known peaks of runs.
    """
    wanted = max([limit * _ROOM_ABOVE_LIMIT, *(peak * _ROOM_ABOVE_PEAK for peak in peaks)])
    mebi = -int(-wanted // _STEP) * _STEP // 2**20
    return f"{mebi // 1024}Gi" if mebi % 1024 == 0 else f"{mebi}Mi"
