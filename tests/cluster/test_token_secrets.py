"""The Secret of a bot's token comes with the first pipeline that uses it, and goes with the last."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest

from k8s_pipeline_client.launcher import yamljson
from k8s_pipeline_client.launcher.token import with_token
from tests.cluster.support.definitions import service
from tests.cluster.support.faults import FaultProxy, answer, killed_at
from tests.cluster.support.program import Program
from tests.cluster.support.space import until
from tests.cluster.support.tokens import (
    FIRST,
    SECOND,
    TOKENS,
    bot_token,
    connection,
    defined,
    digest_of,
    entity_with,
    log_of,
    start_as_scheduled,
    tokens_in,
)


def test_the_token_goes_with_the_last_pipeline_that_uses_it(program: Program) -> None:
    program.deploy(entity_with(), service())
    program.deploy(entity_with(name="another"), service())
    program.deploy(entity_with(bot_token(bot="profiler-bot"), name="profiled"), service())
    assert len(tokens_in(program.space)) == 2
    program("delete", "nightly")
    assert len(tokens_in(program.space)) == 2
    program("delete", "another")
    (left,) = tokens_in(program.space)
    assert "profiler-bot" in left
    program("delete", "profiled")
    assert tokens_in(program.space) == {}


def test_a_token_that_comes_into_use_while_it_is_removed_is_put_back(
    faulty: Program, proxy: FaultProxy, program: Program
) -> None:
    entity = entity_with()
    program.deploy(entity, service())
    (name,) = tokens_in(program.space)
    goes_on = threading.Event()

    def held(handler: Any) -> None:
        goes_on.wait(60)
        handler.passed_on()

    removal = proxy.fault(held, method="DELETE", path=f"/secrets/{name}")
    deleting = faulty.start("delete", "nightly")
    until(removal.hit.is_set, "the delete of the token")

    program.deploy(entity_with(name="another"), service())
    goes_on.set()

    output = deleting.communicate(timeout=60)[0]
    assert deleting.returncode == 0, output
    assert tokens_in(program.space) == {name: FIRST}
    program("run", "another", "--wait")


def test_a_rotated_token_outlives_a_secret_that_is_being_deleted(faulty: Program, proxy: FaultProxy) -> None:
    faulty.deploy(entity_with(), service())
    (name,) = tokens_in(faulty.space)
    hold = json.dumps({"metadata": {"finalizers": ["example.com/hold"]}})
    faulty.space.kubectl("patch", "secret", name, "--type=merge", "-p", hold)
    faulty.space.kubectl("delete", "secret", name, "--wait=false")
    path = faulty.settings_file.with_name("token.txt")
    path.write_text(SECOND)
    proxy.mend()

    rotating = faulty.start("rotate-token", "--token-file", str(path))

    def looks() -> int:
        return sum(item.method == "GET" and item.path.endswith(f"/secrets/{name}") for item in proxy.requests)

    until(lambda: looks() > 2 or rotating.poll() is not None, "that it waits for the old one to go")
    faulty.space.kubectl("patch", "secret", name, "--type=merge", "-p", '{"metadata": {"finalizers": null}}')

    output = rotating.communicate(timeout=60)[0]
    assert rotating.returncode == 0, output
    assert tokens_in(faulty.space) == {name: SECOND}


def test_old_pipelines_go_on_and_the_next_deploy_moves_their_token(program: Program) -> None:
    entity = entity_with()
    name = _as_it_was_before(program, entity)
    assert tokens_in(program.space) == {}
    definition = defined(program, entity, service())
    assert digest_of(definition, FIRST) in log_of(program.space, start_as_scheduled(program.space, name))
    assert "om-token-" in program("diff", "-f", program.file("d.yaml", entity, service()), code=1).out

    assert program.deploy(entity, service()).json[0]["action"] == "updated"

    assert list(tokens_in(program.space).values()) == [FIRST]
    assert FIRST not in base64.b64decode(program.space.get("secret", name)["data"]["workflow.json"]).decode()
    program("run", "nightly", "--wait")
    assert digest_of(definition, FIRST) in program("logs", "nightly").out


def test_a_run_that_is_active_while_the_token_moves_can_be_tried_again(program: Program) -> None:
    entity = entity_with(FIRST, {"sleep": 300})
    name = _as_it_was_before(program, entity)
    program("run", "nightly")

    moved = program.deploy(entity, service())

    assert "an active run reads its token from the document" in moved.err
    assert FIRST in _document_of(program, name)
    assert list(tokens_in(program.space).values()) == [FIRST]
    program("kill", "nightly")
    assert program.deploy(entity, service()).json[0]["action"] == "updated"
    assert FIRST not in _document_of(program, name)
    assert program.deploy(entity, service()).json[0]["action"] == "unchanged"


def test_a_run_keeps_the_token_in_the_document_when_it_moves_to_a_named_secret(program: Program) -> None:
    entity = entity_with(FIRST, {"sleep": 300})
    name = _as_it_was_before(program, entity)
    program("run", "nightly")
    program.configure(tokenSecret={"name": "vault-token"})
    bare = {**entity, "openMetadataServerConnection": connection("")}

    for _ in range(2):  # however often it is deployed
        assert "an active run reads its token from the document" in program.deploy(bare, service()).err
        assert FIRST in _document_of(program, name)
    program("kill", "nightly")
    program.deploy(bare, service())
    assert FIRST not in _document_of(program, name)


def test_a_delete_that_is_cut_short_takes_the_token_along_and_can_be_completed(program: Program) -> None:
    program.deploy(entity_with(FIRST, {"sleep": 300}), service())
    program("run", "nightly")
    (pod,) = until(lambda: program.space.list("pods"), "the pod")
    hold = json.dumps({"metadata": {"finalizers": ["example.com/hold"]}})
    pod_name = pod["metadata"]["name"]
    program.space.kubectl("patch", "pod", pod_name, "--type=merge", "-p", hold)

    assert "still exists after" in program("delete", "nightly", "--timeout", "2s", code=None).err

    assert tokens_in(program.space) == {}
    assert "still exists after" in program("delete", "nightly", "--timeout", "1s", code=None).err
    program.space.kubectl("patch", "pod", pod_name, "--type=merge", "-p", '{"metadata": {"finalizers": null}}')
    program("delete", "nightly", code=None)  # nothing of it may be left by now
    assert "no pipeline 'nightly'" in program("delete", "nightly", code=2).err


def test_a_delete_that_is_killed_is_completed_by_the_next(faulty: Program, proxy: FaultProxy) -> None:
    points = 0
    for write in range(1, 20):
        proxy.mend()
        faulty.deploy(entity_with(), service())
        proxy.mend()
        if not killed_at(faulty, proxy, write, "delete", "nightly"):
            break
        points += 1
        proxy.mend()
        faulty("delete", "nightly", code=None)  # what Kubernetes has removed meanwhile is not known any more
        assert tokens_in(faulty.space) == {}
    assert points >= 2


def test_a_new_deploy_that_is_killed_leaves_nothing_that_fires_without_a_token(
    faulty: Program, proxy: FaultProxy
) -> None:
    points = 0
    for write in range(1, 20):
        proxy.mend()
        token = bot_token(bot=f"bot-{write}")
        path = faulty.file(f"p{write}.yaml", entity_with(token, name=f"p{write}", schedule="@yearly"), service())
        if not killed_at(faulty, proxy, write, "deploy", "-f", path):
            break
        points += 1
        held = tokens_in(faulty.space)
        for cronjob in faulty.space.list("cronjobs"):
            assert cronjob["spec"]["suspend"] or held[cronjob["metadata"]["labels"][TOKENS]]
        proxy.mend()
        faulty("deploy", "-f", path)
        assert token in tokens_in(faulty.space).values()
    assert points >= 5


def test_moving_a_token_that_is_killed_leaves_runs_that_work_and_the_next_completes_it(
    faulty: Program, proxy: FaultProxy
) -> None:
    digests: dict[str, str] = {}
    entities = []
    for write in range(1, 20):
        proxy.mend()
        token = bot_token(bot=f"bot-{write}")
        entities.append(entity_with(token, name=f"p{write}", schedule="@yearly"))
        name = _as_it_was_before(faulty, entities[-1])
        path = faulty.file(f"p{write}.yaml", entities[-1], service())
        if not killed_at(faulty, proxy, write, "deploy", "-f", path):
            break
        digests[start_as_scheduled(faulty.space, name)] = digest_of(defined(faulty, entities[-1], service()), token)
    proxy.mend()
    assert len(digests) >= 4

    for job, digest in digests.items():
        assert digest in log_of(faulty.space, job)
    path = faulty.file("all.yaml", *entities, service())
    faulty("deploy", "-f", path)
    assert {item["action"] for item in faulty("deploy", "-f", path, "-o", "json").json} == {"unchanged"}
    assert set(tokens_in(faulty.space).values()) == {_token_of(entity) for entity in entities}


@pytest.mark.parametrize("path", ["/secrets/om-pg", "/configmaps/om-pg", "/cronjobs/om-"])
def test_a_refused_new_pipeline_leaves_no_token_behind(faulty: Program, proxy: FaultProxy, path: str) -> None:
    refusal = answer(403, message="the policy says no")
    proxy.fault(refusal, method="PATCH", path=path, nth=2 if "cronjobs" in path else 1)
    refused = faulty.deploy(entity_with(schedule="@yearly"), service(), code=1)
    assert "the created objects have been deleted" in refused.err
    assert tokens_in(faulty.space) == {}


def _document_of(program: Program, name: str) -> str:
    return base64.b64decode(program.space.get("secret", name)["data"]["workflow.json"]).decode()


def _token_of(entity: Any) -> str:
    return str(entity["openMetadataServerConnection"]["securityConfig"]["jwtToken"])


def _as_it_was_before(program: Program, entity: Any) -> str:
    """Deploy a pipeline with the token in its document, as earlier versions did; return its name."""
    opaque = {**entity, "openMetadataServerConnection": connection("opaque")}
    name = str(program.deploy(opaque, service()).json[0]["resourceName"])
    secret = program.space.get("secret", name)
    document = with_token(json.loads(base64.b64decode(secret["data"]["workflow.json"])), _token_of(entity))
    secret["data"]["workflow.json"] = base64.b64encode(yamljson.dumps(document).encode()).decode()
    apply = ("apply", "--server-side", "--field-manager=k8s-pipeline", "-f", "-")
    secret["metadata"] = {key: secret["metadata"][key] for key in ("name", "namespace", "labels", "ownerReferences")}
    program.space.kubectl(*apply, given=json.dumps(secret))
    return name
