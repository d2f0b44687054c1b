"""Matches objects with a NAME. Pure: `lookup` reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.objects import Object, annotation, identity
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
"""What NAME may be, the most specific first; the first one that matches anything decides."""


def fitting(items: Sequence[Object], name: str) -> list[Object]:
    """Return the objects (CronJobs, and Jobs of one-shot runs) that match NAME, by the most specific key."""
    for key in _KEYS:
        wanted = naming.identity(name) if key is identity else name
        found = [item for item in items if key(item) == wanted]
        if found:
            # One-shot runs have the pipeline's names, too, and are kept for a day: pipelines take precedence.
            return [item for item in found if item["kind"] == Kind.CRONJOB] or found
    return []


def the_one(found: Sequence[Object], name: str) -> Object:
    """Return the only object.

    Raises:
        UnknownNameError: There is more than one; the message lists them.
    """
    if len(found) == 1:
        return found[0]
    names = [f"{item['metadata']['name']} ({annotation(item, labels.FQN)})" for item in found[:_MANY]]
    raise UnknownNameError(
        f"{name!r} matches {len(found)} pipelines: {', '.join(names)}", hint="use one of these names"
    )


def unknown(items: Sequence[Object], name: str, *, namespace: str) -> UnknownNameError:
    """Return the error for a NAME that matches nothing; it lists the known ones."""
    names = sorted(annotation(item, labels.FQN) or str(item["metadata"]["name"]) for item in items)
    more = max(0, len(names) - _MANY)
    listed = ", ".join(names[:_MANY]) + (f" and {more} more" if more else "")
    return UnknownNameError(
        f"no pipeline {name!r} in namespace {namespace}",
        facts={"name": name, "namespace": namespace, "known": tuple(names[:_MANY]), "more": more},
        hint=f"known: {listed}" if names else "there are none; deploy one first",
    )
