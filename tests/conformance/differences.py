"""The differences between our documents and those of the published builders: all that there are, each with its reason.

Each function takes one difference out of a pair of documents, and nothing else. `test_differences.py` shows that
none can be left out.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .cases import Case, Document


@dataclass(frozen=True)
class Pair:
    """The two documents of one entity; a difference changes its own copy of them."""

    case: Case
    ours: Document
    theirs: Document


Difference = Callable[[Pair], None]


def run_id(pair: Pair) -> None:
    """Theirs is made for one run and has its id; ours is stored, and the entry point adds the id of each run."""
    assert pair.theirs.pop("pipelineRunId")


def success_threshold(pair: Pair) -> None:
    """Ours has the schema's default written out, as the server writes it; theirs leaves it to the schema."""
    assert pair.ours["workflowConfig"].pop("successThreshold") == 90


def raise_on_error_not_handed_on(pair: Pair) -> None:
    """Three of their builders forget the entity's raiseOnError; ours hands it on for every type."""
    if pair.case.kind in ("profiler", "autoClassification", "TestSuite"):
        assert "raiseOnError" not in pair.theirs["workflowConfig"]
        assert pair.ours["workflowConfig"].pop("raiseOnError") is (pair.case.pipeline.get("raiseOnError") is not False)


def null_is_the_default(pair: Pair) -> None:
    """A truth value that is null in the entity is left out of theirs; ours has the schema's default written out."""
    ours, theirs, entity = pair.ours, pair.theirs, pair.case.pipeline
    places = (("raiseOnError", True, ours["workflowConfig"], theirs["workflowConfig"]),)
    for key, default, our_part, their_part in (*places, ("enableStreamableLogs", False, ours, theirs)):
        if entity.get(key, default) is None and key in our_part:
            assert key not in their_part
            assert our_part.pop(key) is default


def null_of_free_form(pair: Pair) -> None:
    """Theirs keeps a null inside an object of free form, such as an application's; ours has none anywhere."""
    clean = without_nulls(pair.theirs)
    pair.theirs.clear()
    pair.theirs.update(clean)


def profiler_metrics(pair: Pair) -> None:
    """The server hands the chosen metrics to the processor too, and so do we; their builder configures nothing."""
    metrics = pair.case.pipeline["sourceConfig"]["config"].get("metrics")
    if pair.case.kind == "profiler" and metrics:
        assert pair.theirs["processor"]["config"] == {}
        assert pair.ours["processor"]["config"].pop("profiler") == {"name": "ingestion-profiler", "metrics": metrics}


def runner_name(pair: Pair) -> None:
    """The server names the service's ingestion runner in the document, and so do we; their builders do not."""
    runner = pair.case.service.get("ingestionRunner")
    if runner:
        assert pair.ours.pop("ingestionRunnerName") == runner["name"]


def connection_left_out(pair: Pair) -> None:
    """In the server's form the run fetches the connection itself, through the secrets manager; theirs holds it."""
    if pair.case.has_connection and "serviceConnection" not in pair.ours["source"]:
        assert pair.theirs["source"].pop("serviceConnection")


def filter_patterns_of_connection(pair: Pair) -> None:
    """Their models of connections write out the defaults of filter patterns; ours is what the entity holds."""
    for ours, theirs in _connections(pair):
        for key in theirs.keys() - ours.keys():
            if key.endswith("FilterPattern"):
                del theirs[key]


def slash_of_urls(pair: Pair) -> None:
    """Their models close the URL of a host with a slash; ours is what the entity holds."""
    for ours, theirs in _connections(pair):
        for key, value in ours.items():
            if isinstance(value, str) and "://" in value and theirs.get(key) == f"{value}/":
                theirs[key] = value


SERVER_FORM: tuple[Difference, ...] = (
    run_id,
    success_threshold,
    raise_on_error_not_handed_on,
    null_is_the_default,
    null_of_free_form,
    profiler_metrics,
    runner_name,
    connection_left_out,
)
OF_MODELS: tuple[Difference, ...] = (filter_patterns_of_connection, slash_of_urls)
"""What a published model changes in a document that it reads."""
WITH_CONNECTION: tuple[Difference, ...] = (*SERVER_FORM[:-1], *OF_MODELS)


def without_nulls(value: Any) -> Any:
    """A value without the keys that are null, at any depth."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def apart_from(differences: tuple[Difference, ...], case: Case, ours: Document, theirs: Document) -> Pair:
    """The two documents without some differences."""
    pair = Pair(case, copy.deepcopy(ours), copy.deepcopy(theirs))
    for difference in differences:
        difference(pair)
    return pair


def _connections(pair: Pair) -> Iterator[tuple[Document, Document]]:
    found: list[Any] = [document.get("source", {}).get("serviceConnection") for document in (pair.ours, pair.theirs)]
    if all(found):
        yield found[0]["config"], found[1]["config"]
