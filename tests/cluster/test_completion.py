"""The shell completes names and runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.terminal import PROGRAMS, terminal


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


def test_in_a_terminal_and_for_kubectl(program: Program) -> None:
    """Names that hold blanks, and the runs of the pipeline that is named."""
    titled = [pipeline(name=name, displayName=title) for name, title in (("one", "my first one"), ("two", "my 2nd"))]
    program.deploy(*titled, service())
    first, second = (program("run", name, "-o", "json").json["runId"] for name in ("one", "two"))
    place = f"-n {program.space.namespace} "
    kubeconfig = str(program.space.kubeconfig)

    with terminal(KUBECONFIG=kubeconfig) as bash:
        assert bash.complete(f"k8s-pipeline {place}status my\\ f") == f"k8s-pipeline {place}status my\\ first\\ one "
        assert bash.complete(f"k8s-pipeline {place}logs 'my f") == f"k8s-pipeline {place}logs 'my first one' "
        line = f'k8s-pipeline {place}kill "my first one" --run '
        assert bash.complete(line) == f"{line}{first} "
        shown = bash.offered(f"k8s-pipeline {place}status m")
        assert "my\\ 2nd" in shown

    environment = os.environ | {"KUBECONFIG": kubeconfig, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    words = ["__complete", "ompipeline", "-n", program.space.namespace, "logs", "my 2nd", "--run", ""]
    asked = subprocess.run(
        [program.space.access.kubectl, *words], env=environment, check=True, capture_output=True, text=True
    )
    offered, directive, *_ = asked.stdout.splitlines()
    assert offered.split("\t")[0] == second
    assert directive == ":4"


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
