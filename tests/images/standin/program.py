"""The contract around the steps: configuration from the environment, status rows, exit codes."""

import json
import logging
import os
import resource
import sys
from collections.abc import Mapping
from typing import Any

from . import report, steps

logger = logging.getLogger("standin")

# The stock image's names, in its spelling.
CONFIG, PIPELINE_TYPE, RUN_ID = "config", "pipelineType", "pipelineRunId"

# Where a document may carry the steps: a workflow, an application, an automation, a bare document.
_PLACES = (
    ("source", "sourceConfig", "config", "standin"),
    ("appConfig", "standin"),
    ("request", "standin"),
    ("request", "connection", "config", "standin"),
    # A real server keeps no other field of a connection that it does not know.
    ("request", "connection", "config", "connectionArguments", "standin"),
    ("standin",),
)


def parse(text: str) -> dict[str, Any]:
    """JSON first, as our client writes it; YAML, as the server's own client writes it, after that."""
    try:
        document = json.loads(text)
    except ValueError:
        import yaml

        document = yaml.safe_load(text)
    if not isinstance(document, dict):
        raise ValueError("the configuration is not a mapping")
    return document


def script_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The stand-in's block of a document; without one, a short run that succeeds."""
    for place in _PLACES:
        found: Any = document
        for key in place:
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):
            return dict(found)
    return {"steps": [{"log": "no `standin` block in the document: nothing to do"}]}


def main(kind: str) -> None:
    """Run as `main.py`, `run_automation.py` or the application runner does."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="[%(asctime)s] %(levelname)s {%(name)s} - %(message)s"
    )
    logger.info("STAND-IN for the ingestion (%s, pid %d): nothing is ingested here", kind, os.getpid())
    text = os.getenv(CONFIG)
    if not text:
        raise RuntimeError("Missing environment variable `config`")
    if kind == "workflow" and not os.getenv(PIPELINE_TYPE):
        raise RuntimeError("Missing environment variable `pipelineType`")
    document = parse(text)
    run_id = os.getenv(RUN_ID)
    if run_id:
        document["pipelineRunId"] = run_id
    script = script_of(document)
    run = steps.Run(document=document, text=text, server=report.Server.of(document))
    if script.get("report") and kind == "automation":
        _report_automation(run, script)
    elif script.get("report"):
        _report_workflow(run, script)
    else:
        steps.execute(run, script.get("steps", []))
    logger.info("STAND-IN done (peak memory %d MiB)", peak_memory_mib())


def peak_memory_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _report_workflow(run: steps.Run, script: Mapping[str, Any]) -> None:
    """Rows as a real run writes them: `running` at the start, the end before the program knows its exit code."""
    row = report.StatusRow(run.require_server(), run.document)
    row.put("running")
    state = "success"
    try:
        steps.execute(run, script.get("steps", []))
    except Exception:
        state = "failed"
        raise
    finally:
        # SystemExit gets here too, and says `success`: the real ingestion has just this flaw.
        row.put(script.get("finalState", state), errors=int(state == "failed"))


def _report_automation(run: steps.Run, script: Mapping[str, Any]) -> None:
    """As the real one: a test that fails is told to the server, and the program exits with 0 all the same."""
    server = run.require_server()
    automation = server.automation(str(run.document["name"]))
    status, message = "Successful", None
    try:
        steps.execute(run, script.get("steps", []))
    except steps.StepFailed as error:
        status, message = "Failed", str(error)
    server.finish_automation(automation["id"], status, message)
