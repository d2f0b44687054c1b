"""Definitions for the stand-in image: real shapes, with what the run is to do in `sourceConfig.config.standin`."""

from __future__ import annotations

import uuid
from typing import Any

PASSWORD = "hunter-2-is-a-secret"
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJpbmdlc3Rpb24tYm90In0.not-a-signature"


def service(name: str = "pg_prod", *, kind: str = "Postgres") -> dict[str, Any]:
    """A service entity."""
    return {"name": name, "fullyQualifiedName": name, "serviceType": kind, "id": str(uuid.uuid4())}


def pipeline(
    *steps: dict[str, Any],
    name: str = "nightly",
    service_name: str = "pg_prod",
    schedule: str | None = None,
    server: str = "http://openmetadata.invalid:8585/api",
    report: bool = False,
    **fields: Any,
) -> dict[str, Any]:
    """An IngestionPipeline entity whose run does these steps."""
    return {
        "id": str(uuid.uuid4()),
        "name": name,
        "displayName": name,
        "fullyQualifiedName": f"{service_name}.{name}",
        "pipelineType": "metadata",
        "service": {"type": "databaseService", "name": service_name, "fullyQualifiedName": service_name},
        "sourceConfig": {
            "config": {
                "type": "DatabaseMetadata",
                "password": PASSWORD,
                "standin": {"steps": list(steps), "report": report},
            }
        },
        "airflowConfig": {"scheduleInterval": schedule, "pipelineTimezone": "UTC"},
        "loggerLevel": "INFO",
        "enabled": True,
        "openMetadataServerConnection": {
            "clusterName": "openmetadata",
            "hostPort": server,
            "authProvider": "openmetadata",
            "securityConfig": {"jwtToken": TOKEN},
        },
        **fields,
    }
