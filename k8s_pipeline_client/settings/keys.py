"""The names of settings in our own file, in the server's files, and in the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from k8s_pipeline_client.settings.models import Settings
from k8s_pipeline_client.settings.server import ServerSettings

KeyPath = tuple[str, ...]
"""A documented key, such as ``("resources", "limits", "cpu")``."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a source gives.

    Attributes:
        value: As it was written.
        origin: Where, for people.
    """

    value: Any
    origin: str


Layer = dict[KeyPath, Given]
"""What one source gives."""

KNOWN = MappingProxyType({str(field.alias): name for name, field in Settings.model_fields.items()})
"""The documented keys, and the names of their fields."""

OF_RUNS = frozenset(
    str(field.alias) for name, field in Settings.model_fields.items() if name not in ServerSettings.model_fields
)
"""Those of them that are about runs, and not about the server."""

_SPELLINGS = MappingProxyType({name: alias for alias, name in KNOWN.items()})

PARTS = frozenset({"resources", "sslConfig", "logStorageConfiguration"})
"""Of these a later source replaces the values that it has; of all others the whole."""

SYNONYMS: Mapping[KeyPath, KeyPath] = MappingProxyType(
    {
        ("enableFailureDiagnostics",): ("failureDiagnosticsEnabled",),
        ("host",): ("apiEndpoint",),
        ("openmetadata", "serverHostApiUrl"): ("metadataApiEndpoint",),
        ("verifySsl",): ("verifySSL",),
        ("sslCertificatePath",): ("sslConfig", "certificatePath"),
        ("sslConfig", "validate", "certificatePath"): ("sslConfig", "certificatePath"),
        ("securityContext", "runAsUser"): ("runAsUser",),
        ("securityContext", "runAsGroup"): ("runAsGroup",),
        ("securityContext", "fsGroup"): ("fsGroup",),
        ("securityContext", "runAsNonRoot"): ("runAsNonRoot",),
        ("securityContext", "seccompProfile", "type"): ("seccompProfileType",),
        ("securityContext", "seccompProfile", "localhostProfile"): ("seccompLocalhostProfile",),
    }
)
"""What Helm's values and older files of the server call a setting."""

IRRELEVANT = frozenset(
    {
        "username",  # Airflow's
        "password",
        "timeout",
        "truststorePath",
        "truststorePassword",
        "auth",
        "authProvider",  # of older servers
        "authConfig",
        "rbac",  # what the chart creates beside the server
        "argoWorkflows",
    }
)
"""Keys of the server's files that mean nothing to runs on Kubernetes."""

GROUPS = frozenset(path[:length] for path in SYNONYMS for length in range(1, len(path)))
"""Mappings that hold such keys, and are no settings themselves."""

_PLACEHOLDERS: Mapping[KeyPath, str] = MappingProxyType({("sslConfig", "certificatePath"): "/no/path"})
"""What the chart has where nothing is meant."""

OF_OLD_CHARTS = frozenset({("host",), ("openmetadata", "serverHostApiUrl")})
"""Of these, what nobody should write in a file of our own."""

_RESOURCES = {
    f"K8S_{kind.upper()}_{amount.upper()}": ("resources", kind, amount)
    for kind in ("limits", "requests")
    for amount in ("cpu", "memory")
}
_LOGS = {
    "TYPE": ("type",),
    "ENABLED": ("enabled",),
    "BUCKET_NAME": ("bucketName",),
    "PREFIX": ("prefix",),
    "SSE_ENABLED": ("enableServerSideEncryption",),
    "SSE_ALGORITHM": ("sseAlgorithm",),
    "KMS_KEY_ID": ("kmsKeyId",),
    "AWS_ACCESS_KEY_ID": ("awsConfig", "awsAccessKeyId"),
    "AWS_SECRET_ACCESS_KEY": ("awsConfig", "awsSecretAccessKey"),
    "REGION": ("awsConfig", "awsRegion"),
    "AWS_SESSION_TOKEN": ("awsConfig", "awsSessionToken"),
    "AWS_ENDPOINT_URL": ("awsConfig", "endPointURL"),
}

VARIABLES: Mapping[str, KeyPath] = MappingProxyType(
    {
        "PIPELINE_SERVICE_CLIENT_ENABLED": ("enabled",),
        "PIPELINE_SERVICE_CLIENT_CLASS_NAME": ("className",),
        "PIPELINE_SERVICE_CLIENT_ENDPOINT": ("apiEndpoint",),
        "SERVER_HOST_API_URL": ("metadataApiEndpoint",),
        "PIPELINE_SERVICE_IP_INFO_ENABLED": ("ingestionIpInfoEnabled",),
        "PIPELINE_SERVICE_CLIENT_HOST_IP": ("hostIp",),
        "PIPELINE_SERVICE_CLIENT_HEALTH_CHECK_INTERVAL": ("healthCheckInterval",),
        "PIPELINE_SERVICE_CLIENT_VERIFY_SSL": ("verifySSL",),
        "PIPELINE_SERVICE_CLIENT_SSL_CERT_PATH": ("sslConfig", "certificatePath"),
        "PIPELINE_SERVICE_CLIENT_SECRETS_MANAGER_LOADER": ("secretsManagerLoader",),
        "PIPELINE_SERVICE_CLIENT_AWS_IAM_AUTH_ENABLED": ("logStorageConfiguration", "awsConfig", "enabled"),
        **{f"PIPELINE_SERVICE_CLIENT_LOG_{name}": ("logStorageConfiguration", *path) for name, path in _LOGS.items()},
        "K8S_NAMESPACE": ("namespace",),
        "K8S_INGESTION_IMAGE": ("ingestionImage",),
        "K8S_IMAGE_PULL_POLICY": ("imagePullPolicy",),
        "K8S_IMAGE_PULL_SECRETS": ("imagePullSecrets",),
        "K8S_SERVICE_ACCOUNT_NAME": ("serviceAccountName",),
        **_RESOURCES,
        "K8S_TTL_SECONDS_AFTER_FINISHED": ("ttlSecondsAfterFinished",),
        "K8S_ACTIVE_DEADLINE_SECONDS": ("activeDeadlineSeconds",),
        "K8S_BACKOFF_LIMIT": ("backoffLimit",),
        "K8S_SUCCESS_JOBS_HISTORY_LIMIT": ("successfulJobsHistoryLimit",),  # so the chart calls it; the next one wins
        "K8S_SUCCESSFUL_JOBS_HISTORY_LIMIT": ("successfulJobsHistoryLimit",),
        "K8S_FAILED_JOBS_HISTORY_LIMIT": ("failedJobsHistoryLimit",),
        "K8S_NODE_SELECTOR": ("nodeSelector",),
        "K8S_POD_ANNOTATIONS": ("podAnnotations",),
        "K8S_TOLERATIONS": ("tolerations",),
        "K8S_RUN_AS_USER": ("runAsUser",),
        "K8S_RUN_AS_GROUP": ("runAsGroup",),
        "K8S_FS_GROUP": ("fsGroup",),
        "K8S_RUN_AS_NON_ROOT": ("runAsNonRoot",),
        "K8S_SECCOMP_PROFILE_TYPE": ("seccompProfileType",),
        "K8S_SECCOMP_LOCALHOST_PROFILE": ("seccompLocalhostProfile",),
        "K8S_EXTRA_ENV_VARS": ("extraEnvVars",),
        "K8S_ENABLE_FAILURE_DIAGNOSTICS": ("failureDiagnosticsEnabled",),
        "USE_OMJOB_OPERATOR": ("useOMJobOperator",),
        "K8S_PIPELINE_INSTANCE": ("instance",),
        "K8S_PIPELINE_REPORTER_WATCH": ("reporterWatch",),
        "OPENMETADATA_JWT_TOKEN": ("serverToken",),
        "OPENMETADATA_JWT_TOKEN_FILE": ("serverTokenFile",),
    }
)
"""The environment variables that are settings; all but the last three are those of OpenMetadata."""


def documented(key: str) -> str:
    """Return the documented spelling of a key: ``backoffLimit`` for ``backoff_limit``."""
    return _SPELLINGS.get(key, key)


def is_known(path: KeyPath) -> bool:
    """Return whether there is a setting at a documented key."""
    model: type[BaseModel] = Settings
    for key in path:
        field = next((field for field in model.model_fields.values() if field.alias == key), None)
        if field is None:
            return False
        if not isinstance(field.default, BaseModel):
            return True
        model = type(field.default)
    return bool(path)


def is_given(path: KeyPath, value: Any) -> bool:
    """Return whether a value of the server's files or variables sets anything: what they do not set is often empty."""
    if isinstance(value, str):
        return bool(value.strip()) and value != _PLACEHOLDERS.get(path)
    return value is not None


def leaves(key: KeyPath, value: Any) -> Iterator[tuple[KeyPath, KeyPath, Any]]:
    """Take a key of a file apart into settings.

    Args:
        key: As it stands in the file, below the block of settings.
        value: What stands there.

    Yields:
        The documented key, the key as it stands in the file, and the value.
    """
    if key in SYNONYMS:
        yield SYNONYMS[key], key, value
    elif isinstance(value, Mapping) and (key in GROUPS or key[0] in PARTS):
        for inner, item in value.items():
            yield from leaves((*key, inner), item)
    else:
        first = documented(key[0])
        yield (first, *key[1:]), key, value


def put(layer: Layer, path: KeyPath, given: Given) -> None:
    """Let a value replace what stands at its key, above and below."""
    for other in [other for other in layer if other[: len(path)] == path or path[: len(other)] == other]:
        del layer[other]
    layer[path] = given


def nested(layer: Layer) -> dict[str, Any]:
    """Return the values as the mapping that `Settings` takes."""
    result: dict[str, Any] = {}
    for path, given in layer.items():
        place = result
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = given.value
    return result
