"""Causes that Kubernetes' own words get wrong or leave half unsaid, on a real cluster."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until

CHILD_THAT_IS_KILLED = {"runChild": "python3 -c 'x = bytearray(600 * 1024 * 1024); print(len(x))'"}
FILL = "head -c 12000000 /dev/zero > "


def _ended(program: Program, *steps: dict[str, Any], code: int = 3) -> dict[str, Any]:
    program.deploy(pipeline(*steps), service())
    run: dict[str, Any] = program("run", "nightly", "--wait", "-o", "json", code=code).json
    if any(attempt["exitCode"] == 137 for attempt in run["attempts"]) and CHILD_THAT_IS_KILLED in steps:
        pytest.skip("this kubelet lets all processes of a container be killed at once (cgroup v2)")
    return run


def _waits_for(program: Program, code: str) -> dict[str, Any]:
    program.deploy(pipeline({"log": "never"}), service())
    program("run", "nightly")

    def cause() -> dict[str, Any]:
        found: dict[str, Any] = program("status", "nightly", "-o", "json").json["lastRun"]["cause"] or {}
        return found if found.get("code") == code else {}

    return until(cause, f"the cause {code}")


def test_a_child_out_of_memory_is_not_what_main_failed_of(program: Program) -> None:
    run = _ended(program, CHILD_THAT_IS_KILLED, {"fail": "password authentication failed for user om_reader"})

    assert run["cause"]["code"] == "ExitCode"
    summary = run["cause"]["summary"]
    assert "password authentication failed for user om_reader" in summary
    assert "a process of the run was killed for memory (OOMKilled, limit 256Mi)" in summary


def test_a_run_that_does_without_a_killed_child_has_succeeded_and_says_so(program: Program) -> None:
    run = _ended(program, CHILD_THAT_IS_KILLED, {"log": "going on"}, code=0)

    assert (run["state"], run["cause"]) == ("success", None)
    assert "a process of the run was killed for memory (OOMKilled, limit 256Mi)" in run["warnings"][0]
    assert "note: a process of the run was killed for memory" in program("status", "nightly").out


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("settings", "path", "limit"),
    [
        (
            {
                "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "2Mi"}}],
                "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
            },
            "/scratch/x",
            'the emptyDir volume "scratch" has a sizeLimit of 2Mi',
        ),
        (
            {
                "podTemplate": {
                    "spec": {"containers": [{"name": "main", "resources": {"limits": {"ephemeral-storage": "5Mi"}}}]}
                }
            },
            "/tmp/x",
            "an ephemeral-storage limit of 5Mi",
        ),
    ],
    ids=["emptyDir", "ephemeral-storage"],
)
def test_a_pod_evicted_for_its_own_limit_names_it_and_is_not_tried_again(
    program: Program, settings: dict[str, Any], path: str, limit: str
) -> None:
    program.configure(backoffLimit=1, **settings)

    run = _ended(program, {"runChild": FILL + path}, {"sleep": 200})

    assert run["cause"]["code"] == "Evicted"
    assert "exceeded its own limit of local storage" in run["cause"]["summary"]
    assert limit in run["cause"]["summary"]
    assert "node" not in run["cause"]["hint"]
    # On a busy machine the kubelet forgets the container that it evicts. Without an exit code the rule against another
    # try does not hold.
    *forgotten, last = [attempt["exitCode"] for attempt in run["attempts"]]
    assert last in (143, None)
    assert set(forgotten) <= {None}
    for pod in program.space.list("pods"):
        assert "DisruptionTarget" not in [item["type"] for item in pod["status"]["conditions"]]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_one_that_ignores_sigterm_is_evicted_as_often_as_it_may_be_tried(program: Program) -> None:
    limits = {"name": "main", "resources": {"limits": {"ephemeral-storage": "5Mi"}}}
    program.configure(backoffLimit=1, podTemplate={"spec": {"containers": [limits]}})

    run = _ended(program, {"ignoreSigterm": True}, {"runChild": f"{FILL}/tmp/x"}, {"sleep": 200})

    assert run["cause"]["code"] == "Evicted"
    # The kubelet may forget the container before it has told how it ended.
    assert [attempt["exitCode"] in (137, None) for attempt in run["attempts"]] == [True, True]


@pytest.mark.parametrize(
    ("settings", "code", "missing"),
    [
        (
            {
                "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "dbt"}}],
                "volumeMounts": [{"name": "d", "mountPath": "/dbt"}],
            },
            "Unschedulable",
            'PersistentVolumeClaim "dbt"',
        ),
        (
            {"ingestionImage": "k8s-pipeline.local/nothing:here", "imagePullSecrets": ["regcred-typo"]},
            "ImagePull",
            'pull secret "regcred-typo"',
        ),
        (
            {"priorityClassName": "k8s-pipeline-test-missing"},
            "AdmissionRefused",
            'PriorityClass "k8s-pipeline-test-missing"',
        ),
        (
            {"runtimeClassName": "k8s-pipeline-test-missing"},
            "AdmissionRefused",
            'RuntimeClass "k8s-pipeline-test-missing"',
        ),
        ({"envFrom": [{"configMapRef": {"name": "corp-env"}}]}, "ConfigMissing", 'ConfigMap "corp-env"'),
        (
            {
                "volumes": [
                    {"name": "ca", "configMap": {"name": "kube-root-ca.crt", "items": [{"key": "no", "path": "no"}]}}
                ],
                "volumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}],
            },
            "ConfigMissing",
            'key "no" of the ConfigMap "kube-root-ca.crt"',
        ),
    ],
    ids=["claim", "pull secret", "priority class", "runtime class", "config map", "key"],
)
def test_what_a_pod_lacks_is_named_by_kind_and_name(
    program: Program, settings: dict[str, Any], code: str, missing: str
) -> None:
    program.configure(**settings)

    cause = _waits_for(program, code)

    assert missing in cause["summary"]
    assert "does not exist" in cause["summary"]


def test_the_storage_class_that_a_claim_waits_for_is_named(program: Program) -> None:
    claim = """
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "dbt"},
         "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "k8s-pipeline-test-missing",
                  "resources": {"requests": {"storage": "1Gi"}}}}
    """
    program.space.kubectl("create", "-f", "-", given=claim)
    program.configure(
        volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "dbt"}}],
        volumeMounts=[{"name": "d", "mountPath": "/dbt"}],
    )
    program.deploy(pipeline({"log": "never"}), service())
    program("run", "nightly")

    wanted = 'The StorageClass "k8s-pipeline-test-missing" of the PersistentVolumeClaim "dbt"'
    until(lambda: wanted in program("status", "nightly").out, "the class is named")


def test_a_run_that_was_killed_before_it_had_started_says_what_it_had_waited_for(program: Program) -> None:
    program.configure(nodeSelector={"disk": "of-glass"})
    _waits_for(program, "Unschedulable")

    program("kill", "nightly")

    run = program("status", "nightly", "-o", "json").json["lastRun"]
    assert (run["state"], run["cause"]["code"]) == ("failed", "Killed")
    assert "before it started" in run["cause"]["summary"]
    assert "its nodeSelector is disk=of-glass" in run["cause"]["summary"]
    assert "deadline" not in program("status", "nightly").out


def test_a_killed_run_that_ignores_sigterm_is_called_killed_all_the_while(program: Program) -> None:
    program.configure(terminationGracePeriodSeconds=5)
    program.deploy(pipeline({"ignoreSigterm": True}, {"log": "here"}, {"sleep": 300}), service())
    program("run", "nightly")
    until(lambda: "here" in program("logs", "nightly", code=None).out, "it ignores SIGTERM")

    killing = program.start("kill", "nightly")
    codes: set[str] = set()

    def is_over() -> bool:
        run = program("status", "nightly", "-o", "json").json["lastRun"]
        causes = [run["cause"], *(attempt["cause"] for attempt in run["attempts"])]
        codes.update(cause["code"] for cause in causes if cause)
        return bool(run["state"] == "failed")

    until(is_over, "the end of the killed run")
    assert "was killed" in killing.communicate()[0]
    assert codes == {"Killed"}
    assert "deadline" not in program("status", "nightly").out
