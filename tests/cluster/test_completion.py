"""The shell completes names and runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program


def test_names_and_runs_complete(program: Program) -> None:
    program.deploy(
        pipeline(name="nightly"),
        pipeline(name="same", service_name="one"),
        pipeline(name="same", service_name="two"),
        *[service(name) for name in ("pg_prod", "one", "two")],
    )
    run = program("run", "nightly", "--wait", "-o", "json").json

    assert _offered(program, "status", "") == ["nightly", "one.same", "two.same"]
    assert _offered(program, "delete", "one") == ["one.same"]
    assert _offered(program, "logs", "nightly", "--run", "") == [run["runId"]]
    assert _offered(program, "retry", run["runId"][:4]) == [run["runId"]]


def test_without_a_cluster_nothing_is_offered(program: Program) -> None:
    program.space.kubeconfig.write_text("")
    assert _offered(program, "status", "") == []


def _offered(program: Program, *words: str) -> list[str]:
    line = ["k8s-pipeline", "-n", program.space.namespace, *words]
    environment = os.environ | {
        "KUBECONFIG": str(program.space.kubeconfig),
        "_K8S_PIPELINE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(line),
        "COMP_CWORD": str(len(line) - 1),
    }
    command = str(Path(sys.executable).with_name("k8s-pipeline"))
    shown = subprocess.run([command], env=environment, check=False, capture_output=True, text=True)
    assert shown.stderr == ""
    return sorted(entry.removeprefix("plain,") for entry in shown.stdout.splitlines() if entry)
