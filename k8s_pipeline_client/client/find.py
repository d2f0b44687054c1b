"""Finds the pipeline that a person means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8s_pipeline_client.client.jobs import annotation, identity
from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.errors import UnknownNameError

_MANY = 8

_KEYS: tuple[Callable[[Object], str | None], ...] = (
    lambda item: str(item["metadata"]["name"]),
    lambda item: annotation(item, labels.FQN),
    identity,
    lambda item: annotation(item, labels.NAME),
    lambda item: annotation(item, labels.DISPLAY_NAME),
    lambda item: f"{annotation(item, labels.SERVICE)}/{annotation(item, labels.PIPELINE_TYPE)}",
)
"""What NAME may be, the most exact first; the first that fits anything decides."""


def find(items: Sequence[Object], name: str, *, namespace: str) -> Object:
    """Return the one object (a CronJob, or the Job of a one-shot run) that NAME stands for.

    Raises:
        UnknownNameError: None fits, or more than one; the message lists them.
    """
    for key in _KEYS:
        wanted = naming.identity(name) if key is identity else name
        fitting = [item for item in items if key(item) == wanted]
        # Runs without a pipeline bear its names too, and stay for a day: they never stand in its way.
        fitting = [item for item in fitting if item["kind"] == Kind.CRONJOB] or fitting
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            names = [f"{item['metadata']['name']} ({annotation(item, labels.FQN)})" for item in fitting[:_MANY]]
            raise UnknownNameError(
                f"{name!r} fits {len(fitting)} pipelines: {', '.join(names)}", hint="give one of these names"
            )
    known = f"known are {_listed(items)}" if items else "there are none; deploy one first"
    raise UnknownNameError(f"no pipeline {name!r} in namespace {namespace}", hint=known)


def _listed(items: Sequence[Object]) -> str:
    names = sorted(annotation(item, labels.FQN) or str(item["metadata"]["name"]) for item in items)
    more = f" and {len(names) - _MANY} more (k8s-pipeline list)" if len(names) > _MANY else ""
    return ", ".join(names[:_MANY]) + more
