"""How lists in a pod are merged, and what the API server makes of a pod beyond what it was given."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from tests.contract.objects import THEM, US, Objects, owner


def _pod(item: Object) -> Any:
    return item["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def _container(name: str, **more: Any) -> Object:
    return {"name": name, "image": "example.org/none:1", **more}


def test_containers_are_merged_by_name(cluster: Cluster, objects: Objects) -> None:
    cluster.apply(objects.cronjob(pod={"containers": [_container("main"), _container("ours")]}), manager=US)
    pod = {"containers": [{"name": "main", "tty": True}, _container("theirs")]}
    both = cluster.apply(objects.cronjob(pod=pod), manager=THEM)
    assert [each["name"] for each in _pod(both)["containers"]] == ["main", "ours", "theirs"]
    assert _pod(both)["containers"][0] | {"image": "example.org/none:1", "tty": True} == _pod(both)["containers"][0]
    after = cluster.apply(objects.cronjob(pod={"containers": [_container("main")]}), manager=US)
    assert [each["name"] for each in _pod(after)["containers"]] == ["main", "theirs"]


@pytest.mark.parametrize(
    ("field", "key", "items"),
    [
        ("env", "name", [{"name": name, "value": name} for name in "abc"]),
        ("volumeMounts", "mountPath", [{"name": "v", "mountPath": f"/{name}"} for name in "abc"]),
        ("ports", "containerPort", [{"containerPort": number} for number in (1, 2, 3)]),
    ],
)
@pytest.mark.parametrize("order", ["bc", "cb", "ca", "acb", "b"])
def test_lists_of_a_container_are_merged_by_their_keys_in_the_applied_order(
    cluster: Cluster, objects: Objects, field: str, key: str, items: list[Object], order: str
) -> None:
    volumes = [{"name": "v", "emptyDir": {}}]
    named = dict(zip("abc", items, strict=True))

    def apply(names: str, manager: str) -> str:
        container = _container("main", **{field: [named[name] for name in names]})
        item = cluster.apply(objects.cronjob(pod={"containers": [container], "volumes": volumes}), manager=manager)
        keys = {item[key]: name for name, item in named.items()}
        return "".join(keys[each[key]] for each in _pod(item)["containers"][0][field])

    assert apply("ab", US) == "ab"
    expected = {"bc": "abc", "cb": "acb", "ca": "cab", "acb": "acb", "b": "ab"}
    assert apply(order, THEM) == expected[order]


def test_other_lists_are_one_value(cluster: Cluster, objects: Objects) -> None:
    pod = {"containers": [_container("main", args=["a", "b"])]}
    cluster.apply(objects.cronjob(pod=pod), manager=US)
    after = cluster.apply(objects.cronjob(pod={"containers": [_container("main", args=["c"])]}), manager=US)
    assert _pod(after)["containers"][0]["args"] == ["c"]
    none = cluster.apply(objects.cronjob(pod={"containers": [_container("main")]}), manager=US)
    assert "args" not in _pod(none)["containers"][0]


def test_owners_are_merged_by_uid_and_each_is_one_value(cluster: Cluster, objects: Objects) -> None:
    one, other = (cluster.apply(objects.config_map(suffix=suffix), manager=US) for suffix in ("-1", "-2"))
    cluster.apply(objects.config_map(ownerReferences=[owner(one)]), manager=US)
    both = cluster.apply(objects.config_map(ownerReferences=[owner(other)]), manager=THEM)
    assert [each["name"][-1] for each in both["metadata"]["ownerReferences"]] == ["1", "2"]
    after = cluster.apply(objects.config_map(), manager=US)
    assert after["metadata"]["ownerReferences"] == [owner(other)]


def test_a_merge_patch_replaces_lists_and_null_removes(cluster: Cluster, objects: Objects) -> None:
    made = cluster.create(objects.job(metadata={"labels": {"a": "1", "b": "1"}, "annotations": {"c": "1"}}))
    patch = {"metadata": {"labels": {"a": None, "b": "2"}, "annotations": None}, "spec": {"activeDeadlineSeconds": 5}}
    after = cluster.merge(Kind.JOB, objects.name, patch)
    assert after["metadata"]["labels"] == {"b": "2"} and "annotations" not in after["metadata"]
    assert after["spec"] == {**made["spec"], "activeDeadlineSeconds": 5}
    assert after["metadata"]["generation"] == made["metadata"]["generation"] + 1


def test_text_in_a_secret_becomes_data(cluster: Cluster, objects: Objects) -> None:
    made = cluster.apply(objects.secret(stringData={"a": "1"}, data={"b": "Mg=="}), manager=US)
    assert (made["data"], made["type"]) == ({"a": "MQ==", "b": "Mg=="}, "Opaque")
    assert "stringData" not in made


def test_what_a_pod_is_not_told_has_defaults(cluster: Cluster, objects: Objects) -> None:
    env = [{"name": "A", "value": ""}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    resources = {"limits": {"cpu": "0.50", "memory": "2048Mi"}, "requests": {"cpu": "1e-1", "memory": "1.5Gi"}}
    mounts = [{"name": "v", "mountPath": "/v", "readOnly": False}]
    container = {
        "name": "main",
        "image": "example.org/none",
        "env": env,
        "resources": resources,
        "volumeMounts": mounts,
    }
    sources = [{"secret": {"name": "s"}}]
    volumes = [
        {"name": "v"},
        {"name": "w", "projected": {"sources": sources}},
        {"name": "s", "secret": {"secretName": "s"}},
    ]
    given = {"containers": [container], "volumes": volumes, "serviceAccountName": "sa", "hostNetwork": False}
    made = cluster.apply(objects.cronjob(pod=given), manager=US)
    assert _pod(made) == {
        "containers": [
            {
                "name": "main",
                "image": "example.org/none",
                "imagePullPolicy": "Always",
                "env": [
                    {"name": "A"},
                    {"name": "B", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
                ],
                "resources": {
                    "limits": {"cpu": "500m", "memory": "2Gi"},
                    "requests": {"cpu": "100e-3", "memory": "1536Mi"},
                },
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            }
        ],
        "volumes": [
            {"name": "v", "emptyDir": {}},
            {"name": "w", "projected": {"defaultMode": 420, "sources": sources}},
            {"name": "s", "secret": {"secretName": "s", "defaultMode": 420}},
        ],
        "restartPolicy": "Never",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
        "serviceAccountName": "sa",
        "serviceAccount": "sa",
    }


def test_what_a_cronjob_is_not_told_has_defaults(cluster: Cluster, objects: Objects) -> None:
    spec = cluster.apply(objects.cronjob(), manager=US)["spec"]
    assert {key: value for key, value in spec.items() if key not in ("schedule", "jobTemplate")} == {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }
    assert set(spec["jobTemplate"]["spec"]) == {"template"}  # those of a Job come with the Job


def test_what_a_job_is_not_told_has_defaults(cluster: Cluster, objects: Objects) -> None:
    made = cluster.create(objects.job())
    labels = {"controller-uid": made["metadata"]["uid"], "job-name": objects.name}
    labels |= {f"batch.kubernetes.io/{key}": value for key, value in labels.items()}
    assert made["metadata"]["labels"] == made["spec"]["template"]["metadata"]["labels"] == labels
    told = {"backoffLimit": 6, "completions": 1, "parallelism": 1, "completionMode": "NonIndexed"}
    assert {key: made["spec"][key] for key in told} == told
    assert made["spec"]["podReplacementPolicy"] == "TerminatingOrFailed"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("1", "1"),
        ("1000m", "1"),
        ("0.1", "100m"),
        ("1.5", "1500m"),
        ("1000", "1k"),
        ("1e3", "1e3"),
        ("12e2", "1200"),
        ("1024Ki", "1Mi"),
        ("0.5Gi", "512Mi"),
        ("1.5Ki", "1536"),
        ("1000Mi", "1000Mi"),
        ("2000M", "2G"),
        ("0.1Ki", "102400m"),
    ],
)
def test_quantities_are_written_back_in_one_form(cluster: Cluster, objects: Objects, given: str, kept: str) -> None:
    container = _container("main", resources={"limits": {"example.org/thing": "1000", "memory": given}})
    made = cluster.apply(objects.cronjob(pod={"containers": [container]}), manager=US)
    assert _pod(made)["containers"][0]["resources"]["limits"] == {"example.org/thing": "1k", "memory": kept}
