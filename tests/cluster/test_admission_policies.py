"""Clusters whose own rules, written in CEL, refuse what they do not like."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.cluster.support.admission import policy
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until

_NEEDS_TEAM = "has(object.metadata.labels) && 'team' in object.metadata.labels"
_NO_TEAM = "every run says whose it is: label team"

# What some clusters enforce so that nobody can have the garbage collector delete for him.
_OWNERS_STAY = """
request.operation == 'CREATE' || (has(object.metadata.ownerReferences) ? object.metadata.ownerReferences : [])
== (has(oldObject.metadata.ownerReferences) ? oldObject.metadata.ownerReferences : [])
"""


def test_jobs_that_a_policy_refuses(program: Program) -> None:
    program.deploy(pipeline({"log": "x"}), service())
    with policy(program.space, "jobs", expression=_NEEDS_TEAM, message=_NO_TEAM) as name:
        refused = program("run", "nightly", code=1)
        one_shot = program("run", "-f", program.file("p.json", pipeline({"log": "x"}), service()), code=1)

    for result in (refused, one_shot):
        assert name in result.err
        assert _NO_TEAM in result.err
    assert program.space.list("jobs") == []
    assert [item["metadata"]["name"] for item in program.space.list("secrets", "k8s-pipeline/one-shot")] == []


def test_pods_that_a_policy_refuses(program: Program) -> None:
    program.deploy(pipeline({"log": "with a team"}), service())
    with policy(program.space, "pods", expression=_NEEDS_TEAM, message=_NO_TEAM):
        program("run", "nightly")
        run = until(lambda: _with_cause(program), "the run has a cause")
        assert run["cause"]["code"] == "AdmissionRefused"
        assert "A ValidatingAdmissionPolicy denies the run's pod" in run["cause"]["summary"]
        assert _NO_TEAM in run["cause"]["detail"]
        program("kill", "nightly")

        program.configure(podLabels={"team": "data"})
        program.deploy(pipeline({"log": "with a team"}), service())
        assert program("run", "nightly", "--wait", "-o", "json").json["state"] == "success"


@pytest.mark.slow
def test_scheduled_runs_that_a_policy_refuses_are_missed_with_the_reason(program: Program) -> None:
    with policy(program.space, "jobs", expression=_NEEDS_TEAM, message=_NO_TEAM):
        program.deploy(pipeline({"log": "x"}, schedule="* * * * *"), service())
        missed = until(lambda: program("status", "nightly", "-o", "json").json["missed"], "a run is missed", 150)
        assert _NO_TEAM in missed["summary"]
        assert program.space.list("jobs") == []
        assert _NO_TEAM in program("status", "nightly").out
        assert "missed" in program("list").out

    # Kubernetes tries again, and then it is not missed any more.
    until(lambda: program.space.list("jobs"), "the policy is gone, and the run comes", 150)
    until(lambda: program("status", "nightly", "-o", "json").json["missed"] is None, "nothing is missed any more")


@pytest.mark.slow
def test_owner_references_that_may_not_be_changed_later(program: Program) -> None:
    refused = "owner references stay as they are"
    kinds = ("configmaps", "secrets", "jobs", "cronjobs")
    entity = pipeline({"log": "x"}, schedule="@daily")
    with policy(program.space, *kinds, expression=_OWNERS_STAY, message=refused):
        assert program.deploy(entity, service()).json[0]["action"] == "created"
        entity["airflowConfig"]["scheduleInterval"] = "@hourly"
        assert program.deploy(entity, service()).json[0]["action"] == "updated"
        assert program("run", "nightly", "--wait", "-o", "json").json["state"] == "success"
        step = "source.sourceConfig.config.standin.steps[0].log"
        changed = program("run", "nightly", "--set", f"{step}=y", "--wait", "-o", "json").json
        assert changed["state"] == "success"
        again = program("retry", changed["runId"], "-o", "json").json
        assert program("wait", again["runId"], "-o", "json").json["state"] == "success"
        one_shot = pipeline({"log": "once"}, name="once")
        path = program.file("once.json", one_shot, service())
        assert program("run", "-f", path, "--wait", "-o", "json").json["state"] == "success"

        renamed = {**entity, "name": "weekly", "displayName": "weekly", "fullyQualifiedName": "pg_prod.weekly"}
        program("deploy", "-f", program.file("renamed.json", renamed, service()), "--rename")
        assert [item["displayName"] for item in program("list", "-o", "json").json if not item["onDemand"]] == [
            "weekly"
        ]
        program("delete", "weekly")
        assert program.space.list("cronjobs") == []

        # Secret and ConfigMap of an earlier CronJob cannot be taken over: they have to be recreated.
        for _ in range(3):
            name = program.deploy(renamed, service()).json[0]["resourceName"]
            program.space.kubectl("delete", "cronjob", name, "--wait=false")
        program.deploy(renamed, service())
        owner = program.space.get("cronjob", name)["metadata"]["uid"]
        for kind in ("secret", "configmap"):
            assert [item["uid"] for item in program.space.get(kind, name)["metadata"]["ownerReferences"]] == [owner]


def test_a_policy_that_changes_what_is_created(program: Program) -> None:
    served = program.space.access.run("api-resources", "--api-group=admissionregistration.k8s.io", "--no-headers")
    versions = {line.split()[0]: line.split()[-3] for line in served.splitlines()}
    api = versions.get("mutatingadmissionpolicies", "")
    if not api:
        pytest.skip("this Kubernetes serves no MutatingAdmissionPolicy")
    entity = pipeline({"log": "x"}, schedule="@daily")
    name = f"mutation-of-{program.space.namespace}"
    label = 'JSONPatch{op: "add", path: "/metadata/labels/checked", value: "yes"}'
    rule = {"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["*"]}
    items: list[dict[str, Any]] = [
        {
            "kind": "MutatingAdmissionPolicy",
            "spec": {
                "matchConstraints": {"resourceRules": [rule]},
                "failurePolicy": "Fail",
                "reinvocationPolicy": "Never",
                "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": f"[{label}]"}}],
            },
        },
        {
            "kind": "MutatingAdmissionPolicyBinding",
            "spec": {
                "policyName": name,
                "matchResources": {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": program.space.namespace}}
                },
            },
        },
    ]
    manifests = [{"apiVersion": api, "metadata": {"name": name}, **item} for item in items]
    try:
        program.space.access.run("apply", "-f", "-", given=yaml.safe_dump_all(manifests))
        resource = program.deploy(entity, service()).json[0]["resourceName"]

        def is_changed() -> bool:
            program.space.kubectl("annotate", "cronjob", resource, "touched=now", "--overwrite")
            return "checked" in program.space.get("cronjob", resource)["metadata"]["labels"]

        until(is_changed, "the policy is in force")
        assert program.deploy(entity, service()).json[0]["action"] == "unchanged"
        assert program("diff", "-f", program.file("p.json", entity, service())).out == ""
        run = program("run", "nightly", "--wait", "-o", "json").json
        assert run["state"] == "success"
        assert program.space.get("job", run["jobName"])["metadata"]["labels"]["checked"] == "yes"
    finally:
        program.space.access.run("delete", "mutatingadmissionpolicybinding,mutatingadmissionpolicy", name)


def _with_cause(program: Program) -> dict[str, Any]:
    run: dict[str, Any] = program("status", "nightly", "-o", "json").json["lastRun"]
    return run if run["cause"] else {}
