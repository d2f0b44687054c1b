"""Enables and disables the schedules of pipelines."""

from __future__ import annotations

from k8s_pipeline_client.cluster.port import Cluster, Object
from k8s_pipeline_client.deploying import resume
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.errors import InputError
from k8s_pipeline_client.inventory.read import Named, Reader


class Switching:
    """The part of `Pipelines` that is about schedules."""

    _cluster: Cluster
    _reader: Reader

    def enable(
        self,
        name: Named,
        *,
        force: bool = False,
        announce: resume.Announce = lambda text: None,
        needs_schedule: bool = False,
    ) -> str:
        """Enable a pipeline's schedule; return its resource name. Notices are announced in advance.

        Raises:
            InputError: It only runs on demand, and ``needs_schedule`` is set.
            ConflictError: Another field manager set ``spec.suspend``, and ``force`` is not set.
        """
        cronjob = self._reader.cronjob(name)
        if needs_schedule:
            _check_schedule(cronjob, name, "enable")
        if not annotation(cronjob, labels.ON_DEMAND):
            resume.enable(self._cluster, cronjob, force=force, announce=announce)
        return str(cronjob["metadata"]["name"])

    def disable(self, name: Named, *, force: bool = False) -> str:
        """Disable a pipeline's schedule; active runs continue. Return its resource name.

        Raises:
            InputError: It only runs on demand.
            ConflictError: Another field manager set ``spec.suspend``, and ``force`` is not set.
        """
        cronjob = self._reader.cronjob(name)
        _check_schedule(cronjob, name, "disable")
        resource = str(cronjob["metadata"]["name"])
        resume.disable(self._cluster, resource, force=force)
        return resource


def _check_schedule(cronjob: Object, name: Named, what: str) -> None:
    if annotation(cronjob, labels.ON_DEMAND):
        raise InputError(
            f"{_title(cronjob, name)!r} has no schedule to {what}: it only runs on demand",
            code="NoSchedule",
            hint="give it one in its definition, or delete it if nobody needs it",
        )


def _title(item: Object, name: Named) -> str:
    return name if isinstance(name, str) else annotation(item, labels.DISPLAY_NAME)
