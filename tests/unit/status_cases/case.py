"""One row of the tables of things that go wrong, and how it is checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from k8s_pipeline_client.status import State, run_status

from .build import IMAGE, JOB, Obj, failed, job, now

GONE = f"{JOB}-9zzzz"
NOT_FOUND = f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": {IMAGE}: not found'
NO_NODE = (
    "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 2 Insufficient memory. "
    "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
)
QUOTA = (
    f'Error creating: pods "{JOB}-4xk2p" is forbidden: exceeded quota: small, requested: '
    "limits.memory=4Gi, used: limits.memory=6Gi, limited: limits.memory=8Gi"
)


@dataclass(frozen=True)
class Case:
    name: str
    code: str
    pods: list[Obj] = field(default_factory=list)
    events: list[Obj] = field(default_factory=list)
    job: Obj = field(default_factory=lambda: job(failed(), failed=1))
    detail: str = ""
    """A part of the detail."""


def check(case: Case, state: State) -> None:
    status = run_status(case.job, case.pods, case.events, now())
    assert status.state is state
    assert status.cause is not None
    assert status.cause.code == case.code
    assert case.detail in status.cause.detail
    assert not status.cause.summary.endswith(".")
