"""How runs are made: one frozen object, every value checked, the documented names and defaults.

Names and meaning are those of ``pipelineServiceClientConfiguration.parameters`` of the OpenMetadata server; where
the server's code, its configuration file and its Helm chart differ, the Helm documentation's default is ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from k8s_pipeline_client.errors import SettingsError

REPORTER_OUTAGE_SECONDS = 3600
"""What finished Jobs must outlive, so that whoever reports their ends can be away for an hour."""
MIN_STARTING_DEADLINE_SECONDS = 120
"""Under load the CronJob controller drops runs without an event below this."""

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_FACTORS: dict[str | None, Decimal] = {
    None: Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}


def parse_quantity(text: str) -> Decimal:
    """Return a Kubernetes quantity such as ``500m`` or ``4Gi`` as a number.

    Raises:
        ValueError: It is not one.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a quantity such as 500m, 2 or 4Gi")
    return Decimal(match[1]) * _FACTORS[match[2]]


def _quantity(text: str) -> str:
    parse_quantity(text)
    return text


def _dns_label(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", text):
        raise ValueError(f"{text!r} is not a name that Kubernetes accepts (a-z, 0-9, hyphens, at most 63)")
    return text


def _dns_subdomain(text: str) -> str:
    if len(text) > 253 or not re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", text):
        raise ValueError(f"{text!r} is not a name that Kubernetes accepts (a-z, 0-9, hyphens, dots)")
    return text


def _text(value: Any) -> Any:
    # YAML reads `cpu: 2` as a number, and a person means what they would write between quotes.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _environment(value: Any) -> Any:
    """Take ``KEY:value`` and ``KEY=value``, whichever sign stands first, as well as a mapping."""
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in value.items()}
    if not isinstance(value, list):
        raise ValueError("give a list of KEY:value, or a mapping")
    result: dict[str, str] = {}
    for entry in value:
        match = re.fullmatch(r"([^:=]+)[:=](.*)", str(entry), re.DOTALL)
        if match is None:
            raise ValueError(f"entry {len(result) + 1} has neither ':' nor '=' after its name")
        result[match[1].strip()] = match[2]
    return result


def _environment_names(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if not re.fullmatch(r"[-._a-zA-Z][-._a-zA-Z0-9]*", name):
            raise ValueError(f"{name!r} is not a name of an environment variable")
        if name in RESERVED_ENVIRONMENT:
            raise ValueError(f"{name} is set by the run itself")
    return value


RESERVED_ENVIRONMENT = frozenset(
    {"config", "pipelineType", "pipelineRunId", "ingestionPipelineFQN", "jobName", "namespace"}
)

Quantity = Annotated[str, BeforeValidator(_text), AfterValidator(_quantity)]
DnsLabel = Annotated[str, AfterValidator(_dns_label)]
DnsSubdomain = Annotated[str, AfterValidator(_dns_subdomain)]
UserId = Annotated[int, Field(ge=0, le=2**31 - 1)]


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class ResourceAmounts(_Model):
    """CPU and memory as Kubernetes quantities."""

    cpu: Quantity
    memory: Quantity


class Resources(_Model):
    """What a run asks for and what it may use at most."""

    limits: ResourceAmounts = ResourceAmounts(cpu="2", memory="4Gi")
    requests: ResourceAmounts = ResourceAmounts(cpu="500m", memory="1Gi")

    @model_validator(mode="before")
    @classmethod
    def _fill_up(cls, value: Any) -> Any:
        """Let a partial map keep the defaults for what it does not name."""
        if not isinstance(value, Mapping):
            return value
        filled = dict(value)
        for kind in ("limits", "requests"):
            if isinstance(filled.get(kind), Mapping):
                filled[kind] = cls.model_fields[kind].default.model_dump() | dict(filled[kind])
        return filled

    @model_validator(mode="after")
    def _request_within_limit(self) -> Resources:
        for kind in ("cpu", "memory"):
            request, limit = getattr(self.requests, kind), getattr(self.limits, kind)
            if parse_quantity(request) > parse_quantity(limit):
                raise ValueError(f"requests.{kind} {request} is above limits.{kind} {limit}")
        return self


class Toleration(_Model):
    """A Kubernetes toleration."""

    key: str | None = None
    operator: Literal["Equal", "Exists"] | None = None
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: int | None = None


class Settings(_Model):
    """Everything that can be set about runs. Times are in seconds."""

    namespace: DnsLabel = "openmetadata-pipelines"
    ingestion_image: str = Field(
        default="docker.getcollate.io/openmetadata/ingestion:latest", min_length=1, pattern=r"^\S+$"
    )
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    image_pull_secrets: tuple[DnsSubdomain, ...] = ()
    service_account_name: DnsSubdomain = "openmetadata-ingestion"
    resources: Resources = Resources()

    active_deadline_seconds: Annotated[int, Field(gt=0, le=2**31 - 2**20)] = 7200
    start_timeout_seconds: Annotated[int, Field(gt=0, le=2**19)] = 900
    termination_grace_period_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=2**31 - 1)] = 86400
    backoff_limit: Annotated[int, Field(ge=0, le=1000)] = 3
    successful_jobs_history_limit: Annotated[int, Field(ge=0, le=1000)] = 3
    failed_jobs_history_limit: Annotated[int, Field(ge=0, le=1000)] = 3
    starting_deadline_seconds: Annotated[int, Field(ge=0, le=2**31 - 1)] = 600

    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    pod_annotations: dict[str, str] = Field(default_factory=dict)
    extra_env_vars: Annotated[
        dict[str, str], BeforeValidator(_environment), AfterValidator(_environment_names)
    ] = Field(default_factory=dict)

    run_as_user: UserId = 1000
    run_as_group: UserId = 1000
    fs_group: UserId | None = 1000
    run_as_non_root: bool = True
    seccomp_profile_type: Literal["RuntimeDefault", "Localhost", "Unconfined"] = "RuntimeDefault"
    seccomp_localhost_profile: str | None = None

    @model_validator(mode="after")
    def _seccomp_fits(self) -> Settings:
        if (self.seccomp_profile_type == "Localhost") != bool(self.seccomp_localhost_profile):
            raise ValueError("seccompLocalhostProfile goes with seccompProfileType Localhost, and only with it")
        return self

    @model_validator(mode="after")
    def _root_fits(self) -> Settings:
        if self.run_as_non_root and self.run_as_user == 0:
            raise ValueError("runAsUser 0 needs runAsNonRoot false")
        return self


def load_settings(path: Path | None = None, **flags: Any) -> Settings:
    """Read the settings file, if any; flags that are not None win.

    Raises:
        SettingsError: The file cannot be read, or values cannot be used; all of them are named at once.
    """
    values: dict[str, Any] = dict(_read(path)) if path is not None else {}
    values |= {to_camel(key): value for key, value in flags.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'settings'}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_input=False)
        )
        source = str(path) if path is not None else "the flags"
        raise SettingsError(f"settings from {source} cannot be used: {problems}") from None


def _read(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"settings file {path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file {path} is not YAML: {_where(error)}") from None
    if not isinstance(content, Mapping | None):
        raise SettingsError(f"settings file {path} holds no mapping of setting to value")
    return content or {}


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "not UTF-8"
