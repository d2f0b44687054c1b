"""What a release's published packages make of documents: a line of JSON asks, a line of JSON answers.

Runs as a program in the release's venv, so it knows nothing of ours: `worker.py URL-OF-THE-STAND-IN`.
A question is `{"ask": name, …arguments}`; the answer `{"answer": …}`, or `{"refused": class, "why": text}`.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

Document = dict[str, Any]

_GENERATED = "metadata.generated.schema"
_INGESTION = "openmetadata_managed_apis.workflows.ingestion"

MODELS = {
    "pipeline": (f"{_GENERATED}.entity.services.ingestionPipelines.ingestionPipeline", "IngestionPipeline"),
    "workflow": (f"{_GENERATED}.metadataIngestion.workflow", "OpenMetadataWorkflowConfig"),
    "application": (f"{_GENERATED}.metadataIngestion.application", "OpenMetadataApplicationConfig"),
    "automation": (f"{_GENERATED}.entity.automations.workflow", "Workflow"),
} | {
    f"{name[0].lower()}{name[1:]}Service": (
        f"{_GENERATED}.entity.services.{name[0].lower()}{name[1:]}Service",
        f"{name}Service",
    )
    for name in ("Api", "Dashboard", "Database", "Messaging", "Pipeline", "Search", "Storage")
}
MODELS["mlmodelService"] = (f"{_GENERATED}.entity.services.mlmodelService", "MlModelService")
# The modules whose builders open a client of their own to look the service up.
_OPENING = ("common", "es_reindex")


class Packages:
    """The packages, imported once: that takes most of the time."""

    def __init__(self, stand_in: str) -> None:
        self._models = {name: getattr(importlib.import_module(path), kind) for name, (path, kind) in MODELS.items()}
        self._builders: Mapping[str, Callable[[Any], Any]] = importlib.import_module(
            f"{_INGESTION}.registry"
        ).build_registry.registry
        self._send_clients_to(stand_in)

    def _send_clients_to(self, stand_in: str) -> None:
        """A builder's client goes to the stand-in. The entity's own connection stays what goes into the document."""
        client = importlib.import_module("metadata.ingestion.ometa.ometa_api").OpenMetadata
        connection = importlib.import_module(
            f"{_GENERATED}.entity.services.connections.metadata.openMetadataConnection"
        ).OpenMetadataConnection.model_validate(
            {"hostPort": stand_in, "authProvider": "openmetadata", "securityConfig": {"jwtToken": "e30.e30.none"}}
        )
        for name in _OPENING:
            vars(importlib.import_module(f"{_INGESTION}.{name}"))["OpenMetadata"] = lambda config: client(connection)

    def types(self) -> list[str]:
        """The pipeline types that have a builder."""
        return sorted(self._builders)

    def schema(self, model: str) -> Document:
        schema: Document = self._models[model].model_json_schema()
        return schema

    def parse(self, model: str, document: Document) -> Document:
        """What a model keeps of a document, in the form in which a run gets it."""
        return _dumped(self._models[model].model_validate(document))

    def build(self, pipeline: Document) -> Document:
        """What the task of the pipeline's DAG gets, from the entity as the server would send it."""
        entity = self._models["pipeline"].model_validate(pipeline)
        dag = self._builders[entity.pipelineType.value](entity)
        (task,) = dag.tasks
        return _dumped(task.op_kwargs["workflow_config"])

    def has_source(self, source: str) -> bool:
        """Whether the ingestion has code for a `source.type`, found as its workflow finds it."""
        kind = importlib.import_module("metadata.utils.class_helper").get_service_type_from_source_type(source)
        specs = importlib.import_module("metadata.utils.service_spec.service_spec")
        try:
            specs.import_source_class(service_type=kind, source_type=source)
        except importlib.import_module("metadata.utils.importer").DynamicImportException:
            return False
        return True


def _dumped(model: Any) -> Document:
    """As the published tasks hand a document to their workflow: what is unset or null stays away."""
    document: Document = json.loads(model.model_dump_json(exclude_defaults=False, mask_secrets=False))
    return document


def main() -> None:
    # Whatever they print must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    packages = Packages(sys.argv[1])
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"answer": getattr(packages, question.pop("ask"))(**question)}
        except Exception as error:
            answer = {"refused": type(error).__name__, "why": str(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
