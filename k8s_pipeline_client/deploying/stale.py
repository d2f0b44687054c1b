"""Deploys of an earlier state of an entity, which arrive after a later one. Pure.

OpenMetadata deploys each change twice, and sends earlier states in between and last. Its entities say when they were
changed (`updatedAt`); that is kept as a mark on the pipeline's objects, and an older body does not replace a newer one.

**Where the mark is.** On ConfigMap, Secret and CronJob, and the ConfigMap's counts: the ConfigMap is written first by
whoever writes anything. A body with a newer mark and the same content (each change comes twice, and most touch
descriptions only) writes the mark there and nowhere else: any write to a CronJob, even of an annotation, wakes its
controller, which may start a missed run. Where anything else differs, all three are written with the new mark.

**Why two deploys at once end with the newer.** Every write names the version that was seen; what was not there must
not be there. So the older one cannot write the ConfigMap once the newer has, and whatever it had begun before, the
newer has seen there: the ConfigMap says of what content it is. It then writes all three objects, whether they differ
or not, so that their versions change, and every later write of the older one is refused. That one observes again, finds
itself older, and has left nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import Object, annotation, identity
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.render.plan import Plan

Current = Callable[[Pipeline], int | None]
"""Asked for a pipeline's `updatedAt` in OpenMetadata as it is now, in ms; None where OpenMetadata cannot be asked."""


def unknown(_pipeline: Pipeline) -> None:
    """Say that OpenMetadata cannot be asked."""


def mark_of(item: Object | None) -> int | None:
    """Return the mark of an object; None if it bears none."""
    text = annotation(item, labels.UPDATED_AT) if item is not None else ""
    return int(text) if text.isascii() and text.isdecimal() else None


def without_mark(item: Object) -> Object:
    """Return an object without its mark, which is no part of what it says."""
    annotations = item["metadata"].get("annotations")
    if not annotations or labels.UPDATED_AT not in annotations:
        return item
    kept = {key: value for key, value in annotations.items() if key != labels.UPDATED_AT}
    return {**item, "metadata": {**item["metadata"], "annotations": kept}}


def known_mark(plan: Plan, live: Live) -> int | None:
    """Return the newest mark of the entity that is planned, under whatever names; None where there is none.

    What was deployed from another entity of the same name, or from files, has none.
    """
    found = _marks(plan, live)
    return max((mark for mark in found if mark is not None), default=None)


def _marks(plan: Plan, live: Live) -> Iterator[int | None]:
    if live.cronjob is not None and identity(live.cronjob) == plan.pipeline.id:
        of_it = live.config_map if live.config_map is not None and _is_owned(live.config_map, live.cronjob) else None
        mark = mark_of(of_it)
        yield mark if mark is not None else mark_of(live.cronjob)
    for old in live.earlier:
        yield mark_of(live.earlier_config_maps.get(old["metadata"]["name"]))
        yield mark_of(old)


def _is_owned(item: Object, owner: Object) -> bool:
    return any(each["uid"] == owner["metadata"]["uid"] for each in item["metadata"].get("ownerReferences") or ())


def with_mark(plan: Plan) -> Plan:
    """Return a plan whose objects bear its own mark."""
    return _marked(plan, plan.updated_at, plan.updated_at, plan.updated_at)


def with_live_marks(plan: Plan, live: Live) -> Plan:
    """Return a plan whose objects bear the marks that are there: what differs then is content."""
    return _marked(plan, mark_of(live.cronjob), mark_of(live.secret), mark_of(live.config_map))


def with_mark_on_config_map(plan: Plan, live: Live) -> Plan:
    """Return a plan whose ConfigMap bears its own mark, and whose other objects have those that are there."""
    return _marked(plan, mark_of(live.cronjob), mark_of(live.secret), plan.updated_at)


def _marked(plan: Plan, cronjob: int | None, secret: int | None, config_map: int | None) -> Plan:
    return replace(
        plan,
        cronjob=_bearing(plan.cronjob, cronjob),
        secret=_bearing(plan.secret, secret),
        config_map=_bearing(plan.config_map, config_map),
    )


def _bearing(manifest: Object, mark: int | None) -> Object:
    if mark is None:
        return manifest
    metadata = manifest["metadata"]
    return {
        **manifest,
        "metadata": {**metadata, "annotations": {**metadata["annotations"], labels.UPDATED_AT: str(mark)}},
    }


def why_ignored(plan: Plan, known: int, now: int | None) -> str:
    """Say why a body is not taken; empty if it is.

    Args:
        plan: What it asks for.
        known: The mark of what is deployed.
        now: The entity's `updatedAt` in OpenMetadata; None where that cannot be asked.
    """
    assert plan.updated_at is not None
    if plan.updated_at >= known or (now is not None and now < known):
        return ""  # below what is deployed, and so is the entity: a clock was set back, or a backup restored
    says = "OpenMetadata cannot be asked" if now is None else f"OpenMetadata's is of {_shown(now)}"
    return f"it is an earlier version, of {_shown(plan.updated_at)}: the deployed one is of {_shown(known)}, and {says}"


def _shown(milliseconds: int) -> str:
    try:
        return rfc3339(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)
