"""An API server: its address, its connections, and the credentials for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import urllib3
from kubernetes.client import ApiClient, Configuration
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPHeaderDict, PoolManager
from urllib3.exceptions import InsecureRequestWarning, LocationValueError
from urllib3.util import Timeout

from k8s_pipeline_client.cluster.login import Credential, Login
from k8s_pipeline_client.cluster.tls import UnusablePemError, client_context
from k8s_pipeline_client.errors import InputError, LoginError

CONNECTIONS = 32
"""The maximum size of the connection pool, which all threads share. The client's default depends on the number of
cores."""

_PROXY_SETTINGS = "proxy-url in the kubeconfig, HTTPS_PROXY or ALL_PROXY"


@dataclass(frozen=True)
class Address:
    """The address of an API server, and how to verify it.

    Attributes:
        url: Such as ``https://host:6443``, with a path or without.
        ca_certificates: PEM; the system's if empty.
        insecure: Do not verify its certificate.
        server_name: The name to expect in its certificate; the host of the URL if empty.
        proxy: The URL of a proxy; the environment's if empty.
    """

    url: str
    ca_certificates: str = ""
    insecure: bool = False
    server_name: str = ""
    proxy: str = ""


class Connections:
    """The connections to one API server with one client certificate; thread-safe."""

    def __init__(self, url: str, manager: PoolManager) -> None:
        """Take its URL, and the pool manager, which knows proxies and TLS."""
        self._url, self._manager = url, manager
        self._prefix = urlsplit(url).path

    def close(self) -> None:
        """Close idle connections."""
        self._manager.clear()

    def request(
        self, method: str, target: str, *, body: bytes | None, headers: HTTPHeaderDict, timeout: Timeout
    ) -> BaseHTTPResponse:
        """Send a request once, without retries; return the response, its body unread.

        Args:
            method: The HTTP method.
            target: Path and query, relative to the server's URL.
            body: The body.
            headers: All headers.
            timeout: Of connecting and of reading.

        Raises:
            HTTPError: There is no response.
        """
        if self._pool is None:
            return self._manager.urlopen(
                method,
                self._url + target,
                body=body,
                headers=headers,
                timeout=timeout,
                retries=False,
                preload_content=False,
            )
        return self._pool.urlopen(
            method,
            self._prefix + target,
            body=body,
            headers=headers,
            timeout=timeout,
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )

    @cached_property
    def _pool(self) -> HTTPConnectionPool | None:
        """The pool of this server; None behind an HTTP proxy that needs absolute URLs.

        To look it up through the manager for each request parses the URL each time: a fifth of a request's CPU time.

        Raises:
            LocationParseError: The URL is invalid.
        """
        if self._manager.proxy is not None and not self._url.startswith("https"):
            return None
        return self._manager.connection_from_url(self._url)


@dataclass(frozen=True)
class Ready:
    """A connection pool with credentials.

    Attributes:
        connections: To the API server.
        headers: Credentials and impersonation.
        credential: What these were made from.
    """

    connections: Connections
    headers: HTTPHeaderDict
    credential: Credential


class ApiServer:
    """One API server, as one user; thread-safe."""

    def __init__(self, address: Address, login: Login, who: str, acting_as: HTTPHeaderDict | None = None) -> None:
        """Take its address and credentials.

        Args:
            address: Its address.
            login: The credentials.
            who: The user, for error messages.
            acting_as: The impersonation headers.
        """
        self.host = address.url.rstrip("/")
        self._address, self._login, self._who, self._acting_as = address, login, who, acting_as
        self._connections: Connections | None = None
        self._identity = ""
        self._lock = threading.Lock()
        if address.insecure:
            # It would be logged for each request; reading the kubeconfig logs it once.
            urllib3.disable_warnings(InsecureRequestWarning)

    def ready(self) -> Ready:
        """Return pool and headers for the next request.

        Raises:
            InputError: The address is invalid.
            LoginError: There are no credentials.
        """
        credential = self._login.credential()
        headers = HTTPHeaderDict(self._acting_as)
        if credential.authorization:
            headers["Authorization"] = credential.authorization
        with self._lock:
            if self._connections is None or self._identity != credential.identity:
                self._connections = Connections(self.host, self._pool_for(credential.identity))
                self._identity = credential.identity
            return Ready(self._connections, headers, credential)

    def close(self) -> None:
        """Close the connections that are kept open."""
        with self._lock:
            if self._connections is not None:
                self._connections.close()
                self._connections = None

    def refused(self, used: Ready) -> bool:
        """Handle a 401 for credentials; return whether there are others to try.

        Raises:
            LoginError: There are none any more.
        """
        return self._login.refused(used.credential)

    def _pool_for(self, identity: str) -> PoolManager:
        address = self._address
        # The official client handles proxies and NO_PROXY.
        configuration = Configuration(connection_pool_maxsize=CONNECTIONS, host=self.host)
        configuration.verify_ssl = not address.insecure
        if address.server_name:
            configuration.tls_server_name = address.server_name
        if address.proxy:
            configuration.proxy, configuration.no_proxy = address.proxy, None
        elif _is_this_machine(address.url):
            configuration.proxy = None
        configuration.proxy_headers = _proxy_login(configuration.proxy)
        try:
            pool: PoolManager = ApiClient(configuration=configuration).rest_client.pool_manager
        except ImportError as error:
            raise InputError(
                "the cluster has a SOCKS proxy, and PySocks is not installed",
                hint=f"install it, or correct {_PROXY_SETTINGS}, or set NO_PROXY",
            ) from error
        except (LocationValueError, ValueError):  # its message quotes the address, which may contain a password
            raise InputError(
                "the URL of the cluster's proxy is invalid",
                hint=f"correct {_PROXY_SETTINGS}: http://host:port",
            ) from None
        if self.host.startswith("https"):
            pool.connection_pool_kw["ssl_context"] = self._context(identity)
        return pool

    def _context(self, identity: str) -> object:
        address = self._address
        try:
            return client_context(ca_certificates=address.ca_certificates, insecure=address.insecure, identity=identity)
        except UnusablePemError as error:
            raise LoginError(
                f"{self._who}: its client certificate cannot be used: {error}", hint="log in again"
            ) from error


def _is_this_machine(url: str) -> bool:
    """Return whether an address is never requested through the environment's proxy; as in kubectl."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _proxy_login(proxy: str | None) -> dict[str, str] | None:
    """Return the header for the credentials in a proxy's URL, which urllib3 ignores."""
    try:
        found = urlsplit(proxy or "")
    except ValueError:
        return None
    if not found.username:
        return None
    return urllib3.make_headers(proxy_basic_auth=f"{unquote(found.username)}:{unquote(found.password or '')}")
