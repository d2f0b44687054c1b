"""Requests to the API server, tried again where that can help, within a time that is bounded in all.

The official client logs in and does TLS and proxies; urllib3, which it uses, does one attempt. The attempts are
counted here rather than by urllib3's own `Retry`, which knows no time for all of them, waits as long as any
Retry-After says, and counts a body that comes byte by byte as progress for ever.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urlencode

from kubernetes.client import ApiClient
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.util import Retry, Timeout

from k8s_pipeline_client import __version__
from k8s_pipeline_client.errors import UnreachableError

PATIENCE = 60.0
"""How long one request may take in all; an API server that is restarted is back by then."""
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0

_RETRIED = frozenset({429, 500, 502, 503, 504})
_FEW = 4
"""So many attempts where more would only keep a person waiting for the message."""
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: a body that is shorter than announced never gets this far."""

    status: int
    retry_after: float
    body: bytes

    def close(self) -> None:
        """Do nothing: all has been read."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose body is read as it comes."""

    status: int
    retry_after: float
    response: BaseHTTPResponse

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body in chunks.

        Raises:
            UnreachableError: The connection broke.
        """
        try:
            yield from self.response.stream(_CHUNK)
        except HTTPError as error:
            raise UnreachableError(f"the connection broke: {_plain(error)}") from None

    def close(self) -> None:
        """Give the connection up."""
        self.response.close()


T = TypeVar("T", Answer, Stream)


class Transport:
    """Sends requests to one API server; may be used by several threads."""

    def __init__(self, client: ApiClient, *, patience: float = PATIENCE) -> None:
        """Take a client from `connect.api_client`, and how long a request may take in all, in seconds."""
        self._client = client
        self._patience = patience
        self._server_time: datetime | None = None

    @property
    def host(self) -> str:
        """The address of the API server."""
        return str(self._client.configuration.host)

    def now(self) -> datetime:
        """Return the API server's time as of its last answer."""
        return self._server_time or datetime.now(UTC)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Send a request until there is an answer that trying again would not better.

        A request whose answer was lost may have been carried out: callers only send what may be repeated.

        Raises:
            UnreachableError: There is no answer, or none in time.
        """

        def once(end: float) -> Answer:
            left = max(end - time.monotonic(), 0.1)
            timeout = Timeout(connect=min(CONNECT_TIMEOUT, left), read=min(READ_TIMEOUT, left))
            response = self._open(method, path, query, body, content_type, timeout)
            return Answer(response.status, _retry_after(response), _read_all(response, end))

        return self._until_final(once)

    def stream(self, path: str, *, query: Mapping[str, str], forever: bool) -> Stream:
        """Open a body that is read as it comes.

        Args:
            path: What to read.
            query: Its parameters.
            forever: Whether the body may be silent for any time.

        Raises:
            UnreachableError: There is no answer, or none in time.
        """

        def once(end: float) -> Stream:
            timeout = Timeout(connect=CONNECT_TIMEOUT, read=None if forever else READ_TIMEOUT)
            response = self._open("GET", path, query, None, "", timeout)
            return Stream(response.status, _retry_after(response), response)

        return self._until_final(once)

    def _until_final(self, once: Callable[[float], T]) -> T:
        end = time.monotonic() + self._patience
        for attempt in count(1):
            answer: T | None = None
            cause: HTTPError | None = None
            try:
                answer = once(end)
            except HTTPError as error:
                cause = error
            if answer is not None and answer.status not in _RETRIED:
                return answer
            pause = max(_backoff(attempt), answer.retry_after if answer else 0.0)
            if not self._may_help(attempt, answer, cause) or time.monotonic() + pause >= end:
                if answer is not None:
                    return answer
                raise self._unreachable(cause) from None
            if answer is not None:
                answer.close()
            time.sleep(pause)
        raise AssertionError("unreachable")

    def _open(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: bytes | None,
        content_type: str,
        timeout: Timeout,
    ) -> BaseHTTPResponse:
        configuration = self._client.configuration
        headers: dict[str, Any] = {
            "Accept": "application/json, */*",
            "User-Agent": f"k8s-pipeline/{__version__}",
        }
        if body is not None:
            headers["Content-Type"] = content_type
        self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        used = {key: value for key, value in (query or {}).items() if value}
        url = f"{configuration.host}{path}" + (f"?{urlencode(used)}" if used else "")
        response: BaseHTTPResponse = self._client.rest_client.pool_manager.request(
            method,
            url,
            body=body,
            headers=headers,
            timeout=timeout,
            retries=False,
            preload_content=False,
        )
        with suppress(KeyError, ValueError):  # no date, or none that is one
            self._server_time = parsedate_to_datetime(response.headers["Date"])
        return response

    def _may_help(self, attempt: int, answer: Answer | Stream | None, cause: HTTPError | None) -> bool:
        """Return whether another attempt makes sense, were there time for it."""
        if isinstance(cause, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return False
        if answer is not None and answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return attempt < _FEW  # often a webhook that is down: the message says so, and is wanted soon
        if isinstance(cause, NewConnectionError | ConnectTimeoutError | SSLError) and self._server_time is None:
            return attempt < _FEW  # an address that has never answered is probably a wrong one
        return True

    def _unreachable(self, cause: BaseException | None) -> UnreachableError:
        return UnreachableError(
            f"the API server {self.host} gave no answer: {_plain(cause)}",
            hint="check the address and your network; see kubectl cluster-info",
        )


def _read_all(response: BaseHTTPResponse, end: float) -> bytes:
    parts: list[bytes] = []
    try:
        # read1 returns what is there, so that a body that comes byte by byte does not outlive our patience.
        while part := response.read1(_CHUNK):
            parts.append(part)
            if time.monotonic() > end:
                raise Urllib3TimeoutError("the answer came too slowly")
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return b"".join(parts)


def _retry_after(response: BaseHTTPResponse) -> float:
    try:
        return Retry().get_retry_after(response) or 0.0
    except HTTPError:
        return 0.0  # it says neither seconds nor a date


def _backoff(attempt: int) -> float:
    longest = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
    return random.uniform(longest / 2, longest)


def _plain(error: BaseException | None) -> str:
    # urllib3 puts its connection object in front of what it has to say.
    text = re.sub(r"^(<[^>]*>|HTTPS?Connection(Pool)?\([^)]*\)): ", "", str(error))
    return text or type(error).__name__
