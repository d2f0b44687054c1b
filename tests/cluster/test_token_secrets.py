"""The Secret of a bot's token comes with the first pipeline that uses it, and goes with the last."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.launcher import yamljson
from k8s_pipeline_client.launcher.token import with_token
from tests.cluster.support.definitions import service
from tests.cluster.support.faults import FaultProxy, answer, killed_at
from tests.cluster.support.program import Program
from tests.cluster.support.space import Space, until
from tests.cluster.support.tokens import (
    FIRST,
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


@pytest.fixture
def proxy(space: Space) -> Iterator[FaultProxy]:
    proxy = FaultProxy(space.kubeconfig)
    yield proxy
    proxy.close()


@pytest.fixture
def faulty(space: Space, proxy: FaultProxy, standin: str, tmp_path: Path) -> Program:
    """The program, behind the proxy."""
    through = replace(space, kubeconfig=proxy.kubeconfig(tmp_path / "faulty"))
    return Program(through, image=standin, folder=tmp_path)


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

    assert "a run is active that reads its token from the document" in moved.err
    assert FIRST in _document_of(program, name)
    assert list(tokens_in(program.space).values()) == [FIRST]
    program("kill", "nightly")
    assert program.deploy(entity, service()).json[0]["action"] == "updated"
    assert FIRST not in _document_of(program, name)
    assert program.deploy(entity, service()).json[0]["action"] == "unchanged"


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
    assert points >= 6


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
    assert len(digests) >= 5

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
    refused = faulty.deploy(entity_with(), service(), code=1)
    assert "what had been created has been removed" in refused.err
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
