"""Settings of the pod, on a real cluster: what the run sees, and what the API server makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8s_pipeline_client.domain.podpatch import MERGE_KEYS, merge
from tests.cluster.support.access import Access
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def test_a_run_has_what_it_is_given(program: Program, standin: str) -> None:
    program.space.kubectl("create", "configmap", "corporate-ca", "--from-literal=ca.crt=a certificate")
    program.space.kubectl("create", "secret", "generic", "warehouse", "--from-literal=USER=from-the-secret")
    before = {
        "name": "before",
        "image": standin,
        "command": ["sh", "-c", "echo from the init container > /shared/note"],
        "securityContext": RESTRICTED,
        "volumeMounts": [{"name": "shared", "mountPath": "/shared"}],
    }
    beside = {
        **before,
        "name": "beside",
        "command": ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"],
        "restartPolicy": "Always",
    }
    program.configure(
        podLabels={"team": "data"},
        doNotDisrupt=True,
        volumes=[
            {"name": "ca", "configMap": {"name": "corporate-ca"}},
            {"name": "shared", "emptyDir": {}},
        ],
        volumeMounts=[
            {"name": "ca", "mountPath": "/etc/corporate", "readOnly": True},
            {"name": "shared", "mountPath": "/shared"},
        ],
        envFrom=[{"prefix": "DB_", "secretRef": {"name": "warehouse"}}],
        podTemplate={
            "spec": {
                "initContainers": [before, beside],
                "containers": [{"name": "main", "env": [{"name": "FROM_OVERLAY", "value": "yes"}]}],
            }
        },
    )
    look = 'echo "$(cat /etc/corporate/ca.crt), $DB_USER, $(cat /shared/note), overlay $FROM_OVERLAY"'
    program.deploy(pipeline({"runChild": look}), service())

    assert program("run", "nightly", "--wait", "-o", "json").json["state"] == "success"

    assert "a certificate, from-the-secret, from the init container, overlay yes" in program("logs", "nightly").out
    (pod,) = program.space.list("pods", "team=data")
    assert pod["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"] == "true"
    assert [item["name"] for item in pod["spec"]["initContainers"]] == ["before", "beside"]


def test_an_override_changes_the_pipelines_that_it_fits_and_no_other(program: Program) -> None:
    override = {"match": {"serviceType": "Mysql"}, "settings": {"resources": {"limits": {"memory": "300Mi"}}}}
    program.configure(overrides=[override])
    services = [service("pg_prod"), service("my_prod", kind="Mysql")]
    program.deploy(
        pipeline({"log": "one"}, name="of_pg", service_name="pg_prod"),
        pipeline({"log": "two"}, name="of_my", service_name="my_prod"),
        *services,
    )

    for name in ("of_pg", "of_my"):
        program("run", name, "--wait")

    found = {
        pod["metadata"]["annotations"]["k8s-pipeline/name"]: pod["spec"]["containers"][0]["resources"]
        for pod in program.space.list("pods")
    }
    assert found["of_pg"]["limits"]["memory"] == "256Mi"
    assert found["of_my"] == {**found["of_pg"], "limits": {"cpu": "1", "memory": "300Mi"}}


def test_every_setting_at_once_is_accepted_and_again_changes_nothing(program: Program) -> None:
    requirement = {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}
    node = {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}
    selector = {"matchLabels": {"app.kubernetes.io/component": "ingestion"}}
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": selector}
    program.configure(
        ingestionImage="example.com/ingestion@sha256:" + "0" * 64,
        imagePullSecrets=["regcred"],
        nodeSelector={"kubernetes.io/os": "linux"},
        tolerations=[{"key": "etl", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}],
        affinity={
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": node},
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 5, "podAffinityTerm": term}]
            },
        },
        topologySpreadConstraints=[
            {**term, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "minDomains": 1},
            {**term, "maxSkew": 2, "whenUnsatisfiable": "ScheduleAnyway", "nodeTaintsPolicy": "Honor"},
        ],
        priorityClassName="system-cluster-critical",
        runtimeClassName="gvisor",
        queueName="etl",
        doNotDisrupt=True,
        podLabels={"team": "data"},
        podAnnotations={"example.com/note": "of the team"},
        extraEnvVars=["PROXY:http://proxy:3128"],
        envFrom=[{"configMapRef": {"name": "common", "optional": True}}, {"secretRef": {"name": "db"}}],
        volumes=[
            {"name": "ca", "configMap": {"name": "ca"}},
            {"name": "db", "secret": {"secretName": "db", "defaultMode": 288}},
            {"name": "cache", "ephemeral": {"volumeClaimTemplate": {"spec": _claim()}}},
        ],
        volumeMounts=[
            {"name": "ca", "mountPath": "/ca/one", "subPath": "one.crt"},
            {"name": "db", "mountPath": "/db", "readOnly": True},
        ],
        seccompProfileType="Localhost",
        seccompLocalhostProfile="profiles/x.json",
        podTemplate=[{"spec": {"dnsConfig": {"options": [{"name": "ndots", "value": "1"}]}}}],
    )
    entity = pipeline({"log": "never runs"}, schedule="@daily")

    assert program.deploy(entity, service()).json[0]["action"] == "created"
    assert program.deploy(entity, service()).json[0]["action"] == "unchanged"


def test_any_text_arrives_as_it_is(program: Program) -> None:
    """An apply is read as YAML, which takes neither JSON's surrogates nor every character as it stands."""
    text = "\U0001f642 \x7f \x85 \u2028 \ufeff \uffff \\ud83d"
    program.configure(extraEnvVars={"NOTE": text})
    files = [program.file("p.json", pipeline(displayName="\U0001f642")), program.file("s.json", service())]
    program("deploy", *(word for file in files for word in ("-f", file)))

    (cronjob,) = program.space.list("cronjobs")

    (main,) = cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert {"name": "NOTE", "value": text} in main["env"]
    assert cronjob["metadata"]["annotations"]["k8s-pipeline/display-name"] == "\U0001f642"


def test_a_run_for_a_queue_is_the_queues_to_start(program: Program) -> None:
    """There is no Kueue here that would suspend it, so it just runs; what matters is that we neither do nor undo it."""
    program.configure(queueName="etl")
    workflow = {
        "source": {
            "type": "postgres",
            "serviceName": "pg_prod",
            "sourceConfig": {"config": {"standin": {"steps": [{"log": "ran"}]}}},
        },
        "sink": {"type": "metadata-rest", "config": {}},
        "workflowConfig": {"openMetadataServerConfig": {"hostPort": "http://openmetadata.invalid:8585/api"}},
    }

    program("run", "-f", program.file("w.yaml", workflow), "--wait")
    program.deploy(pipeline({"log": "ran"}), service())
    program("run", "nightly", "--set", "source.sourceConfig.config.includeTags=false", "--wait")

    jobs = program.space.list("jobs", "kueue.x-k8s.io/queue-name=etl")
    assert len(jobs) == 2
    for job in jobs:
        assert all(condition["type"] != "Suspended" for condition in job["status"]["conditions"])


PATCHES: list[dict[str, Any]] = [
    {"metadata": {"labels": {"env": "prod", "team": None}}},
    {"spec": {"containers": [{"name": "main", "image": "other", "env": [{"name": "B", "value": "2"}]}]}},
    {"spec": {"containers": [{"name": "new", "image": "i", "ports": [{"containerPort": 80}]}]}},
    {"spec": {"containers": [{"name": "main", "env": [{"name": "A", "$patch": "delete"}], "resources": None}]}},
    {"spec": {"containers": [{"name": "main", "env": [{"$patch": "replace"}, {"name": "C", "value": "3"}]}]}},
    {"spec": {"volumes": [{"name": "v", "configMap": {"optional": True}}, {"name": "w", "emptyDir": {}}]}},
    {"spec": {"volumes": [{"name": "v", "configMap": None, "emptyDir": {}}]}},
    {"spec": {"tolerations": [{"key": "b", "operator": "Exists"}]}},
    {"spec": {"nodeSelector": {"$patch": "replace", "disk": "ssd"}}},
    {"spec": {"nodeSelector": {"$patch": "delete"}}},
    {"spec": {"securityContext": {"runAsUser": 5, "runAsGroup": None}}},
    {"spec": {"imagePullSecrets": [{"name": "two"}], "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["h"]}]}},
    {"spec": {"initContainers": [{"name": "i", "image": "x", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]}},
]


@pytest.mark.parametrize("patch", PATCHES, ids=json.dumps)
def test_the_overlay_means_what_kubectl_patch_means(access: Access, patch: dict[str, Any]) -> None:
    template = {
        "metadata": {"labels": {"team": "data"}},
        "spec": {
            "containers": [{"name": "main", "image": "i", "env": [{"name": "A", "value": "1"}], "resources": _LIMITS}],
            "imagePullSecrets": [{"name": "one"}],
            "nodeSelector": {"pool": "etl"},
            "tolerations": [{"key": "a", "operator": "Exists"}],
            "volumes": [{"name": "v", "configMap": {"name": "c"}}],
        },
    }
    whole = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "x"}, "template": template}
    words = ["patch", "--local", "--type=strategic", "-f", "-", "-o", "json", "-p"]
    by_kubectl = json.loads(access.run(*words, json.dumps({"template": patch}), given=json.dumps(whole)))

    assert _normal(merge(template, patch)) == _normal(by_kubectl["template"])


def test_the_merge_keys_are_those_of_the_api_server(access: Access) -> None:
    definitions = json.loads(access.run("get", "--raw", "/openapi/v2"))["definitions"]
    found: dict[str, set[str]] = {}
    # What stands within one pod: its metadata and the template of a claim are merged as wholes here.
    for kind in ("PodSpec", "Container", "EphemeralContainer"):
        for field, schema in definitions[f"io.k8s.api.core.v1.{kind}"]["properties"].items():
            if "x-kubernetes-patch-merge-key" in schema:
                found.setdefault(field, set()).add(schema["x-kubernetes-patch-merge-key"])
    assert found == {field: {key} for field, key in MERGE_KEYS.items()}


_LIMITS = {"limits": {"cpu": "1"}}


def _claim() -> dict[str, Any]:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def _normal(value: Any) -> Any:
    """Leave out what is empty, which kubectl adds, and the order of lists, which it turns round."""
    if isinstance(value, dict):
        found = {key: _normal(item) for key, item in value.items()}
        return {key: item for key, item in sorted(found.items()) if item not in (None, {}, [])}
    if isinstance(value, list):
        return sorted((_normal(item) for item in value), key=json.dumps)
    return value
