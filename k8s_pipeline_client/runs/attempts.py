"""The pods of a run, one for each attempt, as far as their logs need it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.render.pod import MAIN_CONTAINER


def by_age(pods: Iterable[Object]) -> list[Object]:
    """Return the attempts in their order."""
    return sorted(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))


def has_started(pod: Object) -> bool:
    """Tell whether there is a log."""
    return bool({"running", "terminated"} & set(main_state(pod)))


def has_ended(pod: Object) -> bool:
    """Tell whether the log cannot grow any more."""
    return "terminated" in main_state(pod)


def main_state(pod: Object) -> Object:
    """Return the state of the container that ingests; empty while there is none."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return next((status.get("state") or {} for status in statuses if status["name"] == MAIN_CONTAINER), {})
