"""All settings, their defaults, and their validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    JsonValue,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from k8s_pipeline_client.domain import podpatch
from k8s_pipeline_client.domain.image import DEFAULT_IMAGE
from k8s_pipeline_client.domain.quantity import parse_quantity
from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings import overrides
from k8s_pipeline_client.settings.fields import (
    WHOLE_NUMBER,
    Annotations,
    DnsLabel,
    DnsSubdomain,
    Environment,
    Flag,
    Image,
    Labels,
    Model,
    Names,
    PodLabels,
    Quantity,
    QueueName,
    RelativePath,
    UserId,
)
from k8s_pipeline_client.settings.overrides import Override
from k8s_pipeline_client.settings.scheduling import Affinity, Toleration, TopologySpreadConstraint
from k8s_pipeline_client.settings.server import OPTIONAL, ServerSettings
from k8s_pipeline_client.settings.sources import EnvFromSource, Volume, VolumeMount, check_mounts
from k8s_pipeline_client.settings.syntax import listed

if TYPE_CHECKING:
    from k8s_pipeline_client.domain.pipeline import Pipeline

REPORTER_OUTAGE_SECONDS = 7200
"""The minimum time for which finished Jobs are kept: the reporter may be down for an hour, and has one to catch up."""
MIN_STARTING_DEADLINE_SECONDS = 120
"""Under load the CronJob controller drops runs without an event below this."""
DO_NOT_DISRUPT = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}
"""Annotations that keep autoscalers from removing a pod's node to save money."""


class ResourceAmounts(Model):
    """CPU and memory as Kubernetes quantities."""

    cpu: Quantity
    memory: Quantity


class Resources(Model):
    """Requests and limits of a run's container."""

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


def _overlays(value: Any) -> Any:
    return [value] if isinstance(value, Mapping) else value


class Settings(ServerSettings):
    """All settings. Times are in seconds."""

    namespace: DnsLabel = "openmetadata-pipelines"
    ingestion_image: Image = DEFAULT_IMAGE
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    image_pull_secrets: Names = ()
    service_account_name: DnsSubdomain = "openmetadata-ingestion"
    resources: Resources = Resources()

    active_deadline_seconds: Annotated[int, Field(gt=0, le=2**31 - 2**20), WHOLE_NUMBER] = 7200
    start_timeout_seconds: Annotated[int, Field(gt=0, le=2**19), WHOLE_NUMBER] = 900
    termination_grace_period_seconds: Annotated[int, Field(ge=1, le=3600), WHOLE_NUMBER] = 60
    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE_NUMBER] = 86400
    backoff_limit: Annotated[int, Field(ge=0, le=1000), WHOLE_NUMBER] = 3
    successful_jobs_history_limit: Annotated[int, Field(ge=0, le=1000), WHOLE_NUMBER] = 3
    failed_jobs_history_limit: Annotated[int, Field(ge=0, le=1000), WHOLE_NUMBER] = 3
    starting_deadline_seconds: Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE_NUMBER] = 600

    killed_run_state: Literal["failed", "stopped"] = "failed"
    """What OpenMetadata is told of a run that somebody has ended; AutoPilot of 1.12 waits forever on ``stopped``."""
    force_delete_lost_pods: Flag = False
    """Whether the reporter ends runs on lost nodes, and force-deletes their pods, which may still work."""
    reporter_watch: Flag = False
    """Whether the reporter watches Jobs and pods, which OpenMetadata's documented Role does not allow."""
    deleted_pipeline_retention_days: Annotated[int, Field(ge=0, le=3650), WHOLE_NUMBER] = 7
    """For so long a pipeline that was deleted in OpenMetadata is kept, suspended, to be resumed when it is restored."""

    node_selector: Labels = Field(default_factory=dict)
    tolerations: Annotated[tuple[Toleration, ...], BeforeValidator(listed)] = ()
    affinity: Affinity | None = None
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] = ()
    priority_class_name: DnsSubdomain | None = None
    runtime_class_name: DnsSubdomain | None = None
    queue_name: QueueName | None = None
    do_not_disrupt: Flag = False

    pod_labels: PodLabels = Field(default_factory=dict)
    pod_annotations: Annotations = Field(default_factory=dict)
    extra_env_vars: Environment = Field(default_factory=dict)
    env_from: tuple[EnvFromSource, ...] = ()
    volumes: tuple[Volume, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()

    run_as_user: UserId = 1000
    run_as_group: UserId = 1000
    fs_group: UserId | None = 1000
    run_as_non_root: Flag = True
    seccomp_profile_type: Literal["RuntimeDefault", "Localhost", "Unconfined"] = "RuntimeDefault"
    seccomp_localhost_profile: Annotated[RelativePath | None, OPTIONAL] = None

    pod_template: Annotated[tuple[dict[str, JsonValue], ...], BeforeValidator(_overlays)] = ()
    """Strategic merge patches for the pod template, applied one after the other."""

    # The last field: its validation needs all the others.
    overrides: tuple[Override, ...] = ()

    def override_for(self, pipeline: Pipeline) -> int | None:
        """Return the number of the override that applies to a pipeline: the first that matches."""
        return next((i for i, item in enumerate(self.overrides) if item.match.fits(pipeline)), None)

    def for_pipeline(self, pipeline: Pipeline) -> Settings:
        """Return the settings of a pipeline: these, under what its own definition sets, under the override that fits.

        Raises:
            SettingsError: What its definition sets does not go together with the settings.
        """
        number = self.override_for(pipeline)
        change = {} if number is None else self.overrides[number].settings
        if not pipeline.own_settings and not change:
            return self
        values = overrides.merged(overrides.values_of(self), pipeline.own_settings)
        try:
            return Settings.model_validate(overrides.merged(values, change))
        except ValidationError as error:
            found = "; ".join(
                f"{overrides.path_of(where) or 'settings'}: {why}" for where, why in overrides.located(error)
            )
            raise SettingsError(f"{pipeline.origin}: its own settings cannot be used: {found}") from None

    @field_validator("image_pull_secrets")
    @classmethod
    def _pull_secrets_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # Kubernetes merges this list by name, and refuses to apply one with a name twice.
        return tuple(dict.fromkeys(value))

    @field_validator("topology_spread_constraints")
    @classmethod
    def _spread_once(cls, value: tuple[TopologySpreadConstraint, ...]) -> tuple[TopologySpreadConstraint, ...]:
        if len({(item.topology_key, item.when_unsatisfiable) for item in value}) < len(value):
            raise ValueError("two constraints have the same topologyKey and whenUnsatisfiable")
        return value

    @field_validator("pod_template")
    @classmethod
    def _parts_of_a_template(cls, value: tuple[dict[str, JsonValue], ...]) -> tuple[dict[str, JsonValue], ...]:
        for overlay in value:
            for key, part in overlay.items():
                if key not in ("metadata", "spec") or not isinstance(part, dict):
                    raise ValueError(f"{key!r}: a pod template consists of two mappings, metadata and spec")
            podpatch.check(overlay)  # here, since who renders does not know the file
        return value

    @model_validator(mode="after")
    def _volumes_fit(self) -> Settings:
        check_mounts(self.volumes, self.volume_mounts)
        return self

    @model_validator(mode="after")
    def _annotations_agree(self) -> Settings:
        for key, value in DO_NOT_DISRUPT.items() if self.do_not_disrupt else ():
            if self.pod_annotations.get(key, value) != value:
                raise ValueError(f"doNotDisrupt true, and podAnnotations say the opposite with {key}")
        return self

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

    @field_validator("overrides")
    @classmethod
    def _overrides_fit(cls, value: tuple[Override, ...], info: ValidationInfo) -> tuple[Override, ...]:
        # What of the base could be used; what could not is reported by itself.
        overrides.check(cls.model_construct(**info.data), value)
        return value
