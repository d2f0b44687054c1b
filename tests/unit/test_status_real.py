"""What a real Kubernetes (1.34, one node, containerd) gave for runs that were made to go wrong, trimmed.

Each file of ``status_cases/real`` is one Job at up to a few moments of its life. The manifests: deadlines of 8 to
25 s on the pods and 20 or 120 s on the Jobs, grace 3 s; ``-obey`` and ``-ignore`` (``-ign``) tell what the program
did with SIGTERM, ``-net`` that the Job's deadline came before the pod's, ``side`` that a second container ignores
everything. Those whose Jobs are called ``om-…`` are runs of this program with its own settings.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.status import RunStatus, run_status

REAL = Path(__file__).parent / "status_cases" / "real"
MOMENTS = {path.stem: json.loads(path.read_text()) for path in sorted(REAL.glob("*.json"))}


def status_of(moment: dict[str, Any]) -> RunStatus:
    return run_status(moment["job"], moment["pods"], moment["events"], datetime.fromisoformat(moment["now"]))


@pytest.mark.parametrize("name", MOMENTS)
def test_a_real_run_is_told_as_it_was(name: str) -> None:
    for moment in MOMENTS[name]:
        status = status_of(moment)
        cause = status.cause
        assert {"state": status.state.value, "code": cause.code.value if cause else None} == moment["expected"]


@pytest.mark.parametrize("name", MOMENTS)
def test_a_terminal_state_is_never_left_and_a_run_that_ran_is_not_queued_again(name: str) -> None:
    order = {"queued": 0, "running": 1, "success": 2, "failed": 2}
    states = [status_of(moment).state.value for moment in MOMENTS[name]]
    assert states == sorted(states, key=order.__getitem__)
    assert len({state for state in states if order[state] == 2}) <= 1


def test_the_fault_is_in_kubernetes_own_words() -> None:
    details = {name: status.cause.detail for name in MOMENTS if (status := status_of(MOMENTS[name][-1])).cause}
    assert "connect: connection refused" in details["image"]
    assert details["unsched"].startswith("0/1 nodes are available: 1 Insufficient cpu.")
    assert "exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0" in details["quota"]
    assert 'violates PodSecurity "restricted:latest"' in details["psa"]
    assert details["secretvol"].endswith('secret "nosuch" not found')
    assert details["dl-obey"] == "Pod was active on the node longer than the specified deadline"
