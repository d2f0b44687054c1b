"""One-shot runs: Jobs without a CronJob."""

from __future__ import annotations

from collections.abc import Sequence

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.deploying.execute import apply
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.ownership import is_applied
from k8s_pipeline_client.render.plan import OneShotPlan
from k8s_pipeline_client.runs.start import create_run, is_of_this_call, let_go, mark_given


def create_one_shot(cluster: Cluster, plan: OneShotPlan, *, given: bool = False) -> Object:
    """Create a run without a CronJob, and return its Job.

    The Job comes first, suspended, so that the Secret has an owner from its first write.

    Args:
        cluster: Where.
        plan: What is to run.
        given: The caller has given the run's id: the same call again is the same run.
    """
    _ensure_shared(cluster, plan.shared)
    if given:
        mark_given(plan.job)
    job = create_run(cluster, plan.job)
    held = bool(plan.job["spec"].get("suspend"))
    ours = is_of_this_call(job, plan.job)
    return let_go(cluster, job, lambda: apply(cluster, plan.owned_by(job)), held=held, ours=ours)


def _ensure_shared(cluster: Cluster, manifests: Sequence[Object]) -> None:
    """Apply missing immutable objects that all runs share: the launcher, certificates."""
    names = ",".join(manifest["metadata"]["name"] for manifest in manifests)
    found = cluster.list(Kind.CONFIG_MAP, labels=f"{labels.LOOKUP_KEY} in ({names})")
    live = {item["metadata"]["name"]: item for item in found}
    for manifest in manifests:
        if not is_applied(manifest, live.get(manifest["metadata"]["name"]), MANAGER):
            apply(cluster, manifest)
