"""Requests to the API server, with retries and an overall timeout.

urllib3 sends single attempts, and has no timeout for a body that arrives byte by byte.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError, SSLError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.util import Timeout

from k8s_pipeline_client.cluster.sent import Observer, Sent, described
from k8s_pipeline_client.cluster.server import ApiServer, Ready
from k8s_pipeline_client.errors import UnreachableError, WaitTimeoutError
from k8s_pipeline_client.retrying import (
    CONNECT_TIMEOUT,
    READ_TIMEOUT,
    TOTAL_TIMEOUT,
    is_retryable,
    request_line,
    retried,
    retry_after,
)
from k8s_pipeline_client.timelimit import is_over
from k8s_pipeline_client.version import __version__

_LOG = logging.getLogger(__name__)
_CHUNK = 64 * 1024
_WITHOUT_RIGHTS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_SETTLE_SECONDS = 10.0
_SETTLE_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response: a truncated body raises an error instead."""

    status: int
    retry_after: float
    body: bytes

    def close(self) -> None:
        """Do nothing: the body has been read."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A response whose body is streamed."""

    status: int
    retry_after: float
    response: BaseHTTPResponse

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body in chunks.

        Raises:
            UnreachableError: The connection broke.
        """
        try:
            for chunk in self.response.stream(_CHUNK):
                yield chunk
                if is_over():
                    raise Urllib3TimeoutError("timed out")
        except HTTPError as error:
            raise UnreachableError(f"the connection broke: {_plain(error)}") from error

    def close(self) -> None:
        """Close the connection."""
        self.response.close()


T = TypeVar("T", Response, Stream)


class Transport:
    """Sends requests to one API server; thread-safe."""

    def __init__(self, server: ApiServer, *, total_timeout: float = TOTAL_TIMEOUT) -> None:
        """Take a server from `connect.connect`, and the seconds that a request may take, retries included."""
        self._server = server
        self._total_timeout = total_timeout
        self._date: str | None = None
        self._broken_at: float | None = None
        self.throttled = 0
        self.observer: Observer = lambda sent: None

    @property
    def host(self) -> str:
        """The address of the API server."""
        return self._server.host

    def now(self) -> datetime:
        """Return the API server's time as of its last response."""
        return self.stated_time or datetime.now(UTC)

    @property
    def stated_time(self) -> datetime | None:
        """The API server's time as of its last response; None if that has no valid date."""
        # Parsed here, since the date of most responses is never needed.
        with suppress(ValueError):
            return parsedate_to_datetime(self._date or "")
        return None

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
    ) -> Response:
        """Send a request, with retries.

        A request whose response was lost may have been carried out: callers only send what may be repeated.

        Raises:
            UnreachableError: There was no complete response in time.
        """

        def once(end: float) -> Response:
            left = max(end - time.monotonic(), 0.1)
            timeout = Timeout(total=left, connect=min(CONNECT_TIMEOUT, left), read=min(READ_TIMEOUT, left))
            response = self._open(method, path, query, body, content_type, timeout)
            return Response(response.status, retry_after(response.headers.get("Retry-After")), _read_all(response, end))

        begun = time.monotonic()
        while True:
            answer = self._retried(once, request_line(method, path, query))
            is_bounded = time.monotonic() - begun < self._total_timeout and not is_over()
            if answer.status not in _WITHOUT_RIGHTS or not (self._is_settling() and is_bounded):
                self._note_rights(answer.status, path, begun)
                return answer
            _LOG.info("%s %s: %d from an API server that has just restarted; retrying", method, path, answer.status)
            time.sleep(_SETTLE_PAUSE)

    def stream(self, path: str, *, query: Mapping[str, str], idle: float | None) -> Stream:
        """Send a GET request, and stream the body.

        Args:
            path: The path.
            query: Its parameters.
            idle: For so many seconds nothing may come, if that is longer than usual; None for any time.

        Raises:
            UnreachableError: There was no response in time.
        """

        def once(end: float) -> Stream:
            left = max(end - time.monotonic(), 0.1)
            read = None if idle is None else max(min(READ_TIMEOUT, left), idle)
            timeout = Timeout(connect=min(CONNECT_TIMEOUT, left), read=read)
            response = self._open("GET", path, query, None, "", timeout)
            return Stream(response.status, retry_after(response.headers.get("Retry-After")), response)

        return self._retried(once, request_line("GET", path, query))

    def _retried(self, once: Callable[[float], T], what: str) -> T:
        try:
            return retried(
                once,
                broken=HTTPError,
                should_retry=self._is_retryable,
                total_timeout=self._total_timeout,
                log=_LOG,
                what=what,
            )
        except HTTPError as error:
            raise self._unreachable(error) from error
        except WaitTimeoutError as error:
            raise UnreachableError(
                error.message, code=error.code, facts={**error.facts, "address": self.host}, hint=error.hint
            ) from error

    def _is_settling(self) -> bool:
        """Return whether the API server may just have restarted: until it has loaded RBAC, it refuses everything."""
        broken_at = self._broken_at  # another thread may set it meanwhile
        return broken_at is not None and time.monotonic() - broken_at < _SETTLE_SECONDS

    def _note_rights(self, status: int, path: str, begun: float) -> None:
        """Note that RBAC is loaded: what is refused from now on is not retried."""
        broken_at = self._broken_at
        is_granted = status < HTTPStatus.BAD_REQUEST and "/namespaces/" in path
        if is_granted and broken_at is not None and begun > broken_at:
            self._broken_at = None

    def _open(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: bytes | None,
        content_type: str,
        timeout: Timeout,
    ) -> BaseHTTPResponse:
        used = {key: value for key, value in (query or {}).items() if value}
        target = f"{path}?{urlencode(used)}" if used else path

        def ask(ready: Ready) -> BaseHTTPResponse:
            headers = ready.headers
            headers.update({"Accept": "application/json, */*", "User-Agent": f"k8s-pipeline/{__version__}"})
            if body is not None:
                headers["Content-Type"] = content_type
            begun, status = time.monotonic(), None
            try:
                response = ready.connections.request(method, target, body=body, headers=headers, timeout=timeout)
                status = response.status
                return response
            finally:
                self.observer(Sent(*described(method, path, used), status, time.monotonic() - begun))

        ready = self._server.ready()
        response = ask(ready)
        # Credentials may expire during a long command: an exec plugin or the kubelet has new ones.
        if response.status == HTTPStatus.UNAUTHORIZED and self._server.refused(ready):
            response.close()
            _LOG.info("%s %s: 401, retrying with new credentials", method, path)
            response = ask(self._server.ready())
        self._date = response.headers.get("Date", self._date)
        return response

    def _is_retryable(self, attempt: int, status: int | None, cause: HTTPError | None) -> bool:
        """Return whether to try again, if there is time."""
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self.throttled += 1
        if cause is not None:
            self._broken_at = time.monotonic()
        if _is_distrust(cause):
            return False
        unconnected = isinstance(cause, NewConnectionError | ConnectTimeoutError | SSLError | ProxyError)
        return is_retryable(attempt, status, never_connected=unconnected and self._date is None)

    def _unreachable(self, cause: BaseException | None) -> UnreachableError:
        code, hint = "", "check the address and your network; see kubectl cluster-info"
        if _is_distrust(cause):
            code = "ApiServerUntrusted"
            hint = "check certificate-authority and tls-server-name in the kubeconfig"
        return UnreachableError(
            f"cannot connect to the API server {self.host}: {_plain(cause)}",
            code=code,
            facts={"address": self.host},
            hint=hint,
        )


def _read_all(response: BaseHTTPResponse, end: float) -> bytes:
    parts: list[bytes] = []
    try:
        # read1 returns what has arrived, so that a body that arrives byte by byte cannot exceed total_timeout.
        while part := response.read1(_CHUNK):
            parts.append(part)
            if time.monotonic() > end:
                raise Urllib3TimeoutError("the response timed out")
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return b"".join(parts)


def _is_distrust(error: BaseException | None) -> bool:
    return isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)


def _plain(error: BaseException | None) -> str:
    if isinstance(error, ProxyError):
        return f"through the proxy: {_plain(error.original_error)}"
    # urllib3 puts its connection object in front of the message, OpenSSL its codes around it.
    text = re.sub(r"^(<[^>]*>|HTTPS?Connection(Pool)?\([^)]*\)): ", "", str(error))
    text = re.sub(r"^\[SSL: \w+\] |\.? \(_ssl\.c:\d+\)$", "", text)
    return text or type(error).__name__
