"""How a run reaches OpenMetadata: the connection in its document, and the bot's token within it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import DefinitionError, SettingsError
from k8s_pipeline_client.launcher.token import connection_in, token_in, with_connection

DEFAULT_INSTANCE = "openmetadata"
"""What OpenMetadata itself is called where nobody gives it another name."""
CA_PATH = "/opt/k8s-pipeline/ca.pem"
"""Where a run's pod has the certificates that we bring."""

_JSON_WEB_TOKEN = re.compile(r"[\w-]+\.([\w-]+)\.[\w-]*", re.ASCII)
_MAX_BOT = 256
"""As many characters as OpenMetadata allows a name to have."""
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s(.*?)-----END CERTIFICATE-----", re.DOTALL)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class ServerSettings(Protocol):
    """What a connection is built from; documented with the settings."""

    @property
    def instance(self) -> str | None:
        """Which OpenMetadata this is."""

    @property
    def metadata_api_endpoint(self) -> str | None:
        """Its address for the runs."""

    @property
    def verify_ssl(self) -> str:
        """``no-ssl``, ``ignore`` or ``validate``."""

    @property
    def secrets_manager_loader(self) -> str:
        """Where a run finds the credentials of a secrets manager."""


@dataclass(frozen=True, slots=True)
class TokenSource:
    """The Secret that holds a token which the document leaves out.

    Attributes:
        secret: Its name.
        key: The key within it.
    """

    secret: str
    key: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a bot's token says of itself; decoded, never verified: that is for OpenMetadata.

    Attributes:
        bot: Whose it is; empty where that cannot be told.
        issued_at: None where it does not say.
        expires_at: None where it does not say: OpenMetadata's unlimited tokens.
    """

    bot: str = ""
    issued_at: datetime | None = None
    expires_at: datetime | None = None


def claims_of(token: str) -> Claims:
    """Return what a token says of itself; nothing where it is no JSON web token."""
    match = _JSON_WEB_TOKEN.fullmatch(token)
    if match is None:
        return Claims()
    try:
        found = json.loads(base64.urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4)).decode())
    except (ValueError, RecursionError):
        return Claims()
    if not isinstance(found, dict):
        return Claims()
    return Claims(_name(found.get("sub")), _moment(found.get("iat")), _moment(found.get("exp")))


def bot_of(token: str) -> str:
    """Return whose token it is; empty where that cannot be told."""
    return claims_of(token).bot


def expiry_of(token: str) -> datetime | None:
    """Return when a token ends, in UTC; None if it does not say."""
    return claims_of(token).expires_at


def instance_of(server_connection: Document | None) -> str:
    """Return which OpenMetadata a connection leads to, by its clusterName."""
    return str((server_connection or {}).get("clusterName") or DEFAULT_INSTANCE)


def server_connection(settings: ServerSettings, token: str | None, *, certificates: str = "") -> Document:
    """Build the ``openMetadataServerConnection`` of a pipeline whose definition has none.

    Args:
        settings: How OpenMetadata is reached.
        token: The bot's; empty where a Secret holds it, None where there is none.
        certificates: Whom the runs are to trust, PEM; whom their image trusts if empty.

    Raises:
        SettingsError: The address or the token is missing.
    """
    if settings.metadata_api_endpoint is None:
        raise SettingsError(
            "metadataApiEndpoint is not set",
            hint="set it to the URL at which runs reach OpenMetadata, such as http://openmetadata:8585/api",
        )
    if token is None:
        raise SettingsError(
            "none of serverToken, serverTokenFile and tokenSecret is set",
            hint="set the bot's token: admins find it in OpenMetadata under Settings, Bots, ingestion-bot",
        )
    connection: Document = {
        "clusterName": settings.instance or DEFAULT_INSTANCE,
        "type": "OpenMetadata",
        "hostPort": settings.metadata_api_endpoint,
        "authProvider": "openmetadata",
        "verifySSL": settings.verify_ssl,
        "sslConfig": {"caCertificate": certificates},
        "securityConfig": {"jwtToken": token.strip()},
        "secretsManagerProvider": "db",
        "secretsManagerLoader": settings.secrets_manager_loader,
    }
    if not certificates:
        del connection["sslConfig"]
    return connection


def ca_apart(document: Document, origin: str) -> tuple[Document, str]:
    """Return a document without the text of certificates, and that text; empty where there is none.

    The ingestion takes the path of a file. One that is given is left as it is: it is the image's, or a volume's.

    Raises:
        SettingsError: The text holds none that can be used.
    """
    connection = connection_in(document)
    ssl = connection.get("sslConfig") if isinstance(connection, dict) else None
    if not isinstance(ssl, dict) or "-----BEGIN" not in str(ssl.get("caCertificate")):
        return document, ""
    certificates = checked_certificates(str(ssl["caCertificate"]), f"{origin}: sslConfig.caCertificate")
    changed = {**connection, "sslConfig": {**ssl, "caCertificate": CA_PATH}}
    return with_connection(document, changed), certificates


def checked_certificates(text: str, origin: str) -> str:
    """Return the certificates of a PEM file, without whatever else is in it.

    Raises:
        SettingsError: There is none in it, one is broken, or there is a private key beside them.
    """
    if _PRIVATE_KEY.search(text):
        raise SettingsError(
            f"{origin} contains a private key, which must not be mounted into a run's pod",
            hint="use a file with the CA certificates only",
        )
    found = "".join(f"{match[0]}\n" for match in _CERTIFICATE.finditer(text))
    import ssl  # here, since hardly any call needs it

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found)
    except (ValueError, ssl.SSLError) as error:
        raise SettingsError(
            f"{origin} contains {'an invalid certificate' if found else 'no certificate'}",
            hint="use a PEM file: -----BEGIN CERTIFICATE----- and base64",
        ) from error
    return found


def movable_token(document: Document) -> str:
    """Return the token of a document that can have a Secret of its own; empty if it has none such.

    What is no JSON web token with a name in it stays in the document: nobody could tell whose it is, or which of two
    is the newer one. So does a reference to a Secret or a variable.
    """
    token = token_in(document)
    return token if isinstance(token, str) and bot_of(token) else ""


def wants_token(document: Document) -> bool:
    """Tell whether a document needs a bot's token and has none."""
    connection = connection_in(document)
    if not isinstance(connection, dict) or connection.get("authProvider", "openmetadata") != "openmetadata":
        return False
    security = connection.get("securityConfig")
    return token_in(document) in (None, "") and (security is None or isinstance(security, dict))


def check_token(document: Document, origin: str) -> None:
    """Check that a document that an entity gave has what its run logs in with.

    Raises:
        DefinitionError: It has no token.
    """
    if wants_token(document):
        raise DefinitionError(
            f"{origin}: openMetadataServerConnection has no token (securityConfig.jwtToken)",
            hint="read it from OpenMetadata with a bot's token, or set tokenSecret to the Secret that has the token",
        )


def why_not_newer(current: str, wanted: str) -> str:
    """Say why a token is not to take the place of another one; empty where it is the newer one of the same bot.

    Args:
        current: What is there; may be empty, or no token at all.
        wanted: One that says whose it is.
    """
    there, here = claims_of(current), claims_of(wanted)
    if not current:
        return ""
    if there.bot != here.bot:
        return f"that is of {there.bot or 'nobody that it names'}, and this one of {here.bot}"
    if there.issued_at is None or here.issued_at is None or there.issued_at == here.issued_at:
        return "which of the two is newer cannot be told"
    if there.issued_at > here.issued_at:
        shown = "%Y-%m-%d" if there.issued_at.date() != here.issued_at.date() else "%Y-%m-%d %H:%M:%S UTC"
        return f"that was issued later, on {there.issued_at:{shown}}, and this one on {here.issued_at:{shown}}"
    return ""


def _name(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= _MAX_BOT and value.isprintable() else ""


def _moment(value: Any) -> datetime | None:
    """Return a NumericDate; None for what is no time that Python knows."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
