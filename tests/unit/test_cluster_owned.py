"""What a field manager owns of an object, cut out as a manifest."""

from __future__ import annotations

from typing import Any

from k8s_pipeline_client.domain.ownership import fields_of, joined, part

OWNED = {
    "f:metadata": {
        "f:labels": {"f:app": {}},
        "f:ownerReferences": {'k:{"uid":"u1"}': {}},
        "f:finalizers": {'v:"ours"': {}},
    },
    "f:spec": {
        "f:schedule": {},
        "f:nodeSelector": {},
        "f:containers": {
            'k:{"name":"main"}': {".": {}, "f:name": {}, "f:image": {}},
            'k:{"name":"bare"}': {".": {}},
            'k:{"name":"gone"}': {".": {}, "f:image": {}},
        },
        "f:absent": {},
    },
}


def _object(**entry: Any) -> dict[str, Any]:
    managed = {"manager": "us", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": OWNED, **entry}
    return {
        "apiVersion": "v1",
        "kind": "Thing",
        "metadata": {
            "name": "n",
            "namespace": "ns",
            "uid": "u",
            "labels": {"app": "a", "theirs": "x"},
            "ownerReferences": [{"uid": "u1", "kind": "CronJob", "name": "c"}, {"uid": "u2", "name": "other"}],
            "finalizers": ["theirs", "ours"],
            "managedFields": [{"manager": "them", "operation": "Apply", "fieldsV1": {}}, managed],
        },
        "spec": {
            "schedule": "@daily",
            "suspend": True,
            "nodeSelector": {"a": "b"},
            "containers": [
                {"name": "injected", "image": "i"},
                {"name": "main", "image": "m", "terminationMessagePath": "/dev/x"},
                {"name": "bare", "image": "b"},
            ],
        },
    }


def test_what_a_manager_owns_is_cut_out_and_nothing_else() -> None:
    item = _object()
    assert part(item, fields_of(item, "us")) == {
        "apiVersion": "v1",
        "kind": "Thing",
        "metadata": {
            "name": "n",
            "namespace": "ns",
            "labels": {"app": "a"},
            "ownerReferences": [{"uid": "u1", "kind": "CronJob", "name": "c"}],
            "finalizers": ["ours"],
        },
        "spec": {
            "schedule": "@daily",
            "nodeSelector": {"a": "b"},
            "containers": [{"name": "main", "image": "m"}, {"name": "bare"}],
        },
    }


def test_who_has_applied_nothing_owns_nothing() -> None:
    for item in (_object(operation="Update"), _object(subresource="status"), _object(manager="somebody")):
        assert part(item, fields_of(item, "us")) == {
            "apiVersion": "v1",
            "kind": "Thing",
            "metadata": {"name": "n", "namespace": "ns"},
        }


def test_fields_of_two_times_are_joined() -> None:
    one: dict[str, Any] = {"f:spec": {"f:schedule": {}}}
    other: dict[str, Any] = {"f:spec": {"f:suspend": {}}, "f:metadata": {"f:labels": {"f:app": {}}}}
    both = joined(one, other)
    assert both == {"f:spec": {"f:schedule": {}, "f:suspend": {}}, "f:metadata": {"f:labels": {"f:app": {}}}}
    assert part(_object(), both)["spec"] == {"schedule": "@daily", "suspend": True}
