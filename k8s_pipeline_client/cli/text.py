"""Words for people: times, schedules and causes."""

from __future__ import annotations

from datetime import datetime

from k8s_pipeline_client.status import Attempt, CauseCode, Diagnosis, PipelineStatus, RunStatus, State

_DAY = 86400


def span(seconds: float) -> str:
    """Return a duration as kubectl shows ages: its two largest units; 0 if clocks that differ make it negative."""
    total = max(0, int(seconds))
    if total < 60:
        return f"{total}s"
    if total < 3600:
        return f"{total // 60}m{total % 60:02d}s"
    if total < _DAY:
        return f"{total // 3600}h{total % 3600 // 60:02d}m"
    return f"{total // _DAY}d{total % _DAY // 3600:02d}h"


def moment(at: datetime | None, now: datetime) -> str:
    """Return how long ago or how far ahead a time is; a hyphen for none."""
    if at is None:
        return "-"
    distance = (at - now).total_seconds()
    if abs(distance) < 1:
        return "now"
    return f"in {span(distance)}" if distance > 0 else f"{span(-distance)} ago"


def ago(at: datetime | None, now: datetime) -> str:
    """Return how long ago something was; clocks that differ put nothing that has happened into the future."""
    return moment(min(at, now) if at else None, now)


def schedule_text(schedule: str | None, time_zone: str | None, enabled: bool) -> str:
    """Return a schedule, with what a person must know about it."""
    if schedule is None:
        return "on demand"
    zone = f" ({time_zone})" if time_zone and time_zone != "UTC" else ""
    return f"{schedule}{zone}" + ("" if enabled else " [disabled]")


def size(count: int) -> str:
    """Return bytes in the unit of Kubernetes' memory limits."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def took(run: RunStatus | Diagnosis | None) -> str:
    """Return how long a run that has ended took; a hyphen for others."""
    if run is None or run.started_at is None or run.ended_at is None:
        return "-"
    return span((run.ended_at - run.started_at).total_seconds())


def run_line(run: RunStatus | Diagnosis, now: datetime) -> str:
    """Return one line that says where a run is."""
    words = {
        State.QUEUED: "is queued",
        State.RUNNING: "is running",
        State.SUCCESS: "succeeded",
        State.FAILED: "was killed" if _is_killed(run) else "failed",
    }
    line = f"run {run.run_id} {words[run.state]}"
    if run.started_at and run.ended_at:
        line += f" after {took(run)}"
    elif run.started_at and run.state is State.RUNNING:
        line += f" since {span((now - run.started_at).total_seconds())}"
    if len(run.attempts) > 1:
        line += f" ({len(run.attempts)} attempts)"
    return line


def _is_killed(run: RunStatus | Diagnosis) -> bool:
    if isinstance(run, RunStatus):
        return run.cause is not None and run.cause.code is CauseCode.KILLED
    return run.category == CauseCode.KILLED


def cause_lines(run: RunStatus) -> list[str]:
    """Return why a run failed or does not start, and what to do; nothing where there is nothing to say."""
    warnings = [f"note: {text}" for text in run.warnings]
    if run.cause is None:
        return warnings
    lines = [f"why:  {run.cause.summary}"]
    if run.cause.detail and run.cause.detail not in run.cause.summary:
        lines.append(f"      {run.cause.detail}")
    if run.cause.hint:
        lines.append(f"fix:  {run.cause.hint}")
    return lines + warnings


def retry_lines(run: RunStatus) -> list[str]:
    """Return why the last attempt failed of a run that is tried again, and what to do; nothing where none has."""
    if run.retry is None:
        return []
    cause = run.retry.cause
    lines = [f"note: {run.retry.summary}"]
    if cause.detail and cause.detail not in cause.summary:
        lines.append(f"      {cause.detail}")
    return lines + ([f"fix:  {cause.hint}"] if cause.hint else [])


def why(run: RunStatus) -> str:
    """Return in one sentence what is to be known of a run; empty where that is nothing."""
    if run.cause is not None:
        return run.cause.summary
    return run.retry.summary if run.retry else ""


def run_headers(*, job: bool = False) -> list[str]:
    """Return the headers of `run_cells`."""
    return ["RUN", *(["JOB"] if job else []), "TRIGGER", "CREATED", "TOOK", "STATE", "CAUSE"]


def run_cells(run: RunStatus, now: datetime, *, job: bool = False) -> list[str]:
    """Return the cells of a run, with or without the name of its Job."""
    return [
        run.run_id,
        *([run.job_name] if job else []),
        "once" if run.one_shot else str(run.trigger),
        ago(run.created_at, now),
        took(run),
        str(run.state),
        why(run),
    ]


def attempt_cells(attempt: Attempt, limit: str | None) -> list[str]:
    """Return the cells of an attempt: pod, state, exit code, duration, peak memory of its limit, why."""
    of_limit = f" of {limit}" if limit else ""
    return [
        attempt.name,
        str(attempt.state),
        "-" if attempt.exit_code is None else str(attempt.exit_code),
        "-" if attempt.duration_seconds is None else span(attempt.duration_seconds),
        "-" if attempt.peak_memory_bytes is None else size(attempt.peak_memory_bytes) + of_limit,
        attempt.cause.summary if attempt.cause else "",
    ]


def fact_lines(found: PipelineStatus, now: datetime) -> list[tuple[str, str]]:
    """Return what there is to say about a pipeline, as label and text."""
    facts = [
        ("Name", found.display_name),
        ("FQN", found.fqn),
        ("Service", f"{found.service} ({found.service_type})"),
        ("Type", found.pipeline_type),
        ("Schedule", schedule_text(found.schedule, found.time_zone, found.enabled)),
        ("Next run", moment(found.next_run_at, now)),
        ("Resource", found.resource_name),
    ]
    if found.missed:
        facts.append(("Missed", found.missed.summary))
    return facts + [("Warning", text) for text in found.warnings]
