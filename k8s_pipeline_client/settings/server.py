"""How OpenMetadata is reached and which one it is; by the names of ``pipelineServiceClientConfiguration``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from k8s_pipeline_client.settings.fields import DnsSubdomain, Model

SecretKey = Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]
"""A key within a Kubernetes Secret."""


class TokenSecret(Model):
    """An existing Secret that holds the bot's token; somebody else writes it, and we never do."""

    name: DnsSubdomain
    key: SecretKey = "jwtToken"


class SslConfig(Model):
    """Whom to trust."""

    certificate_path: Annotated[str, Field(min_length=1)] | None = None
    """A PEM file with certificates, where this program runs."""


class ServerSettings(Model):
    """What is known of the OpenMetadata server."""

    instance: Annotated[str, Field(min_length=1)] | None = None
    """Which OpenMetadata this is, where several share a namespace; the connection's clusterName if None."""
    metadata_api_endpoint: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    """Such as ``http://openmetadata:8585/api``: where runs, and this program, reach OpenMetadata."""
    server_token: SecretStr | None = None
    """The bot's JWT."""
    server_token_file: Annotated[str, Field(min_length=1)] | None = None
    """A file with the bot's JWT, where this program runs."""
    token_secret: TokenSecret | None = None
    verify_ssl: Annotated[Literal["no-ssl", "ignore", "validate"], Field(alias="verifySSL")] = "no-ssl"
    ssl_config: SslConfig = SslConfig()
    secrets_manager_loader: Literal["noop", "airflow", "env"] = "noop"
