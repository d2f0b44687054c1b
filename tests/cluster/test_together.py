"""Several at once: pipelines, processes, and an API server that goes away in the middle."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from k8s_pipeline_client.cli.files import read_pipelines
from k8s_pipeline_client.client import Pipelines
from k8s_pipeline_client.errors import UnknownNameError
from k8s_pipeline_client.settings import Settings
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.faults import FaultProxy, answer, slow
from tests.cluster.support.program import Program
from tests.cluster.support.space import Space, until

OURS = "k8s-pipeline/pipeline"


def _check_complete(space: Space, count: int) -> None:
    cronjobs = {item["metadata"]["name"]: item for item in space.list("cronjobs")}
    assert len(cronjobs) == count
    for kind in ("secrets", "configmaps"):
        found = space.list(kind, "k8s-pipeline/pipeline")
        assert len(found) == count
        for item in found:
            cronjob = cronjobs[item["metadata"]["name"]]
            owners = [reference["uid"] for reference in item["metadata"]["ownerReferences"]]
            assert owners == [cronjob["metadata"]["uid"]]
    assert [item for item in cronjobs.values() if item["spec"]["suspend"]] == []


def test_two_processes_deploy_the_same_pipeline_at_once(program: Program) -> None:
    for number in range(4):
        path = program.file("p.yaml", pipeline({"log": "x"}, name=f"p{number}", schedule="@daily"), service())
        processes = [program.start("deploy", "-f", path) for _ in range(2)]
        outputs = [process.communicate()[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0], outputs
        _check_complete(program.space, number + 1)


def test_a_deploy_while_a_run_is_active_leaves_the_run_alone(program: Program) -> None:
    program.deploy(pipeline({"log": "old"}, {"sleep": 4}), service())
    job = program("run", "nightly", "-o", "json").json["jobName"]
    until(lambda: program("status", "nightly", "-o", "json").json["lastRun"]["state"] == "running", "it runs")
    before = program.space.get("job", job)["spec"]

    program.configure(activeDeadlineSeconds=1234)
    assert program.deploy(pipeline({"log": "new"}), service()).json[0]["action"] == "updated"

    assert program.space.get("job", job)["spec"] == before
    until(lambda: program("status", "nightly", "-o", "json").json["lastRun"]["state"] == "success", "it ends")
    program("run", "nightly", "--wait")
    assert "new" in program("logs", "nightly").out


def test_delete_and_deploy_at_once_end_in_one_of_the_two(program: Program, standin: str) -> None:
    entity = pipeline({"log": "x"}, schedule="@daily")
    (definition,) = read_pipelines([Path(program.file("p.yaml", entity, service()))])
    settings = Settings(namespace=program.space.namespace, ingestion_image=standin)
    one, other = (Pipelines.connect(settings, kubeconfig=program.space.kubeconfig) for _ in range(2))

    def delete() -> None:
        try:
            other.delete("nightly")
        except UnknownNameError:
            return

    for _ in range(15):
        one.deploy(definition)
        with ThreadPoolExecutor(2) as pool:
            gone, there = pool.submit(delete), pool.submit(one.deploy, definition)
            gone.result()
            there.result()
        # The garbage collector may still be at what belonged to the deleted one.
        until(
            lambda: len(program.space.list("secrets", OURS)) == len(program.space.list("cronjobs")),
            "all settled",
        )
        _check_complete(program.space, len(program.space.list("cronjobs")))
        # The bot's token is there where a pipeline needs it, and only there.
        tokens = program.space.list("secrets", "k8s-pipeline/token")
        assert [bool(item["data"]["jwtToken"]) for item in tokens] == [True] * len(program.space.list("cronjobs"))


def test_a_deploy_right_after_a_delete_is_whole(program: Program) -> None:
    entity = pipeline({"log": "second life"}, schedule="@daily")
    for _ in range(3):
        name = program.deploy(entity, service()).json[0]["resourceName"]
        program.space.kubectl("delete", "cronjob", name, "--wait=false")
    program.deploy(entity, service())

    _check_complete(program.space, 1)
    assert program("run", "nightly", "--wait", "-o", "json").json["state"] == "success"


def test_a_bulk_deploy_outlives_the_api_server(faulty: Program, proxy: FaultProxy) -> None:
    entities = [pipeline({"log": "x"}, name=f"p{number:02}", schedule="@daily") for number in range(30)]

    def away() -> None:
        until(lambda: len(proxy.requests) > 60, "the deploy is under way")
        proxy.refuse()
        threading.Event().wait(4.0)
        proxy.listen()

    outage = threading.Thread(target=away)
    outage.start()
    result = faulty.deploy(*entities, service())
    outage.join()

    assert [item["displayName"] for item in result.json] == [entity["name"] for entity in entities]
    assert {item["action"] for item in result.json} == {"created"}
    _check_complete(faulty.space, 30)


def test_many_are_deployed_in_order_and_one_that_is_refused_holds_up_no_other(
    faulty: Program, proxy: FaultProxy
) -> None:
    entities = [pipeline({"log": "x"}, name=f"p{number}", schedule="@daily") for number in range(8)]
    (victim, *_) = faulty("validate", "-f", faulty.file("v.yaml", entities[3], service()), "-o", "json").json
    proxy.fault(
        answer(403, message="admission webhook denied the request: not this one"),
        method="PATCH",
        path=victim["resourceName"],
    )

    path = faulty.file("p.yaml", *entities, service())
    words = ("deploy", "-f", path, "--parallel", "5")
    result = faulty(*words, code=1)

    shown = [line.split()[0] for line in result.out.splitlines()[1:]]
    assert shown == [entity["name"] for entity in entities if entity is not entities[3]]
    assert "p3: " in result.err
    assert "not this one" in result.err
    assert "8 pipelines: 7 created, 1 failed" in result.err
    _check_complete(faulty.space, 7)


def test_what_refuses_every_pipeline_is_said_once_for_each_that_was_tried(program: Program) -> None:
    entities = [pipeline({"log": "x"}, name=f"p{number}", schedule="@daily") for number in range(12)]
    program.space.kubectl("delete", "rolebinding", "k8s-pipeline")
    until(lambda: program("list", code=None).code, "the right is gone")

    result = program("deploy", "-f", program.file("p.yaml", *entities, service()), "--parallel", "1", code=1)

    assert "12 pipelines: 1 failed, 11 not tried" in result.err


def test_an_interrupt_from_the_keyboard_finishes_what_is_under_way(faulty: Program, proxy: FaultProxy) -> None:
    proxy.fault(slow(0.3), method="PATCH", times=None)
    entities = [pipeline({"log": "x"}, name=f"p{number}", schedule="@daily") for number in range(12)]

    process = faulty.start("deploy", "-f", faulty.file("p.yaml", *entities, service()), "--parallel", "2")
    until(lambda: len(proxy.requests) > 20, "the deploy is under way")
    process.send_signal(signal.SIGINT)
    output = process.communicate()[0]

    assert process.returncode == 130, output
    made = len(faulty.space.list("cronjobs"))
    assert 0 < made < 12
    _check_complete(faulty.space, made)
