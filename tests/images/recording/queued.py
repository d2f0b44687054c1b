"""The pipeline service that the server calls, where it has one: what is asked of it, in the shapes of a real server."""

import base64
import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from .entities import Entity
from .rowcheck import checked

_ROOT = "/pluginsv2/api/v2/openmetadata"
_TIMEOUT_SECONDS = 60


class QueuedError(Exception):
    """The pipeline service gave no response."""

    status = 400


@dataclass(frozen=True)
class Said:
    """A response of the pipeline service; only 200 is success."""

    status: int
    text: str


class PipelineService:
    """Calls nobody as long as `address` is empty.

    `server_url` and `server_token` are what deploys say of the server itself.
    """

    def __init__(self) -> None:
        self.address = ""
        self.login = ("admin", "admin")
        self.server_url = ""
        self.server_token = ""

    def call(self, method: str, operation: str, body: Any = None) -> Said:
        """Send a request as the server's client does.

        Raises:
            QueuedError: There is no response.
        """
        content = b"" if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}{_ROOT}/{operation}", method=method, data=content)
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(self.login).encode()).decode())
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
                return Said(response.status, response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Said(error.code, error.read().decode())
        except (OSError, http.client.HTTPException) as error:
            # Of the latter kind: a service that is killed with half of its response sent.
            raise QueuedError(f"Unable to connect to Airflow APIs: {error}") from error

    def change(self, method: str, operation: str, body: Any = None) -> Said:
        """Send what changes something; a token is asked for first, as for each such request.

        Raises:
            QueuedError: There is no response.
        """
        self.call("GET", "csrf-token")
        return self.call(method, operation, body)

    def connection(self) -> Entity:
        """What entities that are sent say of the server."""
        return {
            "clusterName": "openmetadata",
            "type": "OpenMetadata",
            "hostPort": self.server_url,
            "authProvider": "openmetadata",
            "verifySSL": "no-ssl",
            "securityConfig": {"jwtToken": self.server_token},
        }

    def queued(self, pipeline: Entity) -> list[dict[str, Any]]:
        """The elements, as rows, which go before the server's own; none where the response is not 200.

        Raises:
            InvalidRowError: An element is no row.
            QueuedError: There is no response.
        """
        if not self.address:
            return []
        said = self.call("GET", "status?" + urlencode({"dag_id": pipeline["name"], "only_queued": "true"}))
        return [checked(element) for element in json.loads(said.text)] if said.status == 200 else []
