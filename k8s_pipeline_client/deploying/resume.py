"""Switches a schedule on, so that no run starts that nobody asked for; `domain.makeup` tells why one would."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain.makeup import Deadline, Live, begins_anew, deadline_of
from k8s_pipeline_client.domain.managers import MANAGER, SUSPEND_MANAGER, suspend_is_set_by_others, was_switched
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

Announce = Callable[[str], None]

_ROUNDS = 5
"""The API server tells whole seconds, so that one may be left; more is a clock that stands still."""
_CONTENTION = 10.0
"""Seconds for which somebody else may be writing all the time."""


def settled_deadline(
    cluster: Cluster,
    cronjob: Object,
    schedule: Schedule,
    configured: int,
    *,
    announce: Announce,
    wait: bool = True,
) -> tuple[Live, Deadline]:
    """Return the CronJob as it is, and the deadline with which it can be put on the schedule now.

    Waits a few seconds where the newest due time has only just passed.

    Args:
        cluster: Where it is.
        cronjob: As it was read.
        schedule: Which it is to have.
        configured: `startingDeadlineSeconds` as the settings have it.
        announce: Called before a run starts that cannot be prevented, and before waiting.
        wait: Whether to; a dry run does not.
    """
    live = live_of(cronjob)
    if not begins_anew(live, schedule) and live.deadline == configured:
        return live, Deadline(configured)
    name = cronjob["metadata"]["name"]
    for _ in range(_ROUNDS):
        # Anew, for the API server's time as much as for the CronJob: the run may be there by now.
        with suppress(NotFoundError):  # the write that follows says what then
            cronjob = cluster.get(Kind.CRONJOB, name)
        live = live_of(cronjob)
        found = deadline_of(live, schedule, configured, cluster.now())
        if not found.wait or not wait:
            break
        announce(waiting(found))
        time.sleep(found.wait)
    return live, found


def enable(cluster: Cluster, cronjob: Object, *, force: bool, announce: Announce) -> None:
    """Let a CronJob's schedule run, and put its deadline back where that starts nothing.

    The deadline is written first, while nothing can start: `spec.suspend` has a field manager of its own, and one apply
    is of one manager.

    Raises:
        ConflictError: Another field manager set ``spec.suspend``, and ``force`` is not set.
    """
    name = cronjob["metadata"]["name"]
    switch = suspend_manifest(name, cluster.namespace, False)
    # A new CronJob is written suspended, by the other one of our own managers: that is no conflict.
    take_over = force or not suspend_is_set_by_others(cronjob)
    schedule, configured = schedule_of(cronjob), configured_deadline(cronjob)
    if schedule is not None and configured is not None:
        live, deadline = settled_deadline(cluster, cronjob, schedule, configured, announce=announce)
        is_new = (deadline.seconds, deadline.narrowed) != (live.deadline, live.narrowed)
        if is_new or deadline.starts_at_once:
            # What is refused is refused before anything is written, or said.
            cluster.apply(switch, manager=SUSPEND_MANAGER, force=take_over, dry_run=True)
        for text in notes(live, schedule, deadline):
            announce(text)
        if is_new and (problem := _set_deadline(cluster, name, deadline, force=force)):
            announce(f"a run may start at once, for startingDeadlineSeconds cannot be set: {problem}")
    cluster.apply(switch, manager=SUSPEND_MANAGER, force=take_over)


def _set_deadline(cluster: Cluster, name: str, deadline: Deadline, *, force: bool) -> str:
    """Apply all that we have applied before, with another deadline; return why not, empty if it is done."""
    problem = ""
    for _ in poll(_CONTENTION):
        cronjob = cluster.get(Kind.CRONJOB, name)
        owned = part(cronjob, fields_of(cronjob, MANAGER))
        manifest = with_deadline({"spec": {}, **owned}, deadline)
        if was_switched(cronjob):
            manifest["spec"].pop("suspend", None)  # of a new CronJob, which is written suspended
        # Only as it was read: a deploy may be writing, and must not be undone.
        version = {key: cronjob["metadata"][key] for key in ("uid", "resourceVersion")}
        manifest["metadata"] |= version
        try:
            cluster.apply(manifest, manager=MANAGER, force=force)
        except ConflictError as error:
            problem = error.message
            if cluster.get(Kind.CRONJOB, name)["metadata"]["resourceVersion"] == version["resourceVersion"]:
                break
        else:
            return ""
    return problem


def disable(cluster: Cluster, name: str, *, force: bool) -> None:
    """Stop a CronJob's schedule.

    Raises:
        ConflictError: Another field manager set it, and ``force`` is not set.
    """
    switch = suspend_manifest(name, cluster.namespace, True)
    cluster.apply(switch, manager=SUSPEND_MANAGER, force=force)
