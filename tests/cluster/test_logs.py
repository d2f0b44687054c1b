"""The log in every state of a run."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until


def test_of_a_retried_run_every_attempt_can_be_read(program: Program) -> None:
    program.configure(backoffLimit=1)
    program.deploy(pipeline({"runChild": "echo I am $(cat /proc/sys/kernel/hostname)"}, {"fail": "x"}), service())
    run = program("run", "nightly", "--wait", "-o", "json", code=3).json
    first, second = (attempt["name"] for attempt in run["attempts"])

    newest = program("logs", "nightly")
    assert f"I am {second}" in newest.out
    assert "attempt 2" in newest.err
    assert f"I am {first}" in program("logs", "nightly", "--attempt", "1").out
    assert "no attempt 3" in program("logs", "nightly", "--attempt", "3", code=2).err


def test_following_goes_on_from_attempt_to_attempt(program: Program) -> None:
    program.configure(backoffLimit=1)
    program.deploy(pipeline({"log": "trying"}, {"sleep": 1}, {"fail": "x"}), service())
    program("run", "nightly")

    followed = program("logs", "nightly", "-f")

    assert followed.out.count("trying") == 2
    assert "next attempt" in followed.err


def test_parts_of_a_log(program: Program) -> None:
    program.deploy(pipeline({"logLines": 100}), service())
    program("run", "nightly", "--wait")

    assert len(program("logs", "nightly", "--tail", "3").out.splitlines()) == 3
    stamped = program("logs", "nightly", "--timestamps").out.splitlines()
    assert len(stamped) >= 100
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ", line) for line in stamped)


def test_of_a_run_whose_pod_is_gone_there_is_a_word(program: Program) -> None:
    program.deploy(pipeline({"log": "soon gone"}), service())
    program("run", "nightly", "--wait")
    program.space.kubectl("delete", "pods", "--all", "--wait")

    result = program("logs", "nightly")

    assert result.out == ""
    assert "the pod is gone" in result.err
    assert "has no runs" in _of_a_pipeline_without_runs(program)


def _of_a_pipeline_without_runs(program: Program) -> str:
    program.deploy(pipeline(name="fresh"), service())
    return program("logs", "fresh", code=2).err


def test_bytes_that_are_no_text_come_through(program: Program) -> None:
    program.deploy(pipeline({"runChild": r"printf 'before \377\376\000 after\n'"}), service())
    program("run", "nightly", "--wait")

    shown = _bytes_of(program, "logs", "nightly")

    assert b"before \xff\xfe\x00 after" in shown


@pytest.mark.thorough
@pytest.mark.slow
def test_a_very_long_log_is_followed_in_little_memory(program: Program, tmp_path: Path) -> None:
    """200 MiB go by while the node rotates the file every 10 MiB; a busy node drops parts before they are read."""
    program.deploy(pipeline({"sleep": 2}, {"logMiB": 200}, {"log": "the very end"}), service())
    program("run", "nightly")
    until(lambda: program("status", "nightly", "-o", "json").json["lastRun"]["state"] == "running", "it runs")
    target = tmp_path / "log"

    peak = _run_into(target, program, "logs", "nightly", "-f")

    assert b"the very end" in target.read_bytes()[-1000:]
    assert target.stat().st_size > 20 * 2**20
    assert peak < 300 * 2**20


def _command(program: Program, *words: str) -> list[str]:
    place = ["--kubeconfig", str(program.space.kubeconfig), "-n", program.space.namespace]
    return [str(Path(sys.executable).with_name("k8s-pipeline")), *place, *words]


def _bytes_of(program: Program, *words: str) -> bytes:
    return subprocess.run(_command(program, *words), check=True, capture_output=True).stdout


def _run_into(target: Path, program: Program, *words: str) -> int:
    """Run a command with its output in a file; return the largest peak memory of any child so far, in bytes."""
    with target.open("wb") as file:
        subprocess.run(_command(program, *words), check=True, stdout=file, stderr=subprocess.PIPE)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
