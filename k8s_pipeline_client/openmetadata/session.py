"""Requests to one OpenMetadata server: authentication, JSON, and exceptions for every response but success."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.openmetadata.server import checked_token
from k8s_pipeline_client.openmetadata.translate import Asked, foreign, refusal
from k8s_pipeline_client.openmetadata.transport import Request, Response

Token: TypeAlias = str | Callable[[], str]
"""The JWT of a bot, or a function that returns it and is called for each request."""

_NONE: Mapping[str, str] = MappingProxyType({})


class Sender(Protocol):
    """Sends requests to a server; see `Transport`."""

    def send(self, request: Request) -> Response:
        """Send a request and return the response."""

    def close(self) -> None:
        """Close the connections."""


class Session:
    """Requests to one server; thread-safe."""

    def __init__(self, address: str, token: Token, transport: Sender) -> None:
        """Take the server.

        Args:
            address: The URL of its API, without a trailing slash.
            token: The bot's JWT, checked, or a function that returns it.
            transport: Sends the requests.
        """
        self.address = address
        self._token = token
        self._transport = transport

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def read(self, path: str, asked: Asked, query: Mapping[str, str] = _NONE) -> Document:
        """Return the JSON object at a path."""
        return self.object_of(self.send("GET", path, asked, expected=(200,), query=query))

    def send(
        self,
        method: str,
        path: str,
        asked: Asked,
        *,
        expected: tuple[int, ...],
        query: Mapping[str, str] = _NONE,
        body: object = None,
        content_type: str = "application/json",
    ) -> Response:
        """Send a request and return the response, which has one of the expected statuses.

        Args:
            method: The HTTP method.
            path: Relative to ``/v1``; percent-encoded.
            asked: What the request is for, for messages.
            expected: The statuses of success.
            query: The query parameters.
            body: Sent as JSON; None for no body.
            content_type: The media type of the body.

        Raises:
            OpenMetadataError: There is no response, or it has another status.
        """
        token = checked_token(self._token()) if callable(self._token) else self._token
        # ASCII with JSON's escapes, so that lone surrogates can be encoded, too.
        sent = b"" if body is None else json.dumps(body, allow_nan=False).encode()
        response = self._transport.send(Request(method, f"/v1/{path}", token, query, sent, content_type))
        if response.status not in expected:
            raise refusal(response, address=self.address, asked=asked, token=token)
        return response

    def object_of(self, response: Response) -> Document:
        """Return the JSON object in a response.

        Raises:
            ServerResponseError: It has none, so it is not OpenMetadata's.
        """
        try:
            found: Any = json.loads(response.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise foreign(response, address=self.address)
        return found
