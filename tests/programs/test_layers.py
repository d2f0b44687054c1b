"""A forbidden import in a copy of the files breaks the contract that forbids it, and no other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts import CONTRACTS, PACKAGE, ROOT

LINES = [
    ("layers", "inventory/find.py", "from k8s_pipeline_client.runs import wait"),
    ("circles", "domain/schedule.py", "from k8s_pipeline_client.domain import pipeline"),
    ("adapters", "cluster/port.py", "from k8s_pipeline_client.settings import load"),
    ("pure", "status/compute.py", "import time"),
    ("kubernetes", "runs/wait.py", "from urllib3.util import Retry"),
    ("httpx", "deploying/fetch.py", "import httpx"),
    ("terminal", "client/pipelines.py", "from rich.console import Console"),
    ("pydantic", "status/models.py", "from pydantic import BaseModel"),
    ("serving", "client/pipelines.py", "import uvicorn"),
    ("yaml", "settings/shapes.py", "from yaml import safe_load"),
    ("croniter", "status/pipeline.py", "import croniter"),
    ("prometheus", "client/pipelines.py", "import prometheus_client"),
]


def test_a_line_is_tried_for_each_contract() -> None:
    assert [contract for contract, _, _ in LINES] == list(CONTRACTS)


@pytest.mark.parametrize(("contract", "file", "line"), LINES)
def test_a_line_in_a_file_breaks_its_contract_alone(tmp_path: Path, contract: str, file: str, line: str) -> None:
    shutil.copytree(ROOT / PACKAGE, tmp_path / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / PACKAGE / file).open("a") as source:
        source.write(f"\n\ndef late() -> None:\n    {line}\n")

    # A program of its own: this one has imported the package, and would look there.
    program = str(Path(sys.executable).with_name("lint-imports"))
    lint = [program, "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    found = subprocess.run(lint, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})

    lines = found.stdout.splitlines()
    assert [line.split(" BROKEN")[0] for line in lines if " BROKEN" in line] == [CONTRACTS[contract]["name"]], found
    assert f"Contracts: {len(CONTRACTS) - 1} kept, 1 broken." in lines
