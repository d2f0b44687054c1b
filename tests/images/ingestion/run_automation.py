"""Runs the automation of the environment's `config`, such as a connection test."""

import importlib
import os
from typing import Any

import yaml

CONFIG = "config"


def main() -> None:
    text = os.getenv(CONFIG)
    if not text:
        raise RuntimeError(f"Missing environment variable `{CONFIG}`")
    document: Any = yaml.safe_load(text)
    model = importlib.import_module("metadata.generated.schema.entity.automations.workflow").Workflow
    execute = importlib.import_module("metadata.automations.execute_runner").execute
    execute(model.model_validate(document))


if __name__ == "__main__":
    main()
