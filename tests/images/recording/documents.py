"""Documents that a test seeds the server with: a database service, an ingestion pipeline, an automation."""

from typing import Any

from .entities import quote_name

Document = dict[str, Any]


def postgres_connection(host_port: str, *, username: str, password: str, database: str) -> Document:
    """The `connection` of a Postgres database service, as the server hands it to a run."""
    return {
        "config": {
            "type": "Postgres",
            "scheme": "postgresql+psycopg2",
            "hostPort": host_port,
            "username": username,
            "authType": {"password": password},
            "database": database,
        }
    }


def database_service(name: str, connection: Document | None = None, *, kind: str = "Postgres") -> Document:
    service: Document = {"name": name, "serviceType": kind}
    return service if connection is None else {**service, "connection": connection}


def ingestion_pipeline(service: str, name: str, *, pipeline_type: str = "metadata") -> Document:
    """A pipeline that the server knows: only then does it take status rows for it."""
    return {
        "name": name,
        "fullyQualifiedName": f"{quote_name(service)}.{quote_name(name)}",
        "pipelineType": pipeline_type,
        "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
        "airflowConfig": {},
        "service": service,
        "enabled": True,
    }


def seed(
    *,
    services: list[Document] | None = None,
    pipelines: list[Document] | None = None,
    automations: list[Document] | None = None,
) -> Document:
    """What `POST /_seed`, `RECORDING_SEED` and `RecordingServer(seed=…)` take."""
    return {
        "entities": {
            "services/databaseServices": services or [],
            "services/ingestionPipelines": pipelines or [],
            "automations/workflows": automations or [],
        }
    }
