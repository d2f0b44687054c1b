"""The documents of one-shot runs without an IngestionPipeline: automations and applications."""

from __future__ import annotations

from types import MappingProxyType

from k8s_pipeline_client.domain.entities import App, AutomationWorkflow, Document
from k8s_pipeline_client.domain.workflow import required_connection, without_nulls, workflow_config
from k8s_pipeline_client.errors import DefinitionError

DEADLINE_SECONDS = 110
"""Seconds: OpenMetadata's UI times out after two minutes."""

SETTINGS = MappingProxyType(
    {
        "activeDeadlineSeconds": DEADLINE_SECONDS,
        "startTimeoutSeconds": DEADLINE_SECONDS,
        "backoffLimit": 0,
        "ttlSecondsAfterFinished": 300,
    }
)
"""The settings of automations, by their documented names: a person waits for the result, which is not needed later."""


def automation_document(workflow: AutomationWorkflow, connection: Document | None, origin: str) -> Document:
    """Return the document for ``run_automation.py``: the entity as the server sends it, without nulls.

    Args:
        workflow: The automation.
        connection: The connection to OpenMetadata, if the entity has none.
        origin: Where it was defined, for errors.

    Raises:
        DefinitionError: There is no connection to OpenMetadata.
    """
    found = workflow.model_dump(mode="json", by_alias=True, exclude_unset=True)
    found["openMetadataServerConnection"] = required_connection(
        workflow.open_metadata_server_connection or connection, origin
    )
    document: Document = without_nulls(found)
    return document


def application_document(app: App, connection: Document | None, origin: str) -> Document:
    """Return the workflow document of an application, equal to that of a pipeline for it.

    Args:
        app: The application.
        connection: The connection to OpenMetadata, if the entity has none.
        origin: Where it was defined, for errors.

    Raises:
        DefinitionError: It does not run in a pod, or there is no connection to OpenMetadata.
    """
    if not app.source_python_class:
        raise DefinitionError(
            f"{origin}: application {app.name!r} has no sourcePythonClass, so it runs inside OpenMetadata's server",
            hint="start it there, on its page in Settings, Applications",
        )
    server = required_connection(app.open_metadata_server_connection or connection, origin)
    runner = app.ingestion_runner
    document: Document = without_nulls(
        {
            "workflowConfig": workflow_config(server),
            "sourcePythonClass": app.source_python_class,
            "appConfig": app.app_configuration,
            "appPrivateConfig": app.private_configuration,
            "enableStreamableLogs": False,
            "ingestionRunnerName": (runner.name or None) if runner else None,
        }
    )
    return document
