"""What a deploy refuses to overwrite unless by force, as far as the objects tell. Pure."""

from __future__ import annotations

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.objects import annotation, label
from k8s_pipeline_client.render.plan import Plan

_US = (MANAGER, "Apply")


def is_unmarked(cronjob: Object, plan: Plan) -> bool:
    """Return whether a plan's CronJob is ours by its label, and does not say whose: its annotations were removed."""
    return not annotation(cronjob, labels.FQN) and label(cronjob, labels.PIPELINE) == plan.name


def others_overruled(live: Object, forced: Object) -> list[str]:
    """Return the field managers from whom an apply by force took fields: without force it would be refused.

    Args:
        live: The object as it was.
        forced: As the apply, or its dry run, returned it.
    """
    left = _owned(forced)
    return sorted(
        {owner[0] for owner, fields in _owned(live).items() if owner[:2] != _US and left.get(owner) != fields}
    )


def _owned(item: Object) -> dict[tuple[str, ...], Object]:
    """Return the fields by manager, operation, version and subresource, which together are one owner."""
    return {
        (entry["manager"], entry["operation"], entry.get("apiVersion", ""), entry.get("subresource", "")): (
            entry.get("fieldsV1") or {}
        )
        for entry in item["metadata"].get("managedFields") or ()
    }
