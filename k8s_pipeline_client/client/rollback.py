"""Takes back what a deploy has written before one of its writes was refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from k8s_pipeline_client.client.managers import MANAGER, SUSPEND_MANAGER
from k8s_pipeline_client.client.owned import fields_of, joined, part
from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.errors import ClusterError, ConflictError, PipelineError, UnreachableError
from k8s_pipeline_client.render.plan import suspend_manifest


@dataclass(frozen=True, slots=True)
class _Step:
    what: str
    take_back: Callable[[], object]


class Undo:
    """The writes of one deploy, and how each is taken back.

    A pipeline that the deploy has created is removed. One that was there gets back what we had applied to it, and
    nothing else: fields of other managers are none of ours, whether they changed meanwhile or not.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Take the cluster that is written to."""
        self._cluster = cluster
        self._steps: list[_Step] = []
        self._created: Object | None = None
        self._final = ""

    def created_pipeline(self, cronjob: Object) -> None:
        """Note a new CronJob, as it was created: with it goes all that it owns."""
        self._created = cronjob

    def created(self, item: Object) -> None:
        """Note an object that was not there."""
        self._steps.append(_Step(_name(item), lambda: self._delete(item)))

    def created_shared(self, item: Object, remove_unused: Callable[[], object]) -> None:
        """Note an object that was not there, and that others may use by now."""
        self._steps.append(_Step(_name(item), remove_unused))

    def changed(self, before: Object, after: Object) -> None:
        """Note an object that was there."""
        # Also what we own only now: with --force we may have taken it from somebody, and it has its old value back.
        fields = joined(fields_of(before, MANAGER), fields_of(after, MANAGER))
        manifest = part(before, fields)
        manifest["metadata"]["uid"] = before["metadata"]["uid"]
        self._steps.append(_Step(_name(before), lambda: self._cluster.apply(manifest, manager=MANAGER)))

    def suspended(self, before: Object) -> None:
        """Note that ``spec.suspend`` of a CronJob was set."""
        metadata = before["metadata"]
        manifest = suspend_manifest(metadata["name"], metadata["namespace"], bool(before["spec"].get("suspend")))
        manifest["metadata"]["uid"] = metadata["uid"]
        self._steps.append(
            _Step(
                f"spec.suspend of {_name(before)}",
                lambda: self._cluster.apply(manifest, manager=SUSPEND_MANAGER, force=True),
            )
        )

    def no_way_back(self, why: str) -> None:
        """Note that what comes before cannot be taken back any more."""
        self._steps.clear()
        self._created = None
        self._final = why

    def roll_back(self, error: PipelineError) -> str:
        """Take everything back, and return in a few words what has become of it; empty if nothing was written."""
        if self._final:
            return self._final
        if not self._steps and self._created is None:
            return ""
        if isinstance(error, UnreachableError):
            return "what was written before that stays, and nothing runs half-deployed: deploy again to complete it"
        if self._created is not None:
            return self._remove(self._created)
        left = list(self._steps)
        try:
            while left:
                left[-1].take_back()
                left.pop()
        except ClusterError as second:
            names = ", ".join(step.what for step in left)
            return (
                f"what was there before could not be put back either ({second.message}), so {names} may be of the "
                "new definition: deploy again, the old definition or the new one"
            )
        return "what was there before has been put back"

    def _remove(self, cronjob: Object) -> str:
        metadata = cronjob["metadata"]
        try:
            # Only as we left it: another process may be deploying the same pipeline, and go on with this CronJob.
            self._cluster.delete(
                Kind.CRONJOB,
                metadata["name"],
                Propagation.BACKGROUND,
                uid=metadata["uid"],
                version=metadata["resourceVersion"],
            )
            for step in self._steps:
                step.take_back()
        except ConflictError:
            return "somebody else has changed the new CronJob meanwhile, so it has been left as it is"
        except ClusterError as second:
            return (
                f"what had been created could not be removed either ({second.message}): CronJob {metadata['name']} "
                "stays suspended; deploy again or delete it"
            )
        return "what had been created has been removed"

    def _delete(self, item: Object) -> None:
        metadata = item["metadata"]
        self._cluster.delete(Kind(item["kind"]), metadata["name"], Propagation.BACKGROUND, uid=metadata["uid"])


def _name(item: Object) -> str:
    return f"{item['kind']} {item['metadata']['name']}"
