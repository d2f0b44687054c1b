"""Requests to an OpenMetadata server, by httpx; retried by the same rules as those to Kubernetes."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from k8s_pipeline_client.errors import InputError, ServerResponseError, ServerUnreachableError
from k8s_pipeline_client.retrying import (
    CONNECT_TIMEOUT,
    READ_TIMEOUT,
    TOTAL_TIMEOUT,
    is_retryable,
    request_line,
    retried,
    retry_after,
)
from k8s_pipeline_client.version import __version__

_LOG = logging.getLogger(__name__)

MAX_BYTES = 64 * 2**20
"""The maximum size of a response: far more than a page of pipelines has."""

_PROXIES = "HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects)


@dataclass(frozen=True, slots=True)
class Request:
    """One idempotent request.

    Attributes:
        path: Relative to the server's address; percent-encoded.
        token: The bot's JWT.
        query: The query parameters.
        body: Empty for no body.
        content_type: The media type of the body.
    """

    method: str
    path: str
    token: str = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json"

    def headers(self) -> dict[str, str]:
        """Return the headers of this request."""
        found = {"Authorization": f"Bearer {self.token}"}
        return found | ({"Content-Type": self.content_type} if self.body else {})


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response: a truncated body raises an error instead.

    Attributes:
        retry_after: In seconds; 0 without that header.
        content_type: The header; may be empty.
        location: The target of a redirect; may be empty.
    """

    status: int
    retry_after: float
    body: bytes
    content_type: str
    location: str

    def close(self) -> None:
        """Do nothing: the body has been read."""


class Transport:
    """Sends requests to one server; thread-safe."""

    def __init__(self, address: str, *, verify: ssl.SSLContext | bool, total_timeout: float = TOTAL_TIMEOUT) -> None:
        """Take the server.

        Args:
            address: Such as ``https://openmetadata.example.com/api``.
            verify: How to verify its certificate; False to not verify it.
            total_timeout: Seconds that a request may take, retries included.

        Raises:
            InputError: The proxy or the CA certificates of the environment are invalid.
        """
        self._address = address
        self._total_timeout = total_timeout
        self._has_responded = False
        headers = {"Accept": "application/json", "User-Agent": f"k8s-pipeline/{__version__}"}
        if address.startswith("http:"):
            # Without TLS, loading the system's CA certificates would take longer than a request.
            verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with _environment_checked():
            # No redirects: the token would be sent to another host.
            self._client = httpx.Client(headers=headers, verify=verify, follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, request: Request) -> Response:
        """Send a request, with retries.

        Raises:
            InputError: The address is invalid.
            ServerUnreachableError: There was no complete response in time.
            ServerResponseError: The response is too large.
        """

        def once(end: float) -> Response:
            left = max(end - time.monotonic(), 0.1)
            timeout = httpx.Timeout(min(READ_TIMEOUT, left), connect=min(CONNECT_TIMEOUT, left))
            with self._client.stream(
                request.method,
                f"{self._address}{request.path}",
                params=dict(request.query),
                headers=request.headers(),
                content=request.body or None,
                timeout=timeout,
            ) as response:
                self._has_responded = True
                return Response(
                    response.status_code,
                    retry_after(response.headers.get("Retry-After")),
                    self._read_all(response, end),
                    response.headers.get("Content-Type", ""),
                    response.headers.get("Location", ""),
                )

        try:
            return retried(
                once,
                broken=httpx.RequestError,
                should_retry=self._is_retryable,
                total_timeout=self._total_timeout,
                log=_LOG,
                what=request_line(request.method, request.path, request.query),
            )
        except httpx.RequestError as error:
            raise self._unreachable(error) from error
        except (httpx.InvalidURL, UnicodeError):  # such as an invalid host name, or a proxy's password
            raise InputError(
                f"{self._address} is not a valid URL",
                code="InvalidServerAddress",
                facts={"address": self._address},
                hint=f"check metadataApiEndpoint, and {_PROXIES} if they are set",
            ) from None

    def _read_all(self, response: httpx.Response, end: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            # A body that arrives byte by byte must not exceed total_timeout, and an endless one not the memory.
            if time.monotonic() > end:
                raise httpx.ReadTimeout("the response timed out")
            if size > MAX_BYTES:
                raise ServerResponseError(
                    f"the response of the OpenMetadata server {self._address} is larger than {MAX_BYTES // 2**20} MiB",
                    code="ResponseTooLarge",
                    facts={"address": self._address},
                    hint="check the URL (metadataApiEndpoint), and proxies in between",
                )
        return b"".join(parts)

    def _is_retryable(self, attempt: int, status: int | None, cause: httpx.RequestError | None) -> bool:
        """Return whether to try again, if there is time."""
        if isinstance(cause, _HOPELESS) or (cause is not None and _is_untrusted(cause)):
            return False
        unconnected = isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout)
        return is_retryable(attempt, status, never_connected=unconnected and not self._has_responded)

    def _unreachable(self, cause: httpx.RequestError) -> ServerUnreachableError:
        code, hint = "", "check the URL (metadataApiEndpoint) and your network"
        if _is_untrusted(cause):
            code = "ServerUntrusted"
            hint = "set verifySSL: validate and sslConfig.certificatePath to the PEM file of the CA that signed it"
        why = str(cause) or type(cause).__name__
        return ServerUnreachableError(
            f"cannot connect to the OpenMetadata server {self._address}: {why}",
            code=code,
            facts={"address": self._address},
            hint=hint,
        )


@contextmanager
def _environment_checked() -> Iterator[None]:
    """Return the error for an environment that httpx rejects.

    Its own message is not quoted: a proxy's URL may contain a password.
    """
    try:
        yield
    except ImportError as error:
        raise InputError(
            "the environment has a SOCKS proxy, and httpx[socks] is not installed",
            hint=f"install it, or set {_PROXIES} to another proxy, or exclude the server with NO_PROXY",
        ) from error
    except OSError as error:
        raise InputError(
            f"the CA certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read: {error.strerror}",
            hint="use a PEM file or its folder, or unset them",
        ) from error
    except (httpx.InvalidURL, ValueError):
        raise InputError(
            "the proxy of the environment is invalid",
            hint=f"set {_PROXIES} to http://host:port, and NO_PROXY to host names, or unset them",
        ) from None


def _is_untrusted(cause: httpx.RequestError) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in str(cause)
