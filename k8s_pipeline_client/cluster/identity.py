"""From a kubeconfig's cluster and user to an API server with credentials."""

from __future__ import annotations

import base64
import binascii
import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

from urllib3 import HTTPHeaderDict

from k8s_pipeline_client.cluster import plugin
from k8s_pipeline_client.cluster.kubeconfig import Cluster, Exec, Selected, User
from k8s_pipeline_client.cluster.login import (
    Credential,
    FileLogin,
    FixedLogin,
    Login,
    PluginLogin,
    basic,
    bearer,
    header_text,
)
from k8s_pipeline_client.cluster.server import Address, ApiServer
from k8s_pipeline_client.cluster.tls import UnusablePemError, client_context
from k8s_pipeline_client.domain.redaction import keep_secret
from k8s_pipeline_client.errors import InputError, LoginError
from k8s_pipeline_client.inputfile import UnreadableError, read_limited

_LOG = logging.getLogger(__name__)
_CLUSTER_EXTENSION = "client.authentication.k8s.io/exec"


def api_server(selected: Selected, what: str) -> ApiServer:
    """Return the API server of a context; an exec plugin, if there is one, has been run.

    Args:
        selected: The context's cluster and user.
        what: The kubeconfig, for error messages.

    Raises:
        InputError: The cluster entry is invalid.
        LoginError: The user entry is invalid, or there are no credentials.
    """
    cluster, user = selected.cluster, selected.user
    address = _address(cluster, what)
    login = _login(user, address, cluster, selected.name) if user else FixedLogin(Credential())
    acting_as = impersonation(user, selected.name) if user else None
    server = ApiServer(address, login, selected.name, acting_as)
    server.ready()
    if cluster.insecure_skip_tls_verify:
        _LOG.warning(
            "%s has insecure-skip-tls-verify: the certificate of %s is not verified; credentials may go to an impostor",
            what,
            server.host,
        )
    return server


def impersonation(user: User, who: str) -> HTTPHeaderDict:
    """Return the impersonation headers of a user.

    Raises:
        LoginError: A value is not valid in an HTTP header.
    """
    headers = HTTPHeaderDict()
    if user.as_:
        headers.add("Impersonate-User", header_text(user.as_, f"{who}: `as`"))
    if user.as_uid:
        headers.add("Impersonate-Uid", header_text(user.as_uid, f"{who}: as-uid"))
    for group in user.as_groups:
        headers.add("Impersonate-Group", header_text(group, f"{who}: as-groups"))
    for key, values in user.as_user_extra.items():
        for value in values:
            name = quote(key, safe="!#$&'*+.^_`|~-")
            headers.add(f"Impersonate-Extra-{name}", header_text(value, f"{who}: as-user-extra"))
    return headers


def _address(cluster: Cluster, what: str) -> Address:
    option = "certificate-authority" if cluster.certificate_authority else "certificate-authority-data"
    ca_certificates = ""
    try:
        ca_certificates = _pem(cluster.certificate_authority, cluster.certificate_authority_data)
        if ca_certificates or cluster.certificate_authority:
            client_context(ca_certificates=ca_certificates or "-", insecure=False, identity="")
    except UnusablePemError as error:
        file = f" {cluster.certificate_authority}" if cluster.certificate_authority else ""
        raise InputError(
            f"{what}: {option}{file} cannot be used: {error}", hint="check it with kubectl config view"
        ) from error
    return Address(
        url=cluster.server,
        ca_certificates=ca_certificates,
        insecure=cluster.insecure_skip_tls_verify,
        server_name=cluster.tls_server_name,
        proxy=cluster.proxy_url.get_secret_value(),
    )


def _login(user: User, address: Address, cluster: Cluster, who: str) -> Login:
    """Return a user's credentials. An exec plugin is run only if the kubeconfig has no others, as kubectl does."""
    identity = _identity(user, who)
    token = user.token.get_secret_value()
    if user.token_file:
        return FileLogin(Path(user.token_file), who, otherwise=token, identity=identity)
    if token:
        return FixedLogin(Credential(bearer(token, who), identity))
    if user.username:
        return FixedLogin(Credential(basic(user.username, user.password.get_secret_value(), who), identity))
    if user.exec_ is not None and not identity:
        return _plugin_login(user.exec_, address, cluster, who)
    return FixedLogin(Credential("", identity))


def _identity(user: User, who: str) -> str:
    key = user.client_key_data.get_secret_value()
    keep_secret(key)
    parts = []
    for option, path, data in (
        ("client-certificate", user.client_certificate, user.client_certificate_data),
        ("client-key", user.client_key, key),
    ):
        try:
            parts.append(_pem(path, data))  # once: a FIFO can only be read once
        except UnusablePemError as error:
            named = f"{option} {path}" if path else f"{option}-data"
            raise LoginError(f"{who}: {named} cannot be used: {error}", hint="log in again, or correct it") from error
    return "\n".join(parts) if all(parts) else ""


def _plugin_login(found: Exec, address: Address, cluster: Cluster, who: str) -> Login:
    told = _cluster_info(address, cluster) if found.provide_cluster_info else None
    return PluginLogin(lambda: plugin.ask(found, told, who), who)


def _cluster_info(address: Address, cluster: Cluster) -> dict[str, Any]:
    """Return the cluster as an exec plugin gets it with ``provideClusterInfo``."""
    settings = [item.extension for item in cluster.extensions if item.name == _CLUSTER_EXTENSION]
    info = {
        "server": cluster.server,
        "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode(address.ca_certificates.encode()).decode(),
        "proxy-url": address.proxy,
        "disable-compression": cluster.disable_compression,
    }
    return {key: value for key, value in info.items() if value} | ({"config": settings[0]} if settings else {})


def _pem(path: str, data: str) -> str:
    """Return the text of a file or of base64, decoded as Go does; empty if neither is given."""
    if path:
        try:
            content = read_limited(Path(path))
        except UnreadableError as error:
            raise UnusablePemError(str(error)) from None
        if not content:
            raise UnusablePemError("it is empty")
    else:
        try:
            content = base64.b64decode(data.replace("\r", "").replace("\n", ""), validate=True)
        except (binascii.Error, ValueError) as error:
            raise UnusablePemError("it is not base64") from error
    return content.decode("utf-8", "replace")
