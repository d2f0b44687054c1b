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
from k8s_pipeline_client.runs.start import create_run, let_go


def create_one_shot(cluster: Cluster, plan: OneShotPlan) -> Object:
    """Create a run without a CronJob, and return its Job.

    The Job is created first, suspended, so that the Secret has an owner from its first write.
    """
    _ensure_shared(cluster, plan.shared)
    job = create_run(cluster, plan.job)
    held = bool(plan.job["spec"].get("suspend"))
    return let_go(cluster, job, lambda: apply(cluster, plan.owned_by(job)), held=held)


def _ensure_shared(cluster: Cluster, manifests: Sequence[Object]) -> None:
    """Apply missing immutable objects that all runs share: the launcher, certificates."""
    names = ",".join(manifest["metadata"]["name"] for manifest in manifests)
    found = cluster.list(Kind.CONFIG_MAP, labels=f"{labels.LOOKUP_KEY} in ({names})")
    live = {item["metadata"]["name"]: item for item in found}
    for manifest in manifests:
        if not is_applied(manifest, live.get(manifest["metadata"]["name"]), MANAGER):
            apply(cluster, manifest)
