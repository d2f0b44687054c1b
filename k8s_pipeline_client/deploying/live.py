"""The live objects of one pipeline. Pure: `observe` reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.managers import MANAGER, SUSPEND_MANAGER
from k8s_pipeline_client.domain.ownership import fields_of
from k8s_pipeline_client.render.config import TOKEN_OPTION

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Live:
    """The live objects of a pipeline, shared ones included.

    Attributes:
        cronjob: Its CronJob; None if there is none.
        config_map: Its ConfigMap.
        secret: Its Secret.
        token: The Secret of its bot's token.
        shared: By name: the ConfigMaps of launcher and certificates.
        earlier: The CronJobs with its id under other names.
        earlier_config_maps: The ConfigMaps of these, by their name.
        active: Its Jobs that have not ended, read only where one may take its token from the document.
        now: The API server's time.
        claimed: The CronJob was created, suspended, by this deploy.
        secrets_read: Whether ``secret`` and ``token`` were read; for a new pipeline, after the claim.
    """

    cronjob: Object | None = None
    config_map: Object | None = None
    secret: Object | None = None
    token: Object | None = None
    shared: Mapping[str, Object] = field(default_factory=lambda: MappingProxyType({}))
    earlier: Sequence[Object] = ()
    earlier_config_maps: Mapping[str, Object] = field(default_factory=lambda: MappingProxyType({}))
    active: Sequence[Object] = ()
    now: datetime = _EPOCH
    claimed: bool = False
    secrets_read: bool = True

    def claimed_as(self, cronjob: Object) -> Live:
        """Return the live objects after the CronJob's creation."""
        return replace(self, cronjob=cronjob, claimed=True)

    def judged(self, is_renamed: Callable[[Object], bool]) -> Live:
        """Return the live objects, with only those earlier names that are the pipeline's own."""
        return replace(self, earlier=[old for old in self.earlier if is_renamed(old)])

    @property
    def uid(self) -> str | None:
        """The CronJob's UID."""
        return str(self.cronjob["metadata"]["uid"]) if self.cronjob else None

    @property
    def is_suspended(self) -> bool:
        """Whether the schedule is suspended."""
        return self.cronjob is not None and bool(self.cronjob["spec"].get("suspend"))

    @property
    def only_the_claim_holds_suspend(self) -> bool:
        """Whether an apply without ``spec.suspend`` would resume the schedule."""
        return _owns_suspend(self.cronjob, MANAGER) and not _owns_suspend(self.cronjob, SUSPEND_MANAGER)

    @property
    def takes_token(self) -> bool:
        """Whether the pods of new runs insert the token into the document."""
        return self.cronjob is not None and takes_token(self.cronjob["spec"]["jobTemplate"]["spec"])

    @property
    def token_name(self) -> str:
        """The name of the token Secret that the CronJob uses; empty if it uses none of ours."""
        return token_name(self.cronjob) if self.cronjob else ""


def takes_token(job_spec: Object) -> bool:
    """Return whether the pods of a Job insert the token into the document."""
    containers = job_spec["template"]["spec"]["containers"]
    return any(TOKEN_OPTION in (container.get("args") or ()) for container in containers)


def token_name(cronjob: Object) -> str:
    """Return the name of the token Secret that a CronJob uses; empty if it uses none of ours."""
    return str((cronjob["metadata"].get("labels") or {}).get(labels.TOKEN) or "")


def _owns_suspend(cronjob: Object | None, manager: str) -> bool:
    return cronjob is not None and "f:suspend" in fields_of(cronjob, manager).get("f:spec", {})
