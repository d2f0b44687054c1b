"""Pipeline entities made from the published schema, one strategy per pipeline type."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from .cases import REFUSED_KEYS, Case, Document, pipelines
from .cases import automations as samples_of_automations
from .schemas import Generator, Values

SOURCE_CONFIGS = {
    "metadata": "ServiceMetadataPipeline",
    "usage": "QueryUsagePipeline",
    "lineage": "QueryLineagePipeline",
    "profiler": "ProfilerPipeline",
    "autoClassification": "AutoClassificationPipeline",
    "TestSuite": "TestSuitePipeline",
    "dbt": "DbtPipeline",
    "application": "ApplicationPipeline",
}
"""Pipeline type -> how the definitions end that its `sourceConfig.config` may have."""

NOT_OURS = ("DataInsightPipeline", "MetadataToElasticSearchPipeline", "PolicyAgentPipeline", "ReverseIngestionPipeline")
"""Of the types that nothing runs in a pod; the last is no pipeline but the request of an automation."""

_SECONDS = st.none() | st.integers(0, 10**6)
AIRFLOW_BOUNDS: dict[tuple[str, str], Values] = {
    # The schema has numbers without bounds. One below zero means nothing; what we refuse is the unit tests' matter.
    ("AirflowConfig", "retries"): st.none() | st.integers(0, 1000),
    ("AirflowConfig", "retryDelay"): _SECONDS,
    ("AirflowConfig", "workflowTimeout"): _SECONDS,
    ("AirflowConfig", "maxActiveRuns"): st.none() | st.integers(1, 1000),
    ("AirflowConfig", "concurrency"): st.none() | st.integers(0, 1000),
}

NOT_BROKEN: dict[tuple[str, str], Values] = {
    # Where it is empty or null, their builder puts an open file in its place, and no document comes of it.
    ("DatabaseServiceQueryUsagePipeline", "stageFileLocation"): st.text("abc/", min_size=1, max_size=8),
}

REQUESTS = ("QueryRunnerRequest", "ReverseIngestionPipeline", "TestSparkEngineConnectionRequest")
"""What an automation may ask for, besides the test of a connection."""

# What a document is made of. The rest of the entity has a test of its own, in test_entities.py.
_IN_THE_DOCUMENT = ("name", "loggerLevel", "raiseOnError", "enableStreamableLogs")


def source_configs(generator: Generator, kind: str | None = None) -> list[str]:
    """The definitions that `sourceConfig.config` may have: of a type, else all."""
    found = generator.schema["$defs"]["SourceConfig"]["properties"]["config"]["anyOf"]
    names = [part["$ref"].rpartition("/")[2] for part in found if "$ref" in part]
    return [name for name in names if name.endswith(SOURCE_CONFIGS[kind])] if kind else names


@st.composite
def entities(draw: st.DrawFn, generator: Generator, kind: str) -> Case:
    """A pipeline of a type with its service; the connection and the references are a sample's."""
    configs = source_configs(generator, kind)
    of = {kind} | ({"metadata"} if kind != "application" else set())
    like = draw(st.sampled_from([case for case in pipelines() if case.kind in of and _usable(case)]))
    parts = generator.properties()
    pipeline: Document = {
        **{key: draw(parts[key]) for key in _IN_THE_DOCUMENT},
        "pipelineType": kind,
        "service": copy.deepcopy(like.pipeline["service"]),
        "sourceConfig": {"config": draw(st.one_of(*(_typed(generator, name) for name in configs)))},
        "airflowConfig": {},
        "openMetadataServerConnection": draw(_connections(generator)),
    }
    pipeline["fullyQualifiedName"] = f"{like.service['fullyQualifiedName']}.{pipeline['name']}"
    service = copy.deepcopy(like.service)
    if draw(st.booleans()):
        runner = {"id": service["id"], "type": "ingestionRunner", "name": draw(st.text("ab ÄÖ'\"", min_size=1))}
        service["ingestionRunner"] = runner
    return Case(f"generated {kind} like {like.name}", pipeline, service)


@st.composite
def automations(draw: st.DrawFn, generator: Generator) -> Document:
    """Automation workflows with every kind of request; a connection that is tested is the sample's."""
    parts = generator.properties()
    tested = copy.deepcopy(draw(st.sampled_from([automation["request"] for _, automation in samples_of_automations()])))
    requests = [st.just(tested), *(_typed(generator, name) for name in REQUESTS)]
    keys = ("id", "name", "displayName", "description", "workflowType", "status", "updatedBy", "deleted")
    automation: Document = {key: draw(parts[key]) for key in keys}
    connection = draw(_connections(generator))
    return {**automation, "request": draw(st.one_of(requests)), "openMetadataServerConnection": connection}


def _typed(generator: Generator, name: str) -> st.SearchStrategy[Document]:
    """With its `type`, by which the models tell the configurations apart; the server always has it."""
    kind = generator.schema["$defs"][name]["properties"].get("type", {}).get("default")  # none where it is required
    made: st.SearchStrategy[Document] = generator.definition(name)
    return made.map(lambda config: {**config, "type": kind}) if kind else made


def _connections(generator: Generator) -> st.SearchStrategy[Document]:
    """Of any shape, with what every one of ours has: a token, and a name that tells the instances apart."""
    token = {"clusterName": "openmetadata", "authProvider": "openmetadata", "securityConfig": {"jwtToken": "e30.e30.x"}}
    made: st.SearchStrategy[dict[str, Any]] = generator.definition("OpenMetadataConnection")
    return made.map(lambda connection: {**connection, **token})


def _usable(case: Case) -> bool:
    """Not the one whose service the packages refuse; it is compared as a sample."""
    return case.name not in REFUSED_KEYS or REFUSED_KEYS[case.name][1] != "service"
