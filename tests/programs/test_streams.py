"""The command line as a shell starts it: its streams may be anything, or closed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.data import SAMPLES

PROGRAM = Path(sys.executable).with_name("k8s-pipeline")
PIPELINE, SERVICE = "pipelines/01_postgres_metadata_daily.json", "services/postgres.json"


def _validate(text: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([PROGRAM, "validate", "-f", "-"], input=text, capture_output=True)


def test_streams_that_are_closed_are_no_trouble() -> None:
    files = f"-f {SAMPLES / PIPELINE} -f {SAMPLES / SERVICE}"
    for redirection in (">&-", "2>&-", "<&-"):
        done = subprocess.run(f"{PROGRAM} validate {files} {redirection}", shell=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b""), redirection
    full = subprocess.run(f"{PROGRAM} validate {files} >/dev/full", shell=True, capture_output=True, check=False)
    assert full.returncode == 1
    assert b"cannot be written" in full.stderr


def test_standard_input_that_is_closed() -> None:
    code = "import sys; sys.stdin = None; from k8s_pipeline_client.cli.main import run; sys.exit(run(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, "validate", "-f", "-"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard input cannot be read: it is closed")


def test_standard_input_is_read_as_files_are() -> None:
    documents = (SAMPLES / "pipelines/01_postgres_metadata_daily.json", SAMPLES / "services/postgres.json")
    text = "\n---\n".join(path.read_text() for path in documents)
    assert _validate(b"\xef\xbb\xbf" + text.encode()).returncode == 0
    result = _validate(b"\xff\xfea")
    assert result.returncode == 2
    assert b"standard input is not UTF-8 text (byte 0)" in result.stderr
