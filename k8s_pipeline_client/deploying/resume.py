"""Enables a schedule without starting missed runs; see `domain.makeup`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain.makeup import Deadline, Live, begins_anew, deadline_of
from k8s_pipeline_client.domain.managers import MANAGER, SUSPEND_MANAGER, suspend_is_set_by_others, was_switched
from k8s_pipeline_client.domain.objects import pinned
from k8s_pipeline_client.domain.ownership import fields_of, part
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.errors import ConflictError, NotFoundError
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.render.makeup import (
    configured_deadline,
    live_of,
    notes,
    schedule_of,
    waiting,
    with_deadline,
)
from k8s_pipeline_client.render.plan import suspend_manifest
from k8s_pipeline_client.timelimit import pause

Announce = Callable[[str], None]

_ROUNDS = 5
"""The API server tells whole seconds, so that one may be left; more is a clock that stands still."""
_CONTENTION = 10.0
"""Seconds of conflicts with other writers before giving up."""


def settled_deadline(
    cluster: Cluster,
    cronjob: Object,
    schedule: Schedule,
    configured: int,
    *,
    announce: Announce,
    wait: bool = True,
) -> tuple[Live, Deadline]:
    """Return the current CronJob, and the deadline with which its schedule can be enabled now.

    Waits a few seconds if the newest due time has only just passed.

    Args:
        cluster: The cluster.
        cronjob: As it was read.
        schedule: The desired schedule.
        configured: `startingDeadlineSeconds` in the settings.
        announce: Called before a run that cannot be prevented, and before waits.
        wait: Whether to wait; a dry run does not.
    """
    live = live_of(cronjob)
    if not begins_anew(live, schedule) and live.deadline == configured:
        return live, Deadline(configured)
    name = cronjob["metadata"]["name"]
    for _ in range(_ROUNDS):
        # Read again, for the API server's time as well as for the CronJob: the run may exist by now.
        with suppress(NotFoundError):  # the following write handles that
            cronjob = cluster.get(Kind.CRONJOB, name)
        live = live_of(cronjob)
        found = deadline_of(live, schedule, configured, cluster.now())
        if not found.wait or not wait:
            break
        announce(waiting(found))
        pause(found.wait, waiting(found))
    return live, found


def enable(cluster: Cluster, cronjob: Object, *, force: bool, announce: Announce) -> None:
    """Enable a CronJob's schedule, and restore its deadline if that starts no run.

    The deadline is written first, while the CronJob is suspended: `spec.suspend` has a field manager of its own, and an
    apply has one manager.

    Raises:
        ConflictError: Another field manager set ``spec.suspend``, and ``force`` is not set.
    """
    name = cronjob["metadata"]["name"]
    switch = suspend_manifest(name, cluster.namespace, False)
    # A new CronJob is created suspended by our other field manager, which is no conflict.
    take_over = force or not suspend_is_set_by_others(cronjob)
    schedule, configured = schedule_of(cronjob), configured_deadline(cronjob)
    if schedule is not None and configured is not None:
        live, deadline = settled_deadline(cluster, cronjob, schedule, configured, announce=announce)
        is_new = (deadline.seconds, deadline.narrowed) != (live.deadline, live.narrowed)
        if is_new or deadline.starts_at_once:
            # Errors before any write or notice.
            cluster.apply(switch, manager=SUSPEND_MANAGER, force=take_over, dry_run=True)
        for text in notes(live, schedule, deadline):
            announce(text)
        if is_new and (problem := _set_deadline(cluster, name, deadline, force=force)):
            announce(f"a run may start at once, for startingDeadlineSeconds cannot be set: {problem}")
    cluster.apply(switch, manager=SUSPEND_MANAGER, force=take_over)


def _set_deadline(cluster: Cluster, name: str, deadline: Deadline, *, force: bool) -> str:
    """Apply our fields with another deadline; return the error message, empty on success."""
    problem = ""
    for _ in poll(_CONTENTION):
        cronjob = cluster.get(Kind.CRONJOB, name)
        owned = part(cronjob, fields_of(cronjob, MANAGER))
        manifest = with_deadline({"spec": {}, **owned}, deadline)
        if was_switched(cronjob):
            manifest["spec"].pop("suspend", None)  # of a new CronJob, which is created suspended
        # Only in the version that was read: a concurrent deploy must not be reverted.
        try:
            cluster.apply(pinned(manifest, cronjob), manager=MANAGER, force=force)
        except ConflictError as error:
            problem = error.message
            if cluster.get(Kind.CRONJOB, name)["metadata"]["resourceVersion"] == cronjob["metadata"]["resourceVersion"]:
                break
        else:
            return ""
    return problem


def disable(cluster: Cluster, name: str, *, force: bool) -> None:
    """Suspend a CronJob's schedule.

    Raises:
        ConflictError: Another field manager set it, and ``force`` is not set.
    """
    switch = suspend_manifest(name, cluster.namespace, True)
    cluster.apply(switch, manager=SUSPEND_MANAGER, force=force)
