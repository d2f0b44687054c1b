"""The connection to OpenMetadata from the settings, for definitions without one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from k8s_pipeline_client.domain.connection import checked_certificates, server_connection
from k8s_pipeline_client.domain.entities import App, AutomationWorkflow, Document, Entity, IngestionPipeline
from k8s_pipeline_client.domain.recognise import Definition
from k8s_pipeline_client.errors import DefinitionError, SettingsError
from k8s_pipeline_client.settings.files import text_of
from k8s_pipeline_client.settings.models import Settings


def given_connection(settings: Settings) -> Document:
    """Return the connection that the settings describe.

    Raises:
        SettingsError: Address or token are not given, or a file cannot be used.
    """
    # A token in a named Secret stays there, even where this program has one of its own for reading the server.
    token = "" if settings.token_secret is not None else given_token(settings)
    return server_connection(settings, token, certificates=given_certificates(settings))


def connection_for(definitions: Iterable[Definition], settings: Settings) -> Document | None:
    """Return the connection that the settings describe, if a definition needs one.

    Raises:
        DefinitionError: One does, and the settings do not tell it.
    """
    lacking = next((item for item in definitions if lacks_connection(item.entity)), None)
    if lacking is None:
        return None
    try:
        return given_connection(settings)
    except SettingsError as error:
        raise DefinitionError(
            f"{lacking.origin}: openMetadataServerConnection is missing, and the settings do not define one: "
            f"{error.message}",
            hint=f"{error.hint or 'correct that'}; OpenMetadata's API shows nobody the connection of an entity",
        ) from error


def given_token(settings: Settings) -> str | None:
    """Return the bot's token; None if the settings give none.

    Raises:
        SettingsError: The file that should hold it cannot be read, or is empty.
    """
    if settings.server_token is not None:
        return settings.server_token.get_secret_value().strip()
    if settings.server_token_file is None:
        return None
    return read_token(Path(settings.server_token_file), "serverTokenFile")


def given_certificates(settings: Settings) -> str:
    """Return the certificates to trust, PEM; empty where none are given, or none are asked for.

    Raises:
        SettingsError: The file cannot be read, or holds no certificate.
    """
    path = settings.ssl_config.certificate_path
    if path is None or settings.verify_ssl != "validate":
        return ""
    return checked_certificates(text_of(Path(path), "sslConfig.certificatePath"), f"sslConfig.certificatePath {path}")


def read_token(path: Path, what: str) -> str:
    """Return the token in a file.

    Args:
        path: The file.
        what: What names it, for errors.

    Raises:
        SettingsError: It cannot be read, or is empty.
    """
    token = text_of(path, what).strip()
    if not token:
        raise SettingsError(f"{what} {path} is empty")
    return token


def lacks_connection(entity: Entity) -> bool:
    """Return whether an entity does not say how OpenMetadata is reached, and its run has to know."""
    return (
        isinstance(entity, IngestionPipeline | AutomationWorkflow | App) and not entity.open_metadata_server_connection
    )
