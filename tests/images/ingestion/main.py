"""Runs the workflow of the environment's `config`: the stock image's contract, reimplemented."""

import importlib
import logging
import os
from typing import Any

import yaml

# The stock image's names, in its spelling.
CONFIG, PIPELINE_TYPE, RUN_ID = "config", "pipelineType", "pipelineRunId"

# Named, not imported: one run needs one of them, and each import costs seconds and memory.
_METADATA = ("metadata.workflow.metadata", "MetadataWorkflow")
WORKFLOWS = {
    "application": ("metadata.workflow.application", "ApplicationWorkflow"),
    "autoClassification": ("metadata.workflow.classification", "AutoClassificationWorkflow"),
    "dbt": _METADATA,
    "elasticSearchReindex": _METADATA,
    "lineage": _METADATA,
    "metadata": _METADATA,
    "profiler": ("metadata.workflow.profiler", "ProfilerWorkflow"),
    "TestSuite": ("metadata.workflow.data_quality", "TestSuiteWorkflow"),
    "usage": ("metadata.workflow.usage", "UsageWorkflow"),
}


def required(name: str) -> str:
    value = os.getenv(name)
    if not value:
        raise RuntimeError(f"Missing environment variable `{name}`")
    return value


def workflow_class(pipeline_type: str) -> Any:
    if pipeline_type not in WORKFLOWS:
        raise ValueError(f"unknown pipelineType {pipeline_type!r}; known: {', '.join(sorted(WORKFLOWS))}")
    module, name = WORKFLOWS[pipeline_type]
    return getattr(importlib.import_module(module), name)


def main() -> None:
    document: dict[str, Any] = yaml.safe_load(required(CONFIG))
    pipeline_type = required(PIPELINE_TYPE)
    run_id = os.getenv(RUN_ID)
    if run_id:
        document["pipelineRunId"] = run_id
    logging.getLogger("metadata.ingestion").info("running a pipeline of type %s", pipeline_type)
    workflow = workflow_class(pipeline_type).create(document)
    workflow.execute()
    workflow.raise_from_status()
    workflow.print_status()
    workflow.stop()


if __name__ == "__main__":
    main()
