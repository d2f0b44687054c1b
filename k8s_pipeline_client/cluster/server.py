"""An API server: its address, its connections, and the credentials for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import urllib3
from kubernetes.client import ApiClient, Configuration
from urllib3 import HTTPHeaderDict, PoolManager
from urllib3.exceptions import InsecureRequestWarning, LocationValueError

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


@dataclass(frozen=True)
class Ready:
    """A connection pool with credentials.

    Attributes:
        pool: The connections.
        headers: Credentials and impersonation.
        credential: What these were made from.
    """

    pool: PoolManager
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
        self._pool: PoolManager | None = None
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
            if self._pool is None or self._identity != credential.identity:
                self._pool, self._identity = self._pool_for(credential.identity), credential.identity
            return Ready(self._pool, headers, credential)

    def close(self) -> None:
        """Close the connections that are kept open."""
        with self._lock:
            if self._pool is not None:
                self._pool.clear()
                self._pool = None

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
