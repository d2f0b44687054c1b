"""A shop's PostgreSQL and a recording stand-in for the OpenMetadata server, as pods; and definitions for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tests.cluster.support.access import Access
from tests.cluster.support.routes import await_route
from tests.images import manifests
from tests.images.recording import documents

READER_PASSWORD = "reader-of-the-shop-9"
TOKEN = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJpbmdlc3Rpb24tYm90In0.c3RhbmQtaW4"
SERVICE = "shop"
_PATIENCE = "--timeout=240s"
WRONG_PASSWORD = f"{SERVICE}.wrong_password"
# Not "openmetadata": the runs bear that as app.kubernetes.io/name, and the Service would send requests to them.
SERVER_NAME, DATABASE_NAME, SILENT_NAME = "recording-server", "shop-postgres", "silent-database"
_KNOWN = tuple(documents.ingestion_pipeline(SERVICE, name) for name in ("shop_metadata", "wrong_password"))


@dataclass(frozen=True)
class Shop:
    """Both, running.

    Addresses are the Services' cluster IPs: a one-node cluster for tests may have no DNS.

    Attributes:
        image: The recording server's.
    """

    access: Access
    namespace: str
    database: str
    server: str
    image: str

    @classmethod
    def open(
        cls,
        access: Access,
        namespace: str,
        *,
        database_image: str,
        server_image: str,
        pipelines: Sequence[Mapping[str, Any]] = _KNOWN,
    ) -> Shop:
        """Start the pods unless they are there, and wait until they are ready; the server knows these pipelines."""
        database = manifests.postgres(namespace, image=database_image, password=READER_PASSWORD, name=DATABASE_NAME)
        _apply(access, database)
        address = f"{_cluster_ip(access, namespace, DATABASE_NAME)}:{manifests.POSTGRES_PORT}"
        seed = documents.seed(
            services=[documents.database_service(SERVICE, _connection(address, READER_PASSWORD))],
            pipelines=[dict(pipeline) for pipeline in pipelines],
            automations=[_test_connection(address)],
        )
        _apply(access, manifests.recording_server(namespace, image=server_image, name=SERVER_NAME, seed=seed))
        pods = [f"pod/{DATABASE_NAME}", f"pod/{SERVER_NAME}"]
        access.run("-n", namespace, "wait", "--for=condition=Ready", _PATIENCE, *pods)
        server = f"{_cluster_ip(access, namespace, SERVER_NAME)}:{manifests.SERVER_PORT}"
        if access.embedded:
            await_route(address)
            await_route(server)
        return cls(access, namespace, address, f"http://{server}/api", server_image)

    def silent_database(self) -> str:
        """Return the address of a database that takes connections, and never says a word."""
        _apply(self.access, manifests.silent_database(self.namespace, image=self.image, name=SILENT_NAME))
        wait = ("wait", "--for=condition=Ready", _PATIENCE, f"pod/{SILENT_NAME}")
        self.access.run("-n", self.namespace, *wait)
        return f"{_cluster_ip(self.access, self.namespace, SILENT_NAME)}:{manifests.POSTGRES_PORT}"

    def service(self) -> dict[str, Any]:
        """The service entity."""
        return {"name": SERVICE, "fullyQualifiedName": SERVICE, "serviceType": "Postgres"}

    def pipeline(self, name: str = "shop_metadata", *, schedule: str | None = "@daily") -> dict[str, Any]:
        """An IngestionPipeline entity; the run fetches the service's connection from the server."""
        return entity(name, schedule=schedule) | {"openMetadataServerConnection": self._server_connection()}

    def workflow_with_a_wrong_password(self) -> dict[str, Any]:
        """A plain workflow document, as `metadata ingest -c` takes it, whose password is refused."""
        return {
            "name": "wrong_password",
            "source": {
                "type": "postgres",
                "serviceName": SERVICE,
                "serviceConnection": _connection(self.database, "not-the-password"),
                "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
            },
            "sink": {"type": "metadata-rest", "config": {}},
            "workflowConfig": {"loggerLevel": "INFO", "openMetadataServerConfig": self._server_connection()},
            "ingestionPipelineFQN": WRONG_PASSWORD,
        }

    def test_connection(self) -> dict[str, Any]:
        """The automation that tests the connection to the database, as the server hands it over."""
        return _test_connection(self.database) | {"openMetadataServerConnection": self._server_connection()}

    def app(self, **config: Any) -> dict[str, Any]:
        """The App entity of the example application that the published package has."""
        return {
            "name": "HelloPipelines",
            "appType": "external",
            "sourcePythonClass": "metadata.applications.example.HelloPipelines",
            "appConfiguration": config,
            "openMetadataServerConnection": self._server_connection(),
        }

    def recorded(self, path: str) -> Any:
        """Return what the recording server has noted, by the API server's proxy."""
        return self.access.api.request("GET", f"{self._proxy()}/_recorded/{path}")

    def told(self, method: str, path: str, body: Any = None) -> Any:
        """Tell the recording server what a test wants of it: faults, entities, tokens."""
        return self.access.api.request(method, f"{self._proxy()}/{path}", body=body)

    def _proxy(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/services/{SERVER_NAME}:{manifests.SERVER_PORT}/proxy"

    def _server_connection(self) -> dict[str, Any]:
        return {
            "clusterName": "openmetadata",
            "hostPort": self.server,
            "authProvider": "openmetadata",
            "securityConfig": {"jwtToken": TOKEN},
        }


def entity(name: str, *, schedule: str | None) -> dict[str, Any]:
    """Return an IngestionPipeline entity of the shop as OpenMetadata's API shows it: nobody sees how it is reached."""
    return {
        "name": name,
        "displayName": name,
        "fullyQualifiedName": f"{SERVICE}.{name}",
        "pipelineType": "metadata",
        "service": {"type": "databaseService", "name": SERVICE},
        "sourceConfig": {"config": {"type": "DatabaseMetadata", "schemaFilterPattern": {"includes": ["^public$"]}}},
        "airflowConfig": {"scheduleInterval": schedule},
        "enabled": True,
    }


def _connection(address: str, password: str) -> dict[str, Any]:
    return documents.postgres_connection(
        address, username=manifests.POSTGRES_USER, password=password, database=manifests.POSTGRES_DATABASE
    )


def _test_connection(address: str) -> dict[str, Any]:
    return {
        "id": "cead4ce2-f608-5959-81e6-42fc016175cb",
        "name": "test-the-shop",
        "fullyQualifiedName": "test-the-shop",
        "workflowType": "TEST_CONNECTION",
        "status": "Pending",
        "request": {
            "connection": _connection(address, READER_PASSWORD),
            "serviceType": "Database",
            "connectionType": "Postgres",
            "serviceName": None,
            "secretsManagerProvider": "db",
        },
    }


def _apply(access: Access, items: list[dict[str, Any]]) -> None:
    access.run("apply", "-f", "-", given=yaml.safe_dump_all(items))


def _cluster_ip(access: Access, namespace: str, name: str) -> str:
    return str(access.api.get(namespace, "service", name)["spec"]["clusterIP"])
