"""What a run tells the OpenMetadata server, in the order and shape of the real ingestion."""

import json
import logging
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

logger = logging.getLogger("standin.report")

_TIMEOUT_SECONDS = 30


class Server:
    """A small client of `openMetadataServerConfig`; an error answer raises urllib's HTTPError."""

    def __init__(self, host_port: str, token: str | None) -> None:
        self._base = host_port.rstrip("/")
        self._token = token

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Server | None":
        """The server of a workflow document or of an automation; None where none is named."""
        config = (document.get("workflowConfig") or {}).get("openMetadataServerConfig") or document.get(
            "openMetadataServerConnection"
        )
        if not config or not config.get("hostPort"):
            return None
        return cls(config["hostPort"], (config.get("securityConfig") or {}).get("jwtToken"))

    def call(self, method: str, path: str, body: Any = None, *, kind: str = "application/json") -> Any:
        import urllib.request  # takes as long as all else, and most runs tell nobody anything

        request = urllib.request.Request(
            self._base + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("Content-Type", kind)
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            payload = answer.read()
        return json.loads(payload) if payload else None

    def next_attempt(self, run_id: str) -> int:
        """Which pod of its run this is, from the recording server: attempts share nothing else."""
        outside_api = Server(self._base.removesuffix("/api"), self._token)
        return int(outside_api.call("POST", f"/_attempts/{quote(run_id, safe='')}")["attempt"])

    def automation(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/v1/automations/workflows/name/{quote(name, safe='')}")
        return found

    def finish_automation(self, automation_id: str, status: str, message: str | None) -> None:
        step = {"name": "CheckAccess", "mandatory": True, "passed": status == "Successful", "message": message}
        response = {"status": status, "lastUpdatedAt": _now(), "steps": [step]}
        patch = [
            {"op": "add", "path": "/status", "value": status},
            {"op": "add", "path": "/response", "value": response},
        ]
        path = f"/v1/automations/workflows/{automation_id}"
        self.call("PATCH", path, patch, kind="application/json-patch+json")


class StatusRow:
    """The status row of this run."""

    def __init__(self, server: Server, document: Mapping[str, Any]) -> None:
        self._server = server
        self._document = document
        self._fqn = str(document["ingestionPipelineFQN"])
        self._run_id = str(uuid.UUID(str(document["pipelineRunId"])))
        self._path = f"/v1/services/ingestionPipelines/{quote(self._fqn, safe='')}/pipelineStatus"
        self._start = _now()
        # As the real one: no server, a refused token: the run ends here, before it has begun.
        server.call("GET", "/v1/system/version")
        self._known = self._find_pipeline()

    def put(self, state: str, *, errors: int = 0) -> None:
        """Errors of the status endpoint are logged and survived, as by the real ingestion."""
        if not self._known:
            return
        try:
            row = self._server.call("GET", f"{self._path}/{self._run_id}")
            if row is None:
                row = {"runId": self._run_id, "startDate": self._start, "timestamp": self._start}
            else:
                row["endDate"] = _now()
            row.update(pipelineState=state, config={})
            if state != "running":
                row["status"] = [{"name": "stand-in", "records": 0, "warnings": 0, "errors": errors, "filtered": 0}]
            self._server.call("PUT", self._path, row)
            logger.info("reported %s", state)
        except OSError as error:  # urllib's are of that kind
            logger.error("Unhandled error trying to update Ingestion Pipeline status [%s]", error)

    def _find_pipeline(self) -> bool:
        """An unknown pipeline is created again when its service is known; else nothing is reported."""
        from urllib.error import HTTPError

        try:
            self._server.call("GET", f"/v1/services/ingestionPipelines/name/{quote(self._fqn, safe='')}")
            return True
        except HTTPError as error:
            if error.code != 404:
                raise
        name = str((self._document.get("source") or {}).get("serviceName"))
        try:
            service = self._server.call("GET", f"/v1/services/databaseServices/name/{quote(name, safe='')}")
        except HTTPError as error:
            logger.warning("neither pipeline nor service is known to the server (%s): nothing is reported", error)
            return False
        request = {
            "name": self._fqn.rsplit(".", 1)[-1],
            "service": {"id": service["id"], "type": "databaseService"},
            "pipelineType": "metadata",
            "sourceConfig": {},
            "airflowConfig": {},
        }
        self._server.call("PUT", "/v1/services/ingestionPipelines", request)
        return True


def _now() -> int:
    return int(time.time() * 1000)
