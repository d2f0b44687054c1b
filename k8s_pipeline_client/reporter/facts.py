"""What deciding needs to know beside a run's status and its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from k8s_pipeline_client.status import Diagnosis


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about one run, read in one pass.

    Attributes:
        can_still_write: A container main of it may still write: it runs, or nobody confirms that it has ended. One
            that is kept alive by its sidecars alone cannot.
        job_ended: Its Job says Complete or Failed, or is gone.
        node_lost_since: The ``deletionTimestamp`` (the end of the grace period) of a pod whose deletion nobody
            confirms; None for any other run.
        run_id_was_handed_over: Somebody else made the run id, and says `queued` to OpenMetadata.
        written_by_us: The row was written by a reporter, as far as more is known than the row itself shows.
        killed_state: What a run ends as that somebody asked to be ended: ``failed`` or ``stopped``.
        diagnosis: Makes the run's diagnosis; called only where it is to be written, for it reads the log.
    """

    can_still_write: bool
    job_ended: bool
    node_lost_since: datetime | None
    run_id_was_handed_over: bool
    written_by_us: bool
    killed_state: str
    diagnosis: Callable[[], Diagnosis]
