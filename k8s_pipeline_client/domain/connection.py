"""The connection of a run to OpenMetadata, and the bot's token in it."""

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
"""OpenMetadata's default clusterName."""
CA_PATH = "/opt/k8s-pipeline/ca.pem"
"""The path of our CA certificates in a run's pod."""

_JSON_WEB_TOKEN = re.compile(r"[\w-]+\.([\w-]+)\.[\w-]*", re.ASCII)
_MAX_BOT = 256
"""The maximum length of a name in OpenMetadata."""
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s(.*?)-----END CERTIFICATE-----", re.DOTALL)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class ServerSettings(Protocol):
    """The settings that a connection is built from; documented there."""

    @property
    def instance(self) -> str | None:
        """The OpenMetadata instance."""

    @property
    def metadata_api_endpoint(self) -> str | None:
        """Its URL for the runs."""

    @property
    def verify_ssl(self) -> str:
        """``no-ssl``, ``ignore`` or ``validate``."""

    @property
    def secrets_manager_loader(self) -> str:
        """The source of a secrets manager's credentials."""


@dataclass(frozen=True, slots=True)
class TokenSource:
    """The Secret with a token that is not in the document.

    Attributes:
        secret: Its name.
        key: The key within it.
    """

    secret: str
    key: str


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a bot's token; decoded, not verified: that is done by OpenMetadata.

    Attributes:
        bot: Whose it is; empty if unknown.
        issued_at: None if unknown.
        expires_at: None for OpenMetadata's unlimited tokens.
        unreadable: Why it does not tell until when it is valid; empty if it does, or has no end.
    """

    bot: str = ""
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    unreadable: str = ""


_NO_JWT = Claims(unreadable="it is no JSON Web Token (JWT)")


def claims_of(token: str) -> Claims:
    """Return a token's claims; empty ones if it is not a JWT."""
    match = _JSON_WEB_TOKEN.fullmatch(token)
    if match is None:
        return _NO_JWT
    try:
        found = json.loads(base64.urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4)).decode())
    except (ValueError, RecursionError):
        return _NO_JWT
    if not isinstance(found, dict):
        return _NO_JWT
    end = found.get("exp")
    expires_at = _moment(end)
    unreadable = "its claim exp is no time" if expires_at is None and end is not None else ""
    return Claims(_name(found.get("sub")), _moment(found.get("iat")), expires_at, unreadable)


def bot_of(token: str) -> str:
    """Return whose token it is; empty if unknown."""
    return claims_of(token).bot


def expiry_of(token: str) -> datetime | None:
    """Return when a token expires, in UTC; None if it does not."""
    return claims_of(token).expires_at


def instance_of(server_connection: Document | None) -> str:
    """Return the OpenMetadata instance of a connection: its clusterName."""
    return str((server_connection or {}).get("clusterName") or DEFAULT_INSTANCE)


def server_connection(settings: ServerSettings, token: str | None, *, certificates: str = "") -> Document:
    """Build the ``openMetadataServerConnection`` of a pipeline whose definition has none.

    Args:
        settings: The settings for the connection.
        token: The bot's token; empty if it is in a Secret, None if there is none.
        certificates: CA certificates for the runs, PEM; empty for those of their image.

    Raises:
        SettingsError: The URL or the token is missing.
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
    """Return a document without the text of certificates, and that text; empty if there is none.

    The ingestion framework needs a file. A given path is not changed: it is in the image, or in a volume.

    Raises:
        SettingsError: The text has no valid certificate.
    """
    connection = connection_in(document)
    ssl = connection.get("sslConfig") if isinstance(connection, dict) else None
    if not isinstance(ssl, dict) or "-----BEGIN" not in str(ssl.get("caCertificate")):
        return document, ""
    certificates = checked_certificates(str(ssl["caCertificate"]), f"{origin}: sslConfig.caCertificate")
    changed = {**connection, "sslConfig": {**ssl, "caCertificate": CA_PATH}}
    return with_connection(document, changed), certificates


def checked_certificates(text: str, origin: str) -> str:
    """Return the certificates of a PEM file, without comments.

    Raises:
        SettingsError: It has no certificate, an invalid one, or a private key.
    """
    if _PRIVATE_KEY.search(text):
        raise SettingsError(
            f"{origin} contains a private key, which must not be mounted into a run's pod",
            hint="use a file with the CA certificates only",
        )
    found = "".join(f"{match[0]}\n" for match in _CERTIFICATE.finditer(text))
    import ssl  # imported here, since few calls need it

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found)
    except (ValueError, ssl.SSLError) as error:
        raise SettingsError(
            f"{origin} contains {'an invalid certificate' if found else 'no certificate'}",
            hint="use a PEM file: -----BEGIN CERTIFICATE----- and base64",
        ) from error
    return found


def movable_token(document: Document) -> str:
    """Return the token of a document if it can be moved to a Secret of its own; else empty.

    Tokens that are not JWTs with a subject stay in the document: their bot, and which of two is newer, is unknown. So
    do references to a Secret or a variable.
    """
    token = token_in(document)
    return token if isinstance(token, str) and bot_of(token) else ""


def server_of(document: Document) -> str:
    """Return OpenMetadata's address as a document has it; empty where it has none."""
    connection = connection_in(document)
    found = connection.get("hostPort") if isinstance(connection, dict) else None
    return found if isinstance(found, str) else ""


def wants_token(document: Document) -> bool:
    """Return whether a document needs a bot's token and has none."""
    connection = connection_in(document)
    if not isinstance(connection, dict) or connection.get("authProvider", "openmetadata") != "openmetadata":
        return False
    security = connection.get("securityConfig")
    return token_in(document) in (None, "") and (security is None or isinstance(security, dict))


def check_token(document: Document, origin: str) -> None:
    """Check that the document of an entity has a token.

    Raises:
        DefinitionError: It has no token.
    """
    if wants_token(document):
        raise DefinitionError(
            f"{origin}: openMetadataServerConnection has no token (securityConfig.jwtToken)",
            hint="put the bot's token there, or set tokenSecret to the Secret that has it",
        )


def why_not_newer(current: str, wanted: str) -> str:
    """Return why a token must not replace another one; empty if it is the newer one of the same bot.

    Args:
        current: The current value; may be empty, or not a token.
        wanted: A token that names its bot.
    """
    there, here = claims_of(current), claims_of(wanted)
    if not current:
        return ""
    if there.bot != here.bot:
        return f"that is of {there.bot or 'nobody that it names'}, and this one of {here.bot}"
    if there.issued_at is None or here.issued_at is None or there.issued_at == here.issued_at:
        return "which of the two is newer is unknown"
    if there.issued_at > here.issued_at:
        shown = "%Y-%m-%d" if there.issued_at.date() != here.issued_at.date() else "%Y-%m-%d %H:%M:%S UTC"
        return f"that was issued later, on {there.issued_at:{shown}}, and this one on {here.issued_at:{shown}}"
    return ""


def _name(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= _MAX_BOT and value.isprintable() else ""


def _moment(value: Any) -> datetime | None:
    """Return a NumericDate; None if it is invalid or out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
