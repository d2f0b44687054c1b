"""Somebody who deploys at the worst moment."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.cluster.port import Kind
from tests.cluster.support.space import Space
from tests.cluster.support.tokens import TOKENS, tokens_in

LATE = "late"
"""The name of the CronJob."""


def deploy_after_the_token_is_gone(space: Space, image: str, patch: pytest.MonkeyPatch) -> None:
    """Have somebody begin to use a bot's token at the worst moment: between the look for users and the second look."""
    delete = KubeCluster.delete

    def interrupted(cluster: KubeCluster, kind: Kind, name: str, *rest: Any, **more: Any) -> None:
        is_token = kind is Kind.SECRET and name in tokens_in(space)
        delete(cluster, kind, name, *rest, **more)
        if is_token:
            patch.undo()
            _use(space, image, name)

    patch.setattr(KubeCluster, "delete", interrupted)


def _use(space: Space, image: str, token: str) -> None:
    cronjob = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": LATE, "namespace": space.namespace, "labels": {TOKENS: token}},
        "spec": {
            "schedule": "@daily",
            "suspend": True,
            "jobTemplate": {
                "spec": {
                    "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": image}]}}
                }
            },
        },
    }
    space.access.api.apply(cronjob)
