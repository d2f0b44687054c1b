"""Until when the tokens are valid that pipelines log in with, for whoever may read their Secrets.

Nobody needs that permission for a status: who has not got it is not told.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.connection import claims_of
from k8s_pipeline_client.domain.expiry import expiry_warning
from k8s_pipeline_client.domain.objects import Object, label
from k8s_pipeline_client.domain.raw import find, text
from k8s_pipeline_client.errors import ClusterError
from k8s_pipeline_client.inventory.lookup import get_or_none
from k8s_pipeline_client.render.token import token_of
from k8s_pipeline_client.status import PipelineStatus

_MOST = 10
"""Secrets that are read at most; there is one for each OpenMetadata and bot."""


def with_expiry(
    cluster: Cluster, items: Sequence[Object], statuses: Sequence[PipelineStatus], now: datetime
) -> list[PipelineStatus]:
    """Return the statuses with the expiry of their tokens, and a warning where one has expired or soon will.

    Args:
        cluster: For the Secrets.
        items: The CronJobs and Jobs of the statuses, in the same order.
        statuses: The statuses.
        now: The API server's time, aware.
    """
    names = [label(item, labels.TOKEN) for item in items]
    tokens = _tokens(cluster, sorted(set(names) - {""})[:_MOST])
    return [_with_token(status, tokens.get(name, ""), now) for status, name in zip(statuses, names, strict=True)]


def with_expiry_everywhere(
    cluster: Cluster, items: Sequence[Object], statuses: Sequence[PipelineStatus], now: datetime, *, within: str = ""
) -> list[PipelineStatus]:
    """Return what `with_expiry` does of all namespaces, for whoever may list their Secrets: in one more list.

    Args:
        cluster: One of `EVERYWHERE`.
        items: The CronJobs and Jobs of the statuses, in the same order.
        statuses: The statuses.
        now: The API server's time, aware.
        within: A label selector for the Secrets; all of ours if empty.
    """
    keys = [(text(find(item, "metadata", "namespace")), label(item, labels.TOKEN)) for item in items]
    selector = ",".join(filter(None, (labels.TOKEN, within)))
    tokens = _tokens_everywhere(cluster, selector) if any(name for _, name in keys) else {}
    return [_with_token(status, tokens.get(key, ""), now) for status, key in zip(statuses, keys, strict=True)]


def _tokens_everywhere(cluster: Cluster, selector: str) -> dict[tuple[str, str], str]:
    """Return the tokens by namespace and name of their Secrets."""
    try:
        if not cluster.may("list", "secrets"):
            return {}
        secrets = cluster.list(Kind.SECRET, labels=selector)
    except ClusterError:  # a status is one without it, too
        return {}
    return {
        (text(find(item, "metadata", "namespace")), str(item["metadata"]["name"])): token_of(item) for item in secrets
    }


def _with_token(status: PipelineStatus, token: str, now: datetime) -> PipelineStatus:
    expires_at = claims_of(token).expires_at
    if expires_at is None:
        return status
    warning = expiry_warning(token, now)
    warnings = (*status.warnings, *([warning] if warning else []))
    return dataclasses.replace(status, token_expires_at=expires_at, warnings=warnings)


def _tokens(cluster: Cluster, names: Sequence[str]) -> dict[str, str]:
    """Return the tokens by the names of their Secrets."""
    if not names:
        return {}
    try:
        # Asked before, for a request that is refused stands in the audit log of whoever watches over Secrets.
        if not cluster.may("get", "secrets"):
            return {}
        return {name: token_of(get_or_none(cluster, Kind.SECRET, name)) for name in names}
    except ClusterError:  # a status is one without it, too
        return {}
