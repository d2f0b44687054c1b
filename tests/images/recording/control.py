"""The server's own paths, which begin with an underscore: what tests ask and tell it."""

from collections.abc import Mapping
from typing import Any

from .faults import Faults
from .journal import Journal
from .routes import Api
from .wire import Response


class Control:
    """Reads the record, plants faults and entities. Nothing here is recorded itself."""

    def __init__(self, api: Api, journal: Journal, faults: Faults) -> None:
        self._api = api
        self._journal = journal
        self._faults = faults

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Response:
        head, *rest = path.strip("/").split("/")
        try:
            if head == "_healthz":
                return Response(200, {"status": "ok"})
            if head == "_recorded":
                return self._recorded(method, rest, query)
            if head == "_faults":
                return self._fault(method, body)
            if head == "_seed" and method in ("POST", "PUT"):
                return Response(200, self.seed(body))
            if head == "_tokens" and method == "POST":
                self._api.access.accept(body)
                return Response(204)
            if head == "_service" and method == "POST":
                self._api.service.address = str(body["address"]).rstrip("/")
                return Response(204)
            if head == "_attempts" and method == "POST" and rest:
                return Response(200, {"attempt": self._api.runs.next_attempt(rest[0])})
        except (KeyError, TypeError, ValueError) as error:
            return Response(400, {"code": 400, "message": str(error)})
        return Response(404, {"code": 404, "message": f"no such path: {method} {path}"})

    def seed(self, document: Any) -> dict[str, list[str]]:
        """`{"entities": {collection: [entity, …]}, "statuses": {fqn: [row, …]}}`; returns what is there now."""
        if not isinstance(document, dict):
            raise ValueError("a seed is an object with `entities` and `statuses`")
        for collection, entities in document.get("entities", {}).items():
            for entity in entities:
                self._api.entities.put(collection, entity)
        for fqn, rows in document.get("statuses", {}).items():
            for row in rows:
                self._api.statuses.seed(fqn, row)
        return self._api.entities.summary()

    def _recorded(self, method: str, rest: list[str], query: Mapping[str, str]) -> Response:
        if method == "DELETE":
            self._journal.clear()
            return Response(204)
        if rest == ["entities"]:
            return Response(200, self._api.entities.summary())
        if rest == ["statuses"]:
            return Response(200, self._api.runs.history())
        if rest == ["rows"]:
            return Response(200, {fqn: self._api.statuses.rows.listed(fqn) for fqn in self._api.runs.history()})
        if rest == ["logs"]:
            return Response(200, self._api.runs.logs())
        entries = self._journal.since(int(query.get("since", "0")))
        wanted = [
            entry.as_json()
            for entry in entries
            if query.get("path", "") in entry.path and query.get("method", entry.method) == entry.method
        ]
        return Response(200, {"requests": wanted, "next": entries[-1].seq if entries else self._journal.last})

    def _fault(self, method: str, body: Any) -> Response:
        if method == "DELETE":
            self._faults.clear()
        elif method == "POST":
            for document in body if isinstance(body, list) else [body]:
                self._faults.add(document)
        return Response(200, self._faults.listed())
