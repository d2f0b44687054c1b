"""Entities in the shape in which an OpenMetadata server returns them, many of them, and tokens of bots."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.images.recording.entities import quote_name

Document = dict[str, Any]

_UPDATED_AT = 1767225600000  # 2026-01-01T00:00:00Z
_SERVICES = (
    ("databaseService", "services/databaseServices", "Postgres"),
    ("databaseService", "services/databaseServices", "Snowflake"),
    ("dashboardService", "services/dashboardServices", "Tableau"),
    ("messagingService", "services/messagingServices", "Kafka"),
    ("pipelineService", "services/pipelineServices", "Airflow"),
    ("mlmodelService", "services/mlmodelServices", "Mlflow"),
    ("storageService", "services/storageServices", "S3"),
    ("searchService", "services/searchServices", "ElasticSearch"),
    ("apiService", "services/apiServices", "Rest"),
)
_SECRET = "what-only-a-bot-may-see"
_CONNECTIONS: dict[str, Document] = {
    "Postgres": {
        "scheme": "postgresql+psycopg2",
        "username": "reader",
        "authType": {"password": _SECRET},
        "hostPort": "shop-db:5432",
        "database": "shop",
    },
    "Snowflake": {"username": "reader", "password": _SECRET, "account": "shop", "warehouse": "wh"},
    "Tableau": {"hostPort": "https://tableau.example/", "authType": {"username": "reader", "password": _SECRET}},
    "Kafka": {"bootstrapServers": "kafka:9092", "saslPassword": _SECRET},
    "Airflow": {"hostPort": "http://airflow:8080/", "connection": {"type": "Backend"}},
    "Mlflow": {"trackingUri": "http://mlflow:5000", "registryUri": "http://mlflow:5000"},
    "S3": {"awsConfig": {"awsRegion": "eu-central-1", "awsSecretAccessKey": _SECRET}},
    "ElasticSearch": {"hostPort": "http://search:9200/", "authType": {"username": "reader", "password": _SECRET}},
    "Rest": {"openAPISchemaConnection": {"openAPISchemaURL": "https://shop.example/openapi.json"}},
}
_OF_DATABASES = (
    ("metadata", "DatabaseMetadata"),
    ("usage", "DatabaseUsage"),
    ("lineage", "DatabaseLineage"),
    ("profiler", "Profiler"),
    ("autoClassification", "AutoClassification"),
)
_METADATA = {
    "databaseService": "DatabaseMetadata",
    "dashboardService": "DashboardMetadata",
    "messagingService": "MessagingMetadata",
    "pipelineService": "PipelineMetadata",
    "mlmodelService": "MlModelMetadata",
    "storageService": "StorageMetadata",
    "searchService": "SearchMetadata",
    "apiService": "ApiMetadata",
}


def token(bot: str = "ingestion-bot", *, expires: timedelta | None = None, is_bot: bool = True) -> str:
    """A token as OpenMetadata makes them for bots, but for the signature."""
    now = datetime.now(UTC)
    claims: Document = {
        "iss": "open-metadata.org",
        "sub": bot,
        "email": f"{bot}@open-metadata.org",
        "isBot": is_bot,
        "tokenType": "BOT" if is_bot else "OM_USER",
        "iat": int(now.timestamp()),
        "exp": None if expires is None else int((now + expires).timestamp()),
    }
    parts = ({"kid": "test", "alg": "RS256", "typ": "JWT"}, claims)
    return ".".join([*(_part(item) for item in parts), "c2lnbmF0dXJl"])


def identity(kind: str, name: str) -> str:
    """The id of an entity, always the same one."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{name}"))


def service(name: str, kind: str = "databaseService", service_type: str = "Postgres") -> Document:
    """A service entity as a bot sees it, with its connection."""
    return {
        "id": identity(kind, name),
        "name": name,
        "fullyQualifiedName": quote_name(name),
        "serviceType": service_type,
        "connection": {"config": {"type": service_type, **_CONNECTIONS[service_type]}},
        "version": 0.1,
        "updatedAt": _UPDATED_AT,
        "updatedBy": "admin",
        "href": f"http://openmetadata:8585/api/v1/services/{kind}s/{identity(kind, name)}",
        "owners": [],
        "tags": [],
        "followers": [],
        "domains": [],
        "dataProducts": [],
        "deleted": False,
    }


def pipeline(
    name: str,
    of: Document,
    *,
    kind: str = "databaseService",
    pipeline_type: str = "metadata",
    schedule: str | None = "30 2 * * *",
    config: Document | None = None,
    **fields: Any,
) -> Document:
    """An IngestionPipeline entity as a bot sees it: without the connection to OpenMetadata, which nobody sees."""
    fqn = f"{of['fullyQualifiedName']}.{quote_name(name)}"
    return {
        "id": identity("ingestionPipeline", fqn),
        "name": name,
        "displayName": name,
        "pipelineType": pipeline_type,
        "fullyQualifiedName": fqn,
        "sourceConfig": {"config": config or {"type": _METADATA.get(kind, "DatabaseMetadata")}},
        "airflowConfig": {
            "pausePipeline": False,
            "concurrency": 1,
            "pipelineTimezone": "UTC",
            "retries": 0,
            "retryDelay": 300,
            "pipelineCatchup": False,
            "scheduleInterval": schedule,
            "maxActiveRuns": 1,
            "workflowDefaultView": "tree",
            "workflowDefaultViewOrientation": "LR",
        },
        "service": {
            "id": of["id"],
            "type": kind,
            "name": of["name"],
            "fullyQualifiedName": of["fullyQualifiedName"],
            "deleted": False,
            "href": f"http://openmetadata:8585/api/v1/services/{kind}s/{of['id']}",
        },
        "loggerLevel": "INFO",
        "raiseOnError": True,
        "deployed": True,
        "enabled": True,
        "href": f"http://openmetadata:8585/api/v1/services/ingestionPipelines/{identity('ingestionPipeline', fqn)}",
        "version": 0.1,
        "updatedAt": _UPDATED_AT,
        "updatedBy": "admin",
        "deleted": False,
        "provider": "user",
        **fields,
    }


def fleet(count: int) -> Document:
    """A seed with so many pipelines, spread over services of every kind."""
    entities: Document = {"services/ingestionPipelines": []}
    services = []
    for number, (kind, collection, service_type) in enumerate(_SERVICES):
        entity = service(f"{service_type.lower()}_{number}", kind, service_type)
        entities.setdefault(collection, []).append(entity)
        services.append((kind, entity))
    for number in range(count):
        kind, of = services[number % len(services)]
        pipeline_type, config_type = "metadata", _METADATA[kind]
        if kind == "databaseService":
            pipeline_type, config_type = _OF_DATABASES[number // len(services) % len(_OF_DATABASES)]
        entities["services/ingestionPipelines"].append(
            pipeline(
                str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))),
                of,
                kind=kind,
                pipeline_type=pipeline_type,
                config={"type": config_type},
                schedule=f"{number % 60} {number % 24} * * *" if number % 5 else None,
                enabled=bool(number % 7),
                displayName=f"{of['name']} {pipeline_type}",
            )
        )
    return {"entities": entities}


def _part(claims: Document) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
