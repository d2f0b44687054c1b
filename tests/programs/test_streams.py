"""The command line as a shell starts it: its streams may be anything, or closed."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from k8s_pipeline_client.cli.main import run
from tests.data import SAMPLES

PROGRAM = Path(sys.executable).with_name("k8s-pipeline")
PIPELINE, SERVICE = "pipelines/01_postgres_metadata_daily.json", "services/postgres.json"


def test_streams_that_are_closed_are_no_trouble() -> None:
    files = f"-f {SAMPLES / PIPELINE} -f {SAMPLES / SERVICE}"
    for redirection in (">&-", "2>&-", "<&-"):
        done = subprocess.run(f"{PROGRAM} validate {files} {redirection}", shell=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b""), redirection
    full = subprocess.run(f"{PROGRAM} validate {files} >/dev/full", shell=True, capture_output=True, check=False)
    assert full.returncode == 1
    assert b"cannot be written" in full.stderr


def test_standard_input_that_is_closed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", None)  # as Python has it then
    assert run(["validate", "-f", "-"]) == 2
    assert capsys.readouterr().err.startswith("error: standard input cannot be read: it is closed")


def test_standard_input_is_read_as_files_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "\n---\n".join((SAMPLES / name).read_text() for name in (PIPELINE, SERVICE))
    given = b"\xef\xbb\xbf" + text.encode()
    assert subprocess.run([PROGRAM, "validate", "-f", "-"], input=given, capture_output=True).returncode == 0

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfea")))
    assert run(["validate", "-f", "-"]) == 2
    assert "standard input is not UTF-8 text" in capsys.readouterr().err
