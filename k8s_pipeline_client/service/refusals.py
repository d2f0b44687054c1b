"""Rows in OpenMetadata for runs that could not be started: its server drops our words, and its users look at the rows.

They are written while OpenMetadata's server waits for our response to the trigger. That is safe: neither what is asked
here nor the write makes the server call us. It is bounded in time, and what fails here changes nothing of the response.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from k8s_pipeline_client.cluster.port import Cluster, Object
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.objects import identity
from k8s_pipeline_client.errors import (
    ApiError,
    InputError,
    PipelineError,
    RowConflictError,
    RunActiveError,
    UnknownNameError,
    WaitTimeoutError,
)
from k8s_pipeline_client.openmetadata.port import OpenMetadata
from k8s_pipeline_client.reporter.clean import is_time
from k8s_pipeline_client.reporter.destination import Connect, Destinations
from k8s_pipeline_client.reporter.payload import first_timestamp, terminal_row
from k8s_pipeline_client.service.words import hint_of
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.status import CauseCode, Diagnosis, RunStatus, State, Trigger
from k8s_pipeline_client.timelimit import time_limit

_LOG = logging.getLogger(__name__)
_PATIENCE = 2.0
"""Seconds: the trigger waits for it."""
_WINDOW = 600
"""Seconds in which a cause has one row: AutoPilot repeats a refused trigger."""
_TRIES = 5
_CLIENT_ERRORS = range(400, 500)
_KEPT = 1000


class Refusals:
    """Writes rows of refused triggers to OpenMetadata; thread-safe."""

    def __init__(
        self,
        cluster: Cluster,
        settings: Settings,
        connect: Connect | None = None,
    ) -> None:
        """Take the cluster that has the pipelines' documents, the settings, and what connects to a server."""
        self._cluster = cluster
        self._destinations = Destinations(cluster, settings, connect)
        self._lock = threading.Lock()
        self._told: dict[tuple[str, str], float] = {}

    def close(self) -> None:
        """Close the connections."""
        self._destinations.close()

    def tell(self, cronjob: Object, run_id: str | None, error: PipelineError) -> None:
        """Write the row of a run that was refused, if there is to be one; never raises.

        Beside an active run only a run whose id the server knows has one, and as the older of the two: the newest row
        is the pipeline's status, and nothing would follow it until the next run.

        Args:
            cronjob: The pipeline's, read as a whole.
            run_id: The id in the request; None if it has none.
            error: Why there is no run.
        """
        if not _is_refusal(error) or identity(cronjob) is None:
            return
        try:
            with time_limit(_PATIENCE):
                self._destinations.begin()
                found = self._destinations.of_template(cronjob)
                if not found.fqn:
                    return
                server = self._destinations.server(found)
                if isinstance(error, RunActiveError):
                    if run_id:
                        _beside(server, found.fqn, run_id.lower(), error)
                else:
                    with self._one_at_a_time():
                        self._alone(server, found.fqn, run_id, error)
        except PipelineError as failure:
            _LOG.warning("cannot report a refused run (%s) to OpenMetadata: %s", error.code, failure.message)

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Serialize: two concurrent first writes of one row would spoil it."""
        if not self._lock.acquire(timeout=_PATIENCE):
            raise WaitTimeoutError("another refused run is being written", hint="check that OpenMetadata responds")
        try:
            yield
        finally:
            self._lock.release()

    def _alone(self, server: OpenMetadata, fqn: str, run_id: str | None, error: PipelineError) -> None:
        now = self._cluster.now().timestamp()
        row = server.run_status(fqn, run_id.lower()) if run_id else None
        if row is None and self._is_told(server, fqn, error.code, now):
            return
        wanted = run_id.lower() if run_id else _derived(fqn, error.code, now)
        at = datetime.fromtimestamp(now, UTC)
        _write(server, fqn, _row(wanted, error, at, row, first_timestamp(at, wanted)), step=1)
        self._told[fqn, error.code] = now
        while len(self._told) > _KEPT:
            del self._told[next(iter(self._told))]

    def _is_told(self, server: OpenMetadata, fqn: str, code: str, now: float) -> bool:
        """Return whether the cause already has a row, by this or another replica."""
        if now - self._told.get((fqn, code), 0.0) < _WINDOW:
            return True
        for moment in (now, now - _WINDOW):
            row = server.run_status(fqn, _derived(fqn, code, moment))
            if row is not None and row["timestamp"] > (now - _WINDOW) * 1000:
                return True
        return False


def _is_refusal(error: PipelineError) -> bool:
    """Return whether it is sure that there is no run, and that the run of this id is no other.

    Without a response of the API server there may be one; and of what OpenMetadata has deleted it takes no rows.
    """
    if isinstance(error, ApiError):
        return error.status in _CLIENT_ERRORS
    if isinstance(error, UnknownNameError) or error.code == "RunIdTaken":
        return False
    return isinstance(error, InputError | RunActiveError)


def _beside(server: OpenMetadata, fqn: str, run_id: str, error: RunActiveError) -> None:
    active, created = str(error.facts["run_id"]), datetime.fromisoformat(str(error.facts["created_at"]))
    known = server.run_status(fqn, active.lower())
    ours = server.run_status(fqn, run_id)
    timestamp = known.get("timestamp") if known else None
    of_active = timestamp if isinstance(timestamp, int) and is_time(timestamp) else first_timestamp(created, active)
    _write(server, fqn, _row(run_id, error, created, ours, of_active - 1), step=-1)


def _write(server: OpenMetadata, fqn: str, row: Document, *, step: int) -> None:
    """Write a row; where another run of the pipeline has its timestamp, the next one in this direction."""
    for number in range(_TRIES):
        try:
            server.put_run_status(fqn, {**row, "timestamp": row["timestamp"] + number * step})
            return
        except RowConflictError:
            if number == _TRIES - 1:
                raise


def _row(run_id: str, error: PipelineError, at: datetime, row: Document | None, timestamp: int) -> Document:
    run = RunStatus(run_id=run_id, job_name="", state=State.FAILED, trigger=Trigger.MANUAL, created_at=at)
    codes = [str(code) for code in CauseCode]
    cause = CauseCode(error.code) if error.code in codes else None
    diagnosis = Diagnosis(
        run_id, "none", State.FAILED, cause, f"The run was not started: {error.message}", what_to_do=hint_of(error)
    )
    began = {"startDate": timestamp, "endDate": timestamp, "pipelineState": "failed"}
    return terminal_row(
        run, {**(row or {}), **began, "timestamp": timestamp}, state="failed", diagnosis=diagnosis, now=at
    )


def _derived(fqn: str, code: str, now: float) -> str:
    """Return a run id for a refused run that has none: the same for all replicas within ten minutes."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"refused\0{fqn}\0{code}\0{int(now // _WINDOW)}"))
