"""The fault matrix, as data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.cluster.support.admission import policy
from tests.cluster.support.mesh import mesh
from tests.cluster.support.webhook import webhook
from tests.faults import acts, nodes
from tests.faults.scenario import Document, Scenario, Surroundings
from tests.faults.stage import Stage

WORKS: Document = {"log": "on my way"}
LONG: Document = {"sleep": 600}
CHILD_OUT_OF_MEMORY: Document = {"runChild": "python3 -c 'x = bytearray(600 * 1024 * 1024); print(len(x))'"}
MISSING_IMAGE = "k8s-pipeline.local/nothing:here"
SOON = {"startTimeoutSeconds": 20}
_AWAY = {"nodeSelector": {"disk": "of-glass"}}
_EPHEMERAL = {
    "podTemplate": {"spec": {"containers": [{"name": "main", "resources": {"limits": {"ephemeral-storage": "5Mi"}}}]}}
}
_FILL: Document = {"runChild": "head -c 12000000 /dev/zero > /tmp/x"}
_DUE = "when it was due"


def quota(**hard: str) -> Surroundings:
    """Return what has a place refuse more than that."""

    @contextmanager
    def surroundings(stage: Stage) -> Iterator[None]:
        metadata = {"name": "none", "namespace": stage.space.namespace}
        limit = {key.replace("jobs", "count/jobs.batch"): value for key, value in hard.items()}
        stage.access.api.apply(
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": limit}}
        )
        yield

    return surroundings


def refused(resource: str) -> Surroundings:
    """Return what has a place refuse all of a resource."""

    def surroundings(stage: Stage) -> AbstractContextManager[object]:
        return policy(stage.space, resource, expression="false", message=f"no {resource} today")

    return surroundings


def sidecars(stage: Stage) -> AbstractContextManager[object]:
    """A mesh that gives each pod a sidecar which never ends."""
    return webhook(stage.space, {"pods": mesh(stage.image)})


def fault(**rule: object) -> Surroundings:
    """Return what has the OpenMetadata of a place respond badly."""

    @contextmanager
    def surroundings(stage: Stage) -> Iterator[None]:
        stage.server.faults.add(rule)
        yield

    return surroundings


def _no_run(row: object) -> None:
    """The act has it started."""


_STATUS = "pipelineStatus$"

ROWS: tuple[Scenario, ...] = (
    # What ends by itself.
    Scenario(
        "exit-1",
        "exit 1 before it has reported anything",
        (WORKS, {"exit": 1}),
        report=False,
        says="exited with code 1",
        quick=True,
    ),
    Scenario(
        "fails",
        "exit 1, reported by the run itself",
        (WORKS, {"fail": "no such table"}),
        says="no such table",
        quick=True,
    ),
    Scenario("oom", "137, out of memory", (WORKS, {"eatMemoryMiB": 400}), says="256Mi", quick=True),
    Scenario(
        "oom-of-a-child",
        "a child out of memory; the run goes on without it",
        (WORKS, CHILD_OUT_OF_MEMORY, WORKS),
        state="success",
    ),
    Scenario("silent", "exit 0 without having reported", (WORKS,), report=False, state="success", quick=True),
    Scenario("contradicts", "success reported, then exit 1", (WORKS, {"exit": 1}), says="reported success", quick=True),
    Scenario(
        "partial",
        "partialSuccess reported, exit 0",
        (WORKS,),
        state="partialSuccess",
        final_state="partialSuccess",
        quick=True,
    ),
    Scenario(
        "hangs",
        "hangs until its deadline",
        (WORKS, LONG),
        says="deadline",
        settings={"activeDeadlineSeconds": 10, "terminationGracePeriodSeconds": 3},
    ),
    Scenario(
        "ignores-sigterm",
        "killed, and ignores SIGTERM",
        ({"ignoreSigterm": True}, WORKS, LONG),
        settings={"terminationGracePeriodSeconds": 5},
        act=acts.kill_while_running,
    ),
    # What is tried again.
    Scenario("backoff-0", "fails once; backoffLimit 0", ({"failUntilAttempt": 2},), says="attempt 1 fails"),
    Scenario(
        "backoff-1",
        "fails once; backoffLimit 1",
        ({"failUntilAttempt": 2},),
        state="success",
        settings={"backoffLimit": 1},
    ),
    Scenario(
        "backoff-3",
        "fails every time; backoffLimit 3",
        ({"failUntilAttempt": 9},),
        says="attempt 4 fails",
        settings={"backoffLimit": 3},
    ),
    # What does not start.
    Scenario(
        "image",
        "its image does not exist",
        (WORKS,),
        report=False,
        says=MISSING_IMAGE,
        settings={"ingestionImage": MISSING_IMAGE, **SOON},
        quick=True,
    ),
    Scenario(
        "unschedulable", "no node takes it", (WORKS,), report=False, says="disk=of-glass", settings={**_AWAY, **SOON}
    ),
    Scenario(
        "quota-pod",
        "a quota refuses its pod",
        (WORKS,),
        report=False,
        says="ResourceQuota",
        settings=SOON,
        place="quota-pod",
        surroundings=quota(pods="0"),
    ),
    Scenario(
        "quota-job",
        "a quota refuses its Job",
        (WORKS,),
        report=False,
        says="ResourceQuota",
        start=_no_run,
        act=acts.by_its_schedule,
        settings={"startingDeadlineSeconds": 120},
        is_scheduled=True,
        since=_DUE,
        place="quota-job",
        surroundings=quota(jobs="0"),
        within=720,
    ),
    Scenario(
        "admission-pod",
        "a policy refuses its pod",
        (WORKS,),
        report=False,
        says="ValidatingAdmissionPolicy",
        settings=SOON,
        place="admission-pod",
        surroundings=refused("pods"),
    ),
    Scenario(
        "admission-job",
        "a policy refuses its Job",
        (WORKS,),
        report=False,
        says="ValidatingAdmissionPolicy",
        start=_no_run,
        act=acts.by_its_schedule,
        settings={"startingDeadlineSeconds": 120},
        is_scheduled=True,
        since=_DUE,
        place="admission-job",
        surroundings=refused("jobs"),
        within=720,
    ),
    Scenario(
        "secret",
        "its Secret is deleted before it starts",
        (WORKS,),
        report=False,
        says="Secret",
        settings=SOON,
        start=_no_run,
        act=acts.without_its_secret,
    ),
    # What somebody does to it.
    Scenario("pod-deleted", "its pod is deleted; backoffLimit 0", (WORKS, LONG), act=acts.delete_pod),
    Scenario(
        "pod-deleted-once",
        "its pod is deleted; backoffLimit 1: who deletes a pod wants its end, so it is not tried again",
        (WORKS, {"sleep": 10}),
        settings={"backoffLimit": 1},
        act=acts.delete_pod,
    ),
    Scenario("job-deleted", "its Job is deleted", (WORKS, LONG), act=acts.delete_job, since="the deletion", within=720),
    Scenario(
        "suspended",
        "its Job is suspended while it runs, and Kubernetes counts the end of its pod",
        (WORKS, LONG),
        says="suspended",
        settings={"terminationGracePeriodSeconds": 5},
        act=acts.suspend_and_count,
    ),
    Scenario(
        "suspended-resumed",
        "its Job is suspended while it runs, and resumed: it starts again",
        ({"ignoreSigterm": True}, WORKS, {"sleep": 15}),
        state="success",
        settings={"terminationGracePeriodSeconds": 2},
        act=acts.suspend_and_resume,
    ),
    Scenario(
        "suspended-schedule",
        "its CronJob is suspended while it runs: it goes on",
        (WORKS, {"sleep": 20}),
        state="success",
        start=_no_run,
        act=acts.suspend_schedule,
        is_scheduled=True,
        within=360,
    ),
    Scenario("evicted", "evicted by the API", (WORKS, {"sleep": 10}), state="success", act=acts.evict),
    Scenario(
        "own-limits",
        "evicted for its own limits",
        (WORKS, _FILL, LONG),
        says="local storage",
        settings=_EPHEMERAL,
        within=360,
    ),
    Scenario(
        "killed-queued",
        "killed while queued",
        (WORKS,),
        report=False,
        settings=_AWAY,
        act=acts.kill_while_queued,
        quick=True,
    ),
    Scenario("killed-running", "killed while running", (WORKS, LONG), act=acts.kill_while_running, quick=True),
    Scenario(
        "sidecar",
        "a sidecar never ends; main succeeded without reporting",
        (WORKS,),
        report=False,
        state="success",
        place="sidecar",
        surroundings=sidecars,
    ),
    Scenario(
        "sidecar-failed",
        "a sidecar never ends; main failed",
        (WORKS, {"exit": 3}),
        report=False,
        says="exited with code 3",
        place="sidecar",
        surroundings=sidecars,
    ),
    # What happens to the reports.
    Scenario(
        "endpoint-500",
        "the report endpoint responds 500, to the run and to us",
        (WORKS,),
        state="success",
        act=acts.heal_after_refusals(3),
        since="its recovery",
        place="endpoint-500",
        surroundings=fault(fault="status500"),
    ),
    Scenario(
        "endpoint-401",
        "OpenMetadata refuses our token",
        (WORKS, {"exit": 3}),
        report=False,
        says="exited with code 3",
        start=_no_run,
        act=acts.refuse_token,
        since="its recovery",
        place="endpoint-401",
    ),
    Scenario(
        "endpoint-409",
        "the report endpoint responds 409 twice",
        (WORKS, {"exit": 3}),
        report=False,
        says="exited with code 3",
        place="endpoint-409",
        surroundings=fault(path=_STATUS, method="PUT", status=409, times=2),
    ),
    Scenario(
        "poisoned",
        "two first writes at one instant have broken the row",
        (WORKS, {"sleep": 5}, {"exit": 3}),
        report=False,
        says="exited with code 3",
        start=_no_run,
        act=acts.poison,
    ),
    Scenario(
        "endpoint-hangs",
        "the report endpoint hangs for longer than we wait, twice",
        (WORKS, {"exit": 3}),
        report=False,
        says="exited with code 3",
        place="endpoint-hangs",
        surroundings=fault(path=_STATUS, method="PUT", delaySeconds=20, times=2),
    ),
    Scenario(
        "endpoint-down",
        "OpenMetadata is down when the run ends, and for passes after it",
        (WORKS, {"sleep": 5}, {"exit": 3}),
        says="exited with code 3",
        act=acts.while_openmetadata_is_down,
        since="its recovery",
        place="endpoint-down",
    ),
    # What happens to nodes.
    Scenario(
        "node-lost",
        "its node is lost: a Node object that nobody serves; once that is gone, Kubernetes tries again elsewhere",
        (WORKS,),
        state="success",
        before=("failed",),
        settings=nodes.SETTINGS,
        act=nodes.lose,
        since="the pod's deletion",
        place="node-lost",
        surroundings=nodes.node_that_nobody_serves,
        within=900,
    ),
    Scenario(
        "kubelet",
        "the kubelet is stopped until the node is not ready, and comes back",
        (WORKS, {"sleep": 20}),
        state="success",
        act=nodes.stop_kubelet,
        alone=True,
        place="alone",
        within=360,
    ),
    Scenario(
        "drained",
        "its node is drained",
        (WORKS, {"sleep": 10}),
        state="success",
        act=nodes.drain,
        alone=True,
        place="alone",
        within=360,
    ),
    Scenario(
        "api-server",
        "the API server is killed, and back after 30 s; the run ends meanwhile",
        (WORKS, {"sleep": 10}, {"exit": 3}),
        says="exited with code 3",
        act=nodes.kill_api_server,
        since="its return",
        alone=True,
        place="alone",
        within=360,
    ),
)
