"""Translates ``airflowConfig`` to Kubernetes: each key is supported, noted as having no effect, or rejected.

See the table in docs/reference/pipeline-types.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from k8s_pipeline_client.domain.entities import AirflowConfig, Moment
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.domain.schedule import Schedule, check_timezone, parse_schedule
from k8s_pipeline_client.domain.suspicious import scheduling_notes
from k8s_pipeline_client.domain.unusual import warnings_of
from k8s_pipeline_client.errors import DefinitionError, ScheduleError

DEFAULT_RETRY_DELAY = 300

_DATE = TypeAdapter(datetime)
_KEYS = tuple(str(field.alias) for field in AirflowConfig.model_fields.values())
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Terms:
    """When and how a pipeline runs.

    Attributes:
        schedule: None for an on-demand pipeline.
        paused: Whether the schedule is suspended.
        may_overlap: Whether a run may start while another one is active.
        window: The schedule's start and end: two RFC 3339 times in UTC with a slash in between, either of which may be
            missing; empty for always.
        own_settings: Documented settings, by name, that this pipeline overrides.
        notes: Deviations from the definition, one sentence each.
    """

    schedule: Schedule | None
    paused: bool
    may_overlap: bool
    window: str
    own_settings: Mapping[str, Any]
    notes: Sequence[str]


def read(config: AirflowConfig, origin: str, now: datetime | None) -> Terms:
    """Parse an ``airflowConfig``.

    Args:
        config: Of an IngestionPipeline, or of a plain workflow document.
        origin: Its place, for error messages.
        now: Aware. A past start is ignored, and a past end suspends the schedule; if None, both are left to the runs.

    Raises:
        DefinitionError: A value is invalid or not supported.
        ScheduleError: Kubernetes would reject the schedule or the time zone.
    """
    if config.pipeline_catchup:
        raise DefinitionError(
            f"{origin}: airflowConfig.pipelineCatchup is true, but Kubernetes does not catch up on past runs",
            code="CatchupUnsupported",
            hint="set it to false, and start missing runs manually",
        )
    start, end = _date(config.start_date, "startDate", origin), _date(config.end_date, "endDate", origin)
    if start is not None and now is not None and start <= now:
        start = None
    is_over = end is not None and now is not None and end <= now
    schedule = _schedule(config, origin)
    unusual = warnings_of(schedule, now) if schedule is not None and now is not None else ()
    return Terms(
        schedule=schedule,
        paused=bool(config.pause_pipeline) or is_over,
        may_overlap=(config.max_active_runs or 1) > 1,
        # If a schedule is enabled after its end, its runs should do something.
        window=_window(start, None if is_over else end),
        own_settings=dict(_own_settings(config)),
        notes=(*_notes(config, start, end, is_over), *unusual),
    )


def _own_settings(config: AirflowConfig) -> Iterator[tuple[str, Any]]:
    # Zero is the schema's default of both, and means unset.
    if config.retries:
        yield "backoffLimit", config.retries
    if config.workflow_timeout:
        yield "activeDeadlineSeconds", config.workflow_timeout


def _window(start: datetime | None, end: datetime | None) -> str:
    return "/".join(rfc3339(moment) if moment else "" for moment in (start, end)) if start or end else ""


def _notes(config: AirflowConfig, start: datetime | None, end: datetime | None, is_over: bool) -> Iterator[str]:
    if start is not None:
        yield (
            f"airflowConfig.startDate {rfc3339(start)} is in the future, which CronJobs do not support: scheduled runs "
            "before it exit at once, without ingesting anything"
        )
    if end is not None and is_over:
        yield f"airflowConfig.endDate {rfc3339(end)} has passed, so the schedule is suspended"
    elif end is not None:
        yield (
            f"airflowConfig.endDate {rfc3339(end)} is in the future, which CronJobs do not support: scheduled runs "
            "after it exit at once, without ingesting anything; a deploy after it suspends the schedule"
        )
    if config.retries and config.retry_delay not in (None, DEFAULT_RETRY_DELAY):
        yield (
            f"airflowConfig.retryDelay {config.retry_delay} is not supported: Kubernetes waits 10 s before the first "
            "retry, 20 s before the second, 40 s before the third, and so on up to 10 minutes"
        )
    if (config.max_active_runs or 1) > 1:
        yield (
            f"airflowConfig.maxActiveRuns {config.max_active_runs} becomes concurrencyPolicy Allow: Kubernetes "
            "supports one run at a time, or any number"
        )
    yield from scheduling_notes(config.model_extra or {}, _KEYS)
    if config.email:
        yield "airflowConfig.email has no effect: no emails are sent"


def _date(value: Moment | None, key: str, origin: str) -> datetime | None:
    """Return a time in UTC, which is also the default zone, as in Airflow."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and not _DAY.match(value):
            raise ValueError  # a quoted number would be parsed as seconds
        found = _DATE.validate_python(value)
    except ValueError:  # pydantic's error is one
        raise DefinitionError(
            f"{origin}: airflowConfig.{key} {value!r} is not a date", hint="write it as 2030-01-31T00:00:00Z"
        ) from None
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:  # after the year 9999
        return found.replace(tzinfo=UTC)


def _schedule(config: AirflowConfig, origin: str) -> Schedule | None:
    text = (config.schedule_interval or "").strip()
    try:
        if not text:
            check_timezone(config.pipeline_timezone)
            return None
        return parse_schedule(text, config.pipeline_timezone)
    except ScheduleError as error:
        raise error.with_place(origin) from error
