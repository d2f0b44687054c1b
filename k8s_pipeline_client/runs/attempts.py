"""The attempts of a run, which are its pods, for reading their logs. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.status import main_container


def by_age(pods: Iterable[Object]) -> list[Object]:
    """Return the attempts in chronological order."""
    return sorted(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))


def has_started(pod: Object) -> bool:
    """Return whether there is a log."""
    return main_container(pod).has_run


def has_ended(pod: Object) -> bool:
    """Return whether the log is complete."""
    return main_container(pod).end is not None


def has_message(pod: Object) -> bool:
    """Return whether the launcher has written its final termination message."""
    end = main_container(pod).end
    return end is not None and bool(end.message)


def started_at(pod: Object) -> datetime | None:
    """Return when the container that writes the log started."""
    return main_container(pod).started_at
