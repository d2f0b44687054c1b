"""The pipeline service that the server calls for every list of rows, where it has one."""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

from .entities import Entity
from .rowcheck import checked

_PATH = "/pluginsv2/api/v2/openmetadata/status"
_TIMEOUT_SECONDS = 10


class QueuedError(Exception):
    """The pipeline service gave no response."""

    status = 400


class PipelineService:
    """Asks for queued runs; asks nobody as long as `address` is empty."""

    def __init__(self) -> None:
        self.address = ""

    def queued(self, pipeline: Entity) -> list[dict[str, Any]]:
        """The elements, as rows, which go before the server's own; none where the response is not 200.

        Raises:
            InvalidRowError: An element is no row.
            QueuedError: There is no response.
        """
        if not self.address:
            return []
        query = urlencode({"dag_id": pipeline["name"], "only_queued": "true"})
        try:
            with urllib.request.urlopen(f"{self.address}{_PATH}?{query}", timeout=_TIMEOUT_SECONDS) as response:
                found = json.loads(response.read()) if response.status == 200 else []
        except urllib.error.HTTPError as error:
            error.close()
            return []
        except OSError as error:
            raise QueuedError(f"Failed to get ingestion pipeline status due to {error}") from error
        return [checked(element) for element in found]
