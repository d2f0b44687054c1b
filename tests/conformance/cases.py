"""What is compared: the samples, and what our side makes of an entity."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from k8s_pipeline_client.domain.document import to_json
from k8s_pipeline_client.domain.entities import IngestionPipeline
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.resolve import resolve
from tests.data import SAMPLES, sample

Document = dict[str, Any]

NOT_RUN = frozenset({"dataInsight", "elasticSearchReindex", "policyAgent"})
"""The types that we refuse; `test_refused.py` shows that the packages do not run them either."""

_BOTH = ("1.12", "2.0")
REFUSED_KEYS: dict[str, tuple[Sequence[str], str, str]] = {
    "03_redshift_usage_no_stage_file": (_BOTH, "service", "connection.config.password"),
    "08_testsuite_table": (("2.0",), "pipeline", "sourceConfig.config.profileSampleType"),
    "12_kafka_metadata_cron_dow_names": (_BOTH, "pipeline", "sourceConfig.config.extractJsonSchema"),
}
"""Keys of samples that some releases do not know: sample -> (releases, where, path). They refuse the whole entity."""


@dataclass(frozen=True)
class Case:
    """A pipeline, and the service that it belongs to."""

    name: str
    pipeline: Document
    service: Document

    @property
    def kind(self) -> str:
        return str(self.pipeline["pipelineType"])

    @property
    def has_connection(self) -> bool:
        """Whether a run connects to a service of its own."""
        return self.kind != "application" and self.pipeline["service"]["type"] != "testSuite"

    def known_to(self, release: str) -> Case:
        """The case without the key that a release does not know."""
        releases, where, path = REFUSED_KEYS.get(self.name, ((), "", ""))
        if release not in releases:
            return self
        known = copy.deepcopy(self)
        *parents, key = path.split(".")
        found: Any = known.pipeline if where == "pipeline" else known.service
        for parent in parents:
            found = found[parent]
        del found[key]
        return known

    def ours(self, *, with_connection: bool = False) -> Document:
        """The document that we build: the server's form, or with the service's connection in it."""
        definitions = [
            *recognise(self.pipeline, self.name),
            *recognise(self.service, self.name, with_connection=with_connection),
        ]
        (built,) = resolve(definitions)
        return _as_the_run_reads_it(built)

    def with_changes(self, name: str, **changes: Any) -> Case:
        """A variant: keys of the pipeline, or with `service=` of the service."""
        service = changes.pop("service", {})
        return Case(f"{self.name}, {name}", {**self.pipeline, **changes}, {**self.service, **service})


def pipelines() -> list[Case]:
    """Every sample of a pipeline, each with its service."""
    services = {found["name"]: found for found in map(_read, sorted(SAMPLES.glob("services/*.json")))}
    read = [(path.stem, sample(f"pipelines/{path.name}")) for path in sorted(SAMPLES.glob("pipelines/*.json"))]
    return [Case(name, pipeline, services[pipeline["service"]["name"]]) for name, pipeline in read]


def run_pipelines() -> list[Case]:
    """The samples of the types that run in a pod."""
    return [case for case in pipelines() if case.kind not in NOT_RUN]


def automations() -> list[tuple[str, Document]]:
    return [(path.stem, _read(path)) for path in sorted(SAMPLES.glob("automation/*.json"))]


def document_of(entity: Document, name: str) -> Document:
    """The document that we build of an entity that needs no service: an automation, an application."""
    (built,) = resolve(recognise(entity, name))
    return _as_the_run_reads_it(built)


def round_trip(entity: Document) -> Document:
    """A pipeline entity, read into our model and written again."""
    (definition,) = recognise(entity, "generated")
    assert isinstance(definition.entity, IngestionPipeline)
    return definition.entity.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _as_the_run_reads_it(pipeline: Pipeline) -> Document:
    document: Document = json.loads(to_json(pipeline.document, pipeline.origin))
    return document


def _read(path: Any) -> Document:
    found: Document = json.loads(path.read_text())
    return found
