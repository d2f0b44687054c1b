"""What all that goes wrong says about itself, word by word, in one file that a person can read through."""

from __future__ import annotations

import os
from pathlib import Path

from k8s_pipeline_client.status import gone_run_status, run_status
from k8s_pipeline_client.status.models import Cause

from .status_cases.build import JOB, JOB_UID, RUN_ID, event, now
from .status_cases.denied import DENIED
from .status_cases.ended import ATTEMPTS, ENDED
from .status_cases.images import IMAGES
from .status_cases.needs import NEEDS
from .status_cases.rare import RARE
from .status_cases.traces import TRACES
from .status_cases.waits import WAITS
from .status_cases.weighed import WEIGHED
from .test_status_real import MOMENTS, status_of

GOLDEN = Path(__file__).parent / "golden" / "causes.txt"
EVENTS = {
    "deleted in mid-run": [],
    "evicted": [event("Evicted", "low on resource", about=f"{JOB}-4xk2p")],
    "image": [event("BackOff", "Back-off pulling image", about=f"{JOB}-4xk2p")],
    "no retry": [event("BackoffLimitExceeded", "Job has reached the specified backoff limit")],
    "deadline": [event("DeadlineExceeded", "Job was active longer than specified deadline")],
}


def _shown(name: str, cause: Cause | None) -> str:
    assert cause is not None, name
    told = {"code": cause.code, "summary": cause.summary, "detail": cause.detail, "hint": cause.hint}
    return "\n".join([name, *(f"  {key}: {text}" for key, text in told.items() if text != "")])


def test_the_words_of_every_cause() -> None:
    """To be read by a person: a change shows in the golden file's diff (UPDATE_GOLDEN=1 writes it)."""
    cases = [*ENDED, *ATTEMPTS, *IMAGES, *WEIGHED, *WAITS, *NEEDS, *DENIED, *TRACES, *RARE]
    shown = [_shown(case.name, run_status(case.job, case.pods, case.events, now()).cause) for case in cases]
    shown += [
        _shown(f"its Job is gone: {name}", gone_run_status(RUN_ID, JOB, JOB_UID, events).cause)
        for name, events in EVENTS.items()
    ]
    shown += [
        _shown(f"a real one: {name}, moment {number}", cause)
        for name, moments in MOMENTS.items()
        for number, moment in enumerate(moments, 1)
        if (cause := status_of(moment).cause)
    ]
    text = "\n\n".join(shown) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()
