"""The pods of a run, one for each attempt, as far as their logs need it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.status import main_container


def by_age(pods: Iterable[Object]) -> list[Object]:
    """Return the attempts in their order."""
    return sorted(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))


def has_started(pod: Object) -> bool:
    """Tell whether there is a log."""
    return main_container(pod).has_run


def has_ended(pod: Object) -> bool:
    """Tell whether the log cannot grow any more."""
    return main_container(pod).end is not None


def has_message(pod: Object) -> bool:
    """Tell whether the launcher has left its message as it ended."""
    end = main_container(pod).end
    return end is not None and bool(end.message)
