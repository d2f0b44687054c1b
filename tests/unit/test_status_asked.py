"""What a pod names: the objects that the cluster's messages about it leave out."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client.status.asked import Asked, Key, read_asked


def test_everything_that_a_pod_names_is_found() -> None:
    spec: dict[str, Any] = {
        "volumes": [
            {"name": "a", "secret": {"secretName": "s", "items": [{"key": "k1", "path": "p"}, {"key": "k2"}]}},
            {"name": "b", "configMap": {"name": "c", "items": [{"key": "k3"}]}},
            {
                "name": "d",
                "projected": {
                    "sources": [
                        {"secret": {"name": "ps", "items": [{"key": "k4"}]}},
                        {"configMap": {"name": "pc", "items": [{"key": "k5"}]}},
                        {"serviceAccountToken": {"path": "t"}},
                    ]
                },
            },
            {"name": "e", "persistentVolumeClaim": {"claimName": "dbt"}},
            {"name": "f", "ephemeral": {"volumeClaimTemplate": {}}},
            {"name": "g", "emptyDir": {}},
        ],
        "nodeSelector": {"disk": "ssd", "cores": 8},
        "imagePullSecrets": [{"name": "one"}, {"name": "two"}],
        "schedulerName": "volcano",
        "resourceClaims": [
            {"name": "x", "resourceClaimName": "gpu"},
            {"name": "y", "resourceClaimTemplateName": "nic"},
            {"name": "z"},
        ],
    }
    assert read_asked(spec, "the/image:1", pod_name="p") == Asked(
        image="the/image:1",
        claims=("dbt", "p-f"),
        keys=(
            Key("Secret", "s", "k1"),
            Key("Secret", "s", "k2"),
            Key("ConfigMap", "c", "k3"),
            Key("Secret", "ps", "k4"),
            Key("ConfigMap", "pc", "k5"),
        ),
        node_labels=(("disk", "ssd"), ("cores", "8")),
        pull_secrets=("one", "two"),
        scheduler="volcano",
        resource_claims=('the ResourceClaim "gpu"', 'the ResourceClaimTemplate "nic"'),
    )
    assert read_asked(spec, "").claims == ("dbt",)


@pytest.mark.parametrize("spec", [{}, {"schedulerName": "default-scheduler"}, {"volumes": "x", "nodeSelector": 3}])
def test_a_pod_that_names_nothing(spec: dict[str, Any]) -> None:
    assert read_asked(spec, "") == Asked()
