"""The overlay of the pod template: strategic merge, and what it may not touch.

That the merge is Kubernetes' own is shown against kubectl, in tests/cluster/test_pod_settings.py.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from k8s_pipeline_client.domain.podpatch import merge
from k8s_pipeline_client.render.overlay import OverlayError, overlaid

MAIN: dict[str, Any] = {
    "name": "main",
    "command": ["python"],
    "args": ["x"],
    "env": [{"name": "namespace", "value": "n"}, {"name": "PROXY", "value": "p"}],
    "terminationMessagePolicy": "File",
    "volumeMounts": [{"name": "k8s-pipeline", "mountPath": "/opt/k8s-pipeline"}],
}
TEMPLATE: dict[str, Any] = {
    "metadata": {
        "labels": {"k8s-pipeline/pipeline": "p", "team": "data"},
        "annotations": {"k8s-pipeline/fqn": "a.b"},
    },
    "spec": {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": 60,
        "containers": [MAIN],
        "tolerations": [{"key": "a"}],
        "volumes": [{"name": "k8s-pipeline", "projected": {}}, {"name": "ca", "configMap": {"name": "ca"}}],
    },
}


def _main(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "main", **fields}]}}


def _applied(*overlays: dict[str, Any]) -> dict[str, Any]:
    before = copy.deepcopy((TEMPLATE, overlays))
    result = overlaid(TEMPLATE, overlays, "main")
    assert (TEMPLATE, overlays) == before, "what is handed in stays as it is"
    return result


def test_no_overlay_no_change() -> None:
    assert _applied() == TEMPLATE


def test_lists_are_merged_by_their_keys_and_what_is_new_stands_last() -> None:
    overlay = {
        "spec": {
            "containers": [{"name": "proxy", "image": "i"}, {"name": "main", "env": [{"name": "A", "value": "1"}]}],
            "volumes": [{"name": "ca", "configMap": {"optional": True}}],
            "initContainers": [{"name": "wait", "image": "i"}],
        }
    }
    spec = _applied(overlay)["spec"]
    assert [item["name"] for item in spec["containers"]] == ["main", "proxy"]
    assert [item["name"] for item in spec["containers"][0]["env"]] == ["namespace", "PROXY", "A"]
    assert spec["volumes"][1] == {"name": "ca", "configMap": {"name": "ca", "optional": True}}
    assert spec["initContainers"] == [{"name": "wait", "image": "i"}]


def test_other_lists_are_replaced() -> None:
    assert _applied({"spec": {"tolerations": [{"key": "b"}]}})["spec"]["tolerations"] == [{"key": "b"}]


def test_null_and_delete_take_out() -> None:
    delete = {"name": "PROXY", "$patch": "delete"}
    result = _applied({"metadata": {"labels": {"team": None}}}, _main(env=[delete]))
    assert result["metadata"]["labels"] == {"k8s-pipeline/pipeline": "p"}
    assert [item["name"] for item in result["spec"]["containers"][0]["env"]] == ["namespace"]


def test_replace() -> None:
    assert merge({"a": 1, "b": 2}, {"$patch": "replace", "c": 3}) == {"c": 3}
    patch = {"spec": {"volumes": [{"$patch": "replace"}, {"name": "x", "emptyDir": {}}]}}
    assert merge(TEMPLATE, patch)["spec"]["volumes"] == [{"name": "x", "emptyDir": {}}]


def test_directives_and_nulls_in_what_is_new_are_not_kept() -> None:
    overlay = {"spec": {"securityContext": {"$patch": "replace", "runAsUser": 1, "runAsGroup": None}}}
    assert _applied(overlay)["spec"]["securityContext"] == {"runAsUser": 1}


def test_overlays_are_applied_one_after_the_other() -> None:
    result = _applied(_main(image="one"), _main(image="two"))
    assert result["spec"]["containers"][0]["image"] == "two"


def test_a_label_may_be_called_like_a_list() -> None:
    assert _applied({"metadata": {"labels": {"env": "prod"}}})["metadata"]["labels"]["env"] == "prod"


@pytest.mark.parametrize(
    ("overlay", "words"),
    [
        ({"metadata": {"labels": {"k8s-pipeline/pipeline": "q"}}}, "metadata.labels.k8s-pipeline/pipeline"),
        ({"metadata": {"labels": None}}, "metadata.labels.k8s-pipeline/pipeline"),
        ({"metadata": {"labels": {"app.kubernetes.io/run-id": "q"}}}, "app.kubernetes.io/run-id"),
        ({"metadata": {"annotations": {"$patch": "delete"}}}, "metadata.annotations.k8s-pipeline/fqn"),
        ({"spec": {"restartPolicy": "OnFailure"}}, "spec.restartPolicy"),
        ({"spec": {"activeDeadlineSeconds": None}}, "spec.activeDeadlineSeconds"),
        ({"spec": {"terminationGracePeriodSeconds": 1}}, "spec.terminationGracePeriodSeconds"),
        (_main(command=["sh"]), "spec.containers[main].command"),
        (_main(args=None), "spec.containers[main].args"),
        (_main(restartPolicy="Always"), "spec.containers[main].restartPolicy"),
        (_main(terminationMessagePolicy="FallbackToLogsOnError"), "terminationMessagePolicy"),
        (_main(env=[{"name": "namespace", "value": "x"}]), "env[namespace]"),
        (_main(env=[{"name": "config", "value": "x"}]), "env[config]"),
        (_main(env=[{"$patch": "replace"}]), "env[namespace]"),
        (_main(volumeMounts=[{"mountPath": "/opt/k8s-pipeline", "name": "ca"}]), "volumeMounts[/opt/k8s-pipeline]"),
        (_main(volumeMounts=[{"mountPath": "/opt", "name": "ca"}]), "volumeMounts[/opt]"),
        ({"spec": {"volumes": [{"name": "k8s-pipeline", "$patch": "delete"}]}}, "volumes[k8s-pipeline]"),
        ({"spec": {"volumes": [{"name": "k8s-pipeline", "emptyDir": {}}]}}, "volumes[k8s-pipeline]"),
        ({"spec": {"containers": [{"name": "main", "$patch": "delete"}]}}, "containers[main] cannot be deleted"),
        ({"spec": {"$patch": "replace"}}, "containers[main] cannot be deleted"),
        ({"spec": {"containers": [{"image": "x"}]}}, "spec.containers: an item has no name"),
        (_main(env=[{"name": {}, "value": "b"}]), "spec.containers[main].env: the name of an item is a mapping"),
        (_main(env=[{"name": None, "value": "b"}]), "env: the name of an item is empty: write text, in quotes"),
        (_main(env=[{"name": "", "value": "b"}]), "env: the name of an item is empty: write text, in quotes"),
        (_main(env=[{"name": 5, "value": "b"}]), "env: the name of an item is a number: write text, in quotes"),
        (_main(volumeMounts=[{"mountPath": [], "name": "x"}]), "volumeMounts: the mountPath of an item is a list"),
        (_main(ports=[{"containerPort": True}]), "ports: the containerPort of an item is a boolean: write a number"),
        ({"spec": {"containers": "x"}}, "spec.containers is text: write a list"),
        ({"spec": {"containers": ["x"]}}, "spec.containers: an item is text: write a mapping"),
        ({"metadata": {"labels": []}}, "metadata.labels is a list: write a mapping"),
        ({"spec": {"volumes": [{"name": "ca", "$retainKeys": ["name"]}]}}, "$retainKeys, which is not supported"),
        ({"spec": {"$patch": "burn"}}, "$patch: burn"),
    ],
)
def test_what_must_not_be_broken_is_refused(overlay: dict[str, Any], words: str) -> None:
    with pytest.raises(OverlayError) as caught:
        _applied({"spec": {"hostNetwork": False}}, overlay)
    assert words in str(caught.value)
    assert caught.value.number == 1
