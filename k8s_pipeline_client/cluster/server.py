"""An API server: where it is, how it is reached, and who comes to it."""

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
"""Kept open at most; whoever works in parallel shares them. The client's own default goes by the number of cores."""

_PROXY_SETTINGS = "proxy-url in the kubeconfig, HTTPS_PROXY or ALL_PROXY"


@dataclass(frozen=True)
class Address:
    """Where an API server is, and whom to trust as it.

    Attributes:
        url: Such as ``https://host:6443``, with a path or without.
        authorities: The certificates that are trusted, PEM; the system's if empty.
        insecure: Trust anybody.
        server_name: The name that its certificate is to have, where it is not the address's.
        proxy: What stands before it; what the environment says if empty.
    """

    url: str
    authorities: str = ""
    insecure: bool = False
    server_name: str = ""
    proxy: str = ""


@dataclass(frozen=True)
class Ready:
    """What a request needs.

    Attributes:
        pool: Its connections.
        headers: Who it comes from.
        credential: What these were made of.
    """

    pool: PoolManager
    headers: HTTPHeaderDict
    credential: Credential


class ApiServer:
    """One API server, as one user; may be used by several threads."""

    def __init__(self, address: Address, login: Login, who: str, acting_as: HTTPHeaderDict | None = None) -> None:
        """Take all that is known about it.

        Args:
            address: Where it is.
            login: Who comes.
            who: What to call them in errors.
            acting_as: The headers of impersonation.
        """
        self.host = address.url.rstrip("/")
        self._address, self._login, self._who, self._acting_as = address, login, who, acting_as
        self._pool: PoolManager | None = None
        self._identity = ""
        self._lock = threading.Lock()
        if address.insecure:
            # For each request it would be said again; whoever reads the kubeconfig says it once.
            urllib3.disable_warnings(InsecureRequestWarning)

    def ready(self) -> Ready:
        """Return what the next request needs.

        Raises:
            InputError: The address cannot be used.
            LoginError: There is no login.
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
        """Take note that a login was not accepted (401), and return whether there is another to try.

        Raises:
            LoginError: There is none any more.
        """
        return self._login.refused(used.credential)

    def _pool_for(self, identity: str) -> PoolManager:
        address = self._address
        # The official client knows proxies, and whom not to ask through one.
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
                "a SOCKS proxy is set for the cluster, and the package for it is not installed",
                hint=f"install PySocks, or correct {_PROXY_SETTINGS}, or set NO_PROXY",
            ) from error
        except (LocationValueError, ValueError):  # its text repeats the address, which may hold a password
            raise InputError(
                "the proxy for the cluster cannot be used",
                hint=f"correct {_PROXY_SETTINGS}: http://host:port",
            ) from None
        if self.host.startswith("https"):
            pool.connection_pool_kw["ssl_context"] = self._context(identity)
        return pool

    def _context(self, identity: str) -> object:
        address = self._address
        try:
            return client_context(authorities=address.authorities, insecure=address.insecure, identity=identity)
        except UnusablePemError as error:
            raise LoginError(
                f"{self._who}: its client certificate cannot be used: {error}", hint="log in again"
            ) from error


def _is_this_machine(url: str) -> bool:
    """Return whether an address needs no proxy, whatever the environment says; as kubectl has it."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _proxy_login(proxy: str | None) -> dict[str, str] | None:
    """Return the header of the login in a proxy's address; urllib3 does not look there."""
    try:
        found = urlsplit(proxy or "")
    except ValueError:
        return None
    if not found.username:
        return None
    return urllib3.make_headers(proxy_basic_auth=f"{unquote(found.username)}:{unquote(found.password or '')}")
