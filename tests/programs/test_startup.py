"""What needs no cluster starts quickly; measured as ratios in one run, since machines are noisy."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from math import inf
from pathlib import Path

from tests.data import SAMPLES
from tests.programs.pod import ENVIRONMENT

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
# The best of several rounds; of more than a few only where other programs are in the way.
LEAST_ROUNDS, MOST_ROUNDS = 3, 12


def _cpu_seconds(words: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_start_up_is_a_small_multiple_of_importing_pydantic_and_yaml() -> None:
    base = [sys.executable, "-c", "import pydantic, pydantic.main, yaml"]
    commands = (base, RENDER, [PROGRAM, "--help"])
    best = [inf] * len(commands)
    for number in range(MOST_ROUNDS):
        best = [min(before, _cpu_seconds(words)) for before, words in zip(best, commands, strict=True)]
        imports, render, show_help = best
        if number + 1 >= LEAST_ROUNDS and render <= 3 * imports and show_help <= 2 * imports:
            break
    assert render <= 3 * imports
    assert show_help <= 2 * imports


def test_nothing_that_talks_to_a_cluster_is_imported_without_need() -> None:
    commands = [
        RENDER[1:],
        [*SETTINGS, *RENDER[1:]],
        ["validate", *RENDER[2:]],
        ["config"],
        [*SETTINGS, "config", *RENDER[2:]],
        ["--help"],
        ["run", "--help"],
        ["version"],
    ]
    # In one process: what one of them imports is still there after the others, and none may import any of these.
    code = (
        "import json, sys; from k8s_pipeline_client.cli.main import run\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    code, found = run(words), {'kubernetes', 'urllib3', 'httpx'} & set(sys.modules)\n"
        "    if code or found: sys.exit(f'{words}: exit code {code}, imported {found}')"
    )
    done = subprocess.run([sys.executable, "-c", code, json.dumps(commands)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_library_is_imported_at_no_cost() -> None:
    code = "import sys, k8s_pipeline_client; sys.exit(any(name in sys.modules for name in ('pydantic', 'kubernetes')))"
    subprocess.run([sys.executable, "-c", code], check=True)
