"""Reads the live objects of one pipeline: usually three requests, whatever the size of the namespace."""

from __future__ import annotations

from dataclasses import replace

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.deploying.execute import GONE_TIMEOUT
from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.deploying.rename import is_of_another_name, others
from k8s_pipeline_client.deploying.terminating import stuck
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import is_terminating
from k8s_pipeline_client.inventory.lookup import active_jobs, get_or_none
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.render.plan import Plan
from k8s_pipeline_client.render.token import token_inside


def observe(cluster: Cluster, plan: Plan, *, settle: bool = True) -> Live:
    """Read CronJob, ConfigMaps and Secrets; for a new pipeline the Secrets only with `observe_secrets`.

    Its Secrets are read after the claim: from then on, a concurrent delete of the token's last user sees this user.

    Args:
        cluster: The cluster.
        plan: The desired objects.
        settle: Wait until a terminating CronJob is gone.

    Raises:
        WaitTimeoutError: It is still terminating.
    """
    cronjob = _cronjob(cluster, plan.name, settle=settle)
    found = cluster.list(Kind.CONFIG_MAP, labels=_any_of(*plan.config_map_keys()))
    shared = {manifest["metadata"]["name"] for manifest in plan.shared}
    live = Live(
        cronjob=cronjob,
        config_map=_named(found, plan.name),
        shared={name: item for item in found if (name := item["metadata"]["name"]) in shared},
        earlier=_earlier(cluster, plan, found),
        earlier_config_maps={
            item["metadata"]["name"]: item for item in found if is_of_another_name(item, plan.pipeline)
        },
        now=cluster.now(),
        secrets_read=False,
    )
    if cronjob is not None and live.config_map is None:  # with another id, or other labels
        live = replace(live, config_map=get_or_none(cluster, Kind.CONFIG_MAP, plan.name))
    return live if cronjob is None else observe_secrets(cluster, plan, live)


def observe_secrets(cluster: Cluster, plan: Plan, live: Live) -> Live:
    """Read the Secrets of document and token, and the active runs if they matter."""
    found = cluster.list(Kind.SECRET, labels=_any_of(*plan.secret_keys()))
    secret = _named(found, plan.name)
    if secret is None and not live.claimed:
        secret = get_or_none(cluster, Kind.SECRET, plan.name)
    token = None
    if plan.token:
        name = plan.token["metadata"]["name"]
        token = _named(found, name) or (None if live.claimed else get_or_none(cluster, Kind.SECRET, name))
    may_read_it = secret is not None and plan.pipeline.token_from is not None and token_inside(secret)
    active = active_jobs(cluster, plan.name) if may_read_it else []
    return replace(live, secret=secret, token=token, active=active, secrets_read=True)


def _earlier(cluster: Cluster, plan: Plan, found: list[Object]) -> list[Object]:
    """Return the CronJobs with the pipeline's id under other names; usually none.

    Their ConfigMaps have the same id, and so are among those that were read.
    """
    names = {str(item["metadata"]["name"]) for item in found if is_of_another_name(item, plan.pipeline)}
    cronjobs = [get_or_none(cluster, Kind.CRONJOB, name) for name in sorted(names)]
    return others([item for item in cronjobs if item is not None], plan.pipeline)


def _cronjob(cluster: Cluster, name: str, *, settle: bool) -> Object | None:
    """Return the CronJob once it is not on its way out; None if there is none."""
    found: Object | None = None
    for _ in poll(GONE_TIMEOUT, longest=1.0):
        found = get_or_none(cluster, Kind.CRONJOB, name)
        if found is None or not settle or not is_terminating(found):
            return found
    assert found is not None
    raise stuck(found)


def _named(items: list[Object], name: str) -> Object | None:
    return next((item for item in items if item["metadata"]["name"] == name), None)


def _any_of(*keys: str) -> str:
    return f"{labels.LOOKUP_KEY} in ({','.join(sorted(keys))})"
