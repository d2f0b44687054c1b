"""Input as a shell hands it over; what has no end takes neither memory nor time without end."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.data import SAMPLES

PROGRAM = Path(sys.executable).with_name("k8s-pipeline")
PIPELINE = SAMPLES / "pipelines" / "01_postgres_metadata_daily.json"
SERVICE = SAMPLES / "services" / "postgres.json"
MEMORY = 2**30
"""Of addresses; the program itself needs less than half of it."""

pytestmark = pytest.mark.timeout(60)


def bash(script: str) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    return subprocess.run(
        ["bash", "-c", script.replace("k8s-pipeline", str(PROGRAM))],
        capture_output=True, text=True, preexec_fn=limit, timeout=50, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        f"-f <(cat {PIPELINE}) --service <(cat {SERVICE})",
        f"-f <(sleep 1; cat {PIPELINE}) -f {SERVICE}",
        f"-f /dev/stdin -f {SERVICE} < {PIPELINE}",
        f"-f - -f {SERVICE} < {PIPELINE}",
    ],
)
def test_what_a_shell_hands_over_is_read(given: str) -> None:
    done = bash(f"k8s-pipeline validate {given}")
    assert (done.returncode, done.stderr) == (0, "")
    done = bash(f"cat {PIPELINE} | k8s-pipeline validate -f /dev/stdin -f {SERVICE}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "given",
    ["-f -", "-f /dev/stdin", "-f <(yes)", "--config <(yes) -f x", "-f {folder}/huge.yaml", "-f {folder}/link.yaml"],
)
def test_what_has_no_end_takes_little_memory(tmp_path: Path, given: str) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(10 * 2**30)
    (tmp_path / "link.yaml").symlink_to("huge.yaml")
    done = bash(f"yes | k8s-pipeline validate {given.format(folder=tmp_path)}")
    assert done.returncode == 2
    assert "it is larger than 4 MiB" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_fifo_that_nobody_writes_to_is_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    done = bash(f"k8s-pipeline validate -f {tmp_path / 'x.yaml'}")
    assert done.returncode == 2
    assert "it is a FIFO, and nothing was written to it for 10 s" in done.stderr


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/random", "/dev/full"])
def test_a_device_is_refused(path: str) -> None:
    done = bash(f"k8s-pipeline validate -f {path}")
    assert (done.returncode, done.stderr) == (2, f"error: {path} cannot be read: it is a device\n")
