"""The contracts of import-linter, as pyproject.toml has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from importlinter.api import read_configuration

ROOT = Path(__file__).parents[1]
PACKAGE = "k8s_pipeline_client"
CONFIGURATION = read_configuration(str(ROOT / "pyproject.toml"))
CONTRACTS: dict[str, dict[str, Any]] = {options["id"]: options for options in CONFIGURATION["contracts_options"]}
