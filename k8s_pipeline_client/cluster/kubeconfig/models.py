"""The fields of a kubeconfig that are used; all others are ignored, as kubectl does.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


def _kebab(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


class _Part(BaseModel):
    # Strict: kubectl does not accept a number as a string either; a token that YAML parses as a number is another one.
    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        alias_generator=_kebab,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_nothing(cls, value: Any) -> Any:
        return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


class EnvVar(_Part):
    """An environment variable of an exec plugin."""

    name: str = ""
    value: Annotated[str, Field(repr=False)] = ""


class Exec(_Part):
    """An exec plugin: a program that prints credentials."""

    command: str = ""
    args: list[str] = []
    env: list[EnvVar] = []
    api_version: Annotated[str, Field(alias="apiVersion")] = ""
    install_hint: Annotated[str, Field(alias="installHint")] = ""
    provide_cluster_info: Annotated[bool, Field(alias="provideClusterInfo")] = False
    interactive_mode: Annotated[str, Field(alias="interactiveMode")] = ""


class User(_Part):
    """The credentials and the impersonation of a user; file paths are absolute once it has been read."""

    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")
    token_file: Annotated[str, Field(alias="tokenFile")] = ""
    username: str = ""
    password: SecretStr = SecretStr("")
    as_: str = ""
    as_uid: str = ""
    as_groups: list[str] = []
    as_user_extra: dict[str, list[str]] = {}
    auth_provider: Annotated[dict[str, Any] | None, Field(repr=False)] = None
    exec_: Exec | None = None


class Extension(_Part):
    """An extension, written by another program."""

    name: str = ""
    extension: Any = None


class Cluster(_Part):
    """The address of an API server, and its CA certificates."""

    server: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    proxy_url: SecretStr = SecretStr("")
    disable_compression: bool = False
    extensions: list[Extension] = []


class Context(_Part):
    """A user at a cluster, and the namespace that is meant where none is named."""

    cluster: str = ""
    user: str = ""
    namespace: str = ""


class _Named(_Part):
    name: str = ""


class NamedCluster(_Named):
    """An entry of ``clusters``."""

    cluster: Cluster = Cluster()


class NamedContext(_Named):
    """An entry of ``contexts``."""

    context: Context = Context()


class NamedUser(_Named):
    """An entry of ``users``."""

    user: User = User()


class Document(_Part):
    """One kubeconfig file."""

    api_version: Annotated[str, Field(alias="apiVersion")] = "v1"
    kind: str = "Config"
    current_context: str = ""
    clusters: list[NamedCluster] = []
    contexts: list[NamedContext] = []
    users: list[NamedUser] = []


class Kubeconfig(BaseModel):
    """One or several kubeconfig files, merged; entries by name."""

    model_config = ConfigDict(frozen=True)

    current_context: str = ""
    clusters: dict[str, Cluster] = {}
    contexts: dict[str, Context] = {}
    users: dict[str, User] = {}

    def with_later(self, other: Kubeconfig) -> Kubeconfig:
        """Return this merged with another one: existing entries stay as they are."""
        return Kubeconfig(
            current_context=self.current_context or other.current_context,
            clusters={**other.clusters, **self.clusters},
            contexts={**other.contexts, **self.contexts},
            users={**other.users, **self.users},
        )
