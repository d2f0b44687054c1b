"""What needs no cluster starts quickly; measured as ratios in one run, since machines are noisy."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.data import SAMPLES

PROGRAM = str(Path(sys.executable).with_name("k8s-pipeline"))
RENDER = [
    *(PROGRAM, "render"),
    *("-f", str(SAMPLES / "pipelines/01_postgres_metadata_daily.json")),
    *("-f", str(SAMPLES / "services/postgres.json")),
]
SETTINGS = [
    *("--config", str(SAMPLES / "settings/openmetadata.yaml")),
    *("--config", str(SAMPLES / "settings/values.yaml")),
]
ROUNDS = 5
# An installed program has its byte code; a checkout must be let write it, or every start compiles it anew.
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def _cpu_seconds(words: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize(("words", "most"), [(RENDER, 3.0), ([PROGRAM, "--help"], 2.0)], ids=["render", "help"])
def test_start_up_is_a_small_multiple_of_importing_pydantic_and_yaml(words: list[str], most: float) -> None:
    base = [sys.executable, "-c", "import pydantic, pydantic.main, yaml"]
    for command in (base, words):
        subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True)  # so that all byte code is there
    pairs = [(_cpu_seconds(words), _cpu_seconds(base)) for _ in range(ROUNDS)]
    assert min(own for own, _ in pairs) <= most * min(other for _, other in pairs)


@pytest.mark.parametrize(
    "words",
    [
        RENDER[1:],
        [*SETTINGS, *RENDER[1:]],
        ["validate", *RENDER[2:]],
        ["config"],
        [*SETTINGS, "config", *RENDER[2:]],
        ["--help"],
        ["run", "--help"],
        ["version"],
    ],
)
def test_nothing_that_talks_to_a_cluster_is_imported_without_need(words: list[str]) -> None:
    code = (
        "import sys; from k8s_pipeline_client.cli.main import run; code = run(sys.argv[1:]); "
        "sys.exit(code or ', '.join({'kubernetes', 'urllib3', 'httpx'} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True)


def test_the_library_is_imported_at_no_cost() -> None:
    code = "import sys, k8s_pipeline_client; sys.exit(any(name in sys.modules for name in ('pydantic', 'kubernetes')))"
    subprocess.run([sys.executable, "-c", code], check=True)
