"""The OpenMetadata server and instance; by the names of ``pipelineServiceClientConfiguration``."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, model_validator

from k8s_pipeline_client.settings.fields import WHOLE_NUMBER, Address, DnsSubdomain, Flag, Model

OWN_CLASS = "org.openmetadata.service.clients.pipeline.k8s.K8sPipelineClient"
AIRFLOW_CLASS = "org.openmetadata.service.clients.pipeline.airflow.AirflowRESTClient"
NOOP_CLASS = "org.openmetadata.service.clients.pipeline.noop.NoopClient"
CLIENT_TYPES = ("k8s", "airflow")

SecretKey = Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]
"""A key within a Kubernetes Secret."""


def _client_type(text: str) -> str:
    if text not in CLIENT_TYPES:
        raise ValueError(
            f"there is no client of type {text!r} here: write k8s, or airflow with an apiEndpoint where a server talks"
            " to an HTTP service"
        )
    return text


def _client_class(text: str) -> str:
    if text not in (OWN_CLASS, AIRFLOW_CLASS, NOOP_CLASS):
        raise ValueError(
            f"{text!r} is not a client that this program can stand for: write {OWN_CLASS}, or {AIRFLOW_CLASS} with an"
            " apiEndpoint where a server talks to an HTTP service; another class would have to run in the server"
        )
    return text


def _nothing(value: Any) -> Any:
    """Take an empty text, as the server's file has it for what is not set, as None."""
    return None if isinstance(value, str) and not value.strip() else value


def _ip_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        raise ValueError("it is not an IP address such as 10.1.2.3") from None


OPTIONAL = BeforeValidator(_nothing)
Text = Annotated[str, Field(min_length=1)]
OptionalText = Annotated[Text | None, OPTIONAL]
Count = Annotated[int, Field(ge=1, le=2**31 - 1), WHOLE_NUMBER]


class TokenSecret(Model):
    """An existing Secret that holds the bot's token; somebody else writes it, and we never do."""

    name: DnsSubdomain
    key: SecretKey = "jwtToken"


class SslConfig(Model):
    """The CA certificates for TLS."""

    certificate_path: OptionalText = None
    """A PEM file with certificates, where this program runs."""


class AwsConfig(Model):
    """How the server logs in to where it keeps logs."""

    enabled: Flag = False
    aws_access_key_id: OptionalText = None
    aws_secret_access_key: Annotated[SecretStr | None, OPTIONAL] = None
    aws_session_token: Annotated[SecretStr | None, OPTIONAL] = None
    aws_region: OptionalText = None
    end_point_url: Annotated[Address | None, Field(alias="endPointURL"), OPTIONAL] = None
    profile_name: OptionalText = None
    assume_role_arn: OptionalText = None
    assume_role_session_name: OptionalText = None
    assume_role_source_identity: OptionalText = None


class LogStorage(Model):
    """Where the server keeps the logs that runs stream to it; the defaults are those of its schema."""

    type: Literal["default", "s3"] = "default"
    enabled: Flag = False
    bucket_name: OptionalText = None
    prefix: OptionalText = None
    enable_server_side_encryption: Flag = True
    sse_algorithm: Annotated[Literal["AES256", "aws:kms"] | None, OPTIONAL] = None
    kms_key_id: OptionalText = None
    storage_class: Literal[
        "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE"
    ] = "STANDARD_IA"
    expiration_days: Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE_NUMBER] = 30
    max_concurrent_streams: Count = 100
    stream_timeout_minutes: Count = 5
    stream_timeout_hours: Count = 24
    cleanup_interval_minutes: Count = 60
    partial_flush_interval_minutes: Count = 2
    early_flush_watermark_bytes: Annotated[int, Field(ge=1024, le=2**31 - 1), WHOLE_NUMBER] = 5 * 2**20
    pending_flush_alert_after_failures: Count = 10
    async_buffer_size_mb: Annotated[Count, Field(alias="asyncBufferSizeMB")] = 5
    aws_config: AwsConfig = AwsConfig()

    @model_validator(mode="after")
    def _fits_together(self) -> LogStorage:
        if self.type == "s3" and self.enabled and not self.bucket_name:
            raise ValueError("type s3 needs bucketName")
        if self.sse_algorithm == "aws:kms" and not self.kms_key_id:
            raise ValueError("sseAlgorithm aws:kms needs kmsKeyId")
        return self


class ServerSettings(Model):
    """What is known of the OpenMetadata server, and of the cluster."""

    enabled: Flag = True
    type: Annotated[str, AfterValidator(_client_type)] | None = None
    class_name: Annotated[str, AfterValidator(_client_class)] | None = None
    api_endpoint: Annotated[Address | None, OPTIONAL] = None
    """Where the server reaches an HTTP service that runs its pipelines; not used to run anything."""

    instance: Text | None = None
    """Which OpenMetadata this is, where several share a namespace; the connection's clusterName if None."""
    metadata_api_endpoint: Annotated[Address | None, OPTIONAL] = None
    """Such as ``http://openmetadata:8585/api``: where runs, and this program, reach OpenMetadata."""
    server_token: SecretStr | None = None
    """The bot's JWT."""
    server_token_file: Text | None = None
    """A file with the bot's JWT, where this program runs."""
    token_secret: TokenSecret | None = None
    verify_ssl: Annotated[Literal["no-ssl", "ignore", "validate"], Field(alias="verifySSL")] = "no-ssl"
    ssl_config: SslConfig = SslConfig()
    secrets_manager_loader: Literal["noop", "airflow", "env"] = "noop"

    host_ip: Annotated[Annotated[str, AfterValidator(_ip_address)] | None, OPTIONAL] = None
    """The address from which runs reach their sources, to be allowed there."""
    ingestion_ip_info_enabled: Flag = False
    health_check_interval: Count = 300
    queued_status_timeout_seconds: Count = 3600
    log_storage_configuration: LogStorage = LogStorage()
    failure_diagnostics_enabled: Flag = True
    use_om_job_operator: Annotated[Flag, Field(alias="useOMJobOperator")] = False

    in_cluster: Annotated[Flag | None, OPTIONAL] = None
    """Whether this program runs in the cluster that it works on; looked for if None."""
    kube_config_content: Annotated[SecretStr | None, OPTIONAL] = None
    kubeconfig_path: OptionalText = None
    skip_init: Flag = False

    @property
    def is_noop(self) -> bool:
        """Whether pipelines are not to be run by anybody."""
        return not self.enabled or self.class_name == NOOP_CLASS

    @model_validator(mode="after")
    def _airflow_has_an_address(self) -> ServerSettings:
        is_airflow = self.class_name == AIRFLOW_CLASS or (self.class_name is None and self.type == "airflow")
        if is_airflow and self.enabled and self.api_endpoint is None:
            raise ValueError("apiEndpoint is missing: the server's Airflow client (className, type) talks to it")
        return self
