"""GET requests to an OpenMetadata server, by httpx; tried again by the same rules as those to Kubernetes."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

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
"""Of one answer: far more than a page of pipelines has."""

_PROXIES = "HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects)


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer: a body that is shorter than announced never gets this far.

    Attributes:
        retry_after: In seconds; 0 where the server says nothing.
        content_type: As the header says; may be empty.
        location: Where a redirect leads to; may be empty.
    """

    status: int
    retry_after: float
    body: bytes
    content_type: str
    location: str

    def close(self) -> None:
        """Do nothing: all has been read."""


class Transport:
    """Sends requests to one server; may be used by several threads."""

    def __init__(
        self, address: str, token: str, *, verify: ssl.SSLContext | bool, total_timeout: float = TOTAL_TIMEOUT
    ) -> None:
        """Take the server.

        Args:
            address: Such as ``https://openmetadata.example.com/api``.
            token: The bot's JWT.
            verify: Whom to trust; False for anybody.
            total_timeout: How long a request may take in all, in seconds.

        Raises:
            InputError: The proxy or the authorities that the environment names cannot be used.
        """
        self._address = address
        self._total_timeout = total_timeout
        self._answered = False
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "User-Agent": f"k8s-pipeline/{__version__}",
        }
        if address.startswith("http:"):
            # Nobody: there is no TLS, and it takes longer to read the usual authorities than to ask such a server.
            verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with _environment_checked():
            # No redirects: to another host, the token would go with it.
            self._client = httpx.Client(headers=headers, verify=verify, follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, query: Mapping[str, str]) -> Response:
        """Read a path until there is an answer that trying again would not better.

        Args:
            path: Below the address; percent-encoded.
            query: Its parameters.

        Raises:
            InputError: No request can be made for this address.
            ServerUnreachableError: There is no answer, or none in time.
            ServerResponseError: It has no end that our memory would see.
        """

        def once(end: float) -> Response:
            left = max(end - time.monotonic(), 0.1)
            timeout = httpx.Timeout(min(READ_TIMEOUT, left), connect=min(CONNECT_TIMEOUT, left))
            with self._client.stream("GET", f"{self._address}{path}", params=dict(query), timeout=timeout) as response:
                self._answered = True
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
                what=request_line("GET", path, query),
            )
        except httpx.RequestError as error:
            raise self._unreachable(error) from error
        except (httpx.InvalidURL, UnicodeError):  # of a name that DNS cannot have, for one; or a proxy's password
            raise InputError(
                f"{self._address} is not an address that can be asked",
                code="InvalidServerAddress",
                facts={"address": self._address},
                hint=f"check metadataApiEndpoint, and {_PROXIES} where they are set",
            ) from None

    def _read_all(self, response: httpx.Response, end: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            # A body that comes byte by byte does not outlive our total_timeout, and one without end not our memory.
            if time.monotonic() > end:
                raise httpx.ReadTimeout("the answer came too slowly")
            if size > MAX_BYTES:
                raise ServerResponseError(
                    f"the OpenMetadata server {self._address} answers with more than {MAX_BYTES // 2**20} MiB",
                    code="ResponseTooLarge",
                    facts={"address": self._address},
                    hint="check the address (metadataApiEndpoint), and what stands between",
                )
        return b"".join(parts)

    def _is_retryable(self, attempt: int, status: int | None, cause: httpx.RequestError | None) -> bool:
        """Return whether another attempt makes sense, were there time for it."""
        if isinstance(cause, _HOPELESS) or (cause is not None and _is_untrusted(cause)):
            return False
        unconnected = isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout)
        return is_retryable(attempt, status, never_connected=unconnected and not self._answered)

    def _unreachable(self, cause: httpx.RequestError) -> ServerUnreachableError:
        code, hint = "", "check the address (metadataApiEndpoint) and your network"
        if _is_untrusted(cause):
            code = "ServerUntrusted"
            hint = (
                "set verifySSL: validate and sslConfig.certificatePath to the PEM file of the authority that signed it"
            )
        why = str(cause) or type(cause).__name__
        return ServerUnreachableError(
            f"the OpenMetadata server {self._address} gave no answer: {why}",
            code=code,
            facts={"address": self._address},
            hint=hint,
        )


@contextmanager
def _environment_checked() -> Iterator[None]:
    """Say what of the environment httpx cannot use. Its own words are not repeated: a proxy's may hold a password."""
    try:
        yield
    except ImportError as error:
        raise InputError(
            "a SOCKS proxy is set in the environment, and the package for it is not installed",
            hint=f"install httpx[socks], or set {_PROXIES} to another proxy, or exclude the server with NO_PROXY",
        ) from error
    except OSError as error:
        raise InputError(
            f"the authorities that SSL_CERT_FILE or SSL_CERT_DIR name cannot be read: {error.strerror}",
            hint="name a PEM file or its folder, or unset them",
        ) from error
    except (httpx.InvalidURL, ValueError):
        raise InputError(
            "the proxy in the environment cannot be used",
            hint=f"give {_PROXIES} as http://host:port, and NO_PROXY as host names, or unset them",
        ) from None


def _is_untrusted(cause: httpx.RequestError) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in str(cause)
