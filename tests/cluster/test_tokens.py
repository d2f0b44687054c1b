"""A bot's token has one Secret, is written in one place, and every next run has it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.cluster.support.definitions import service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until
from tests.cluster.support.tokens import (
    FIRST,
    SECOND,
    THIRD,
    TOKENS,
    bot_token,
    defined,
    digest_of,
    entity_with,
    log_of,
    start_as_scheduled,
    tokens_in,
)


def _rotate(program: Program, token: str, *words: str, code: int = 0) -> Any:
    result = program("rotate-token", "--token-file", "-", "-o", "json", *words, given=f"{token}\n", code=code)
    assert token not in result.out + result.err
    return result.json if code == 0 else result


def test_a_run_gets_the_document_with_the_token_from_its_secret(program: Program) -> None:
    place = "workflowConfig.openMetadataServerConfig.securityConfig.jwtToken"
    entity = entity_with(FIRST, {"dumpConfig": True}, {"printSecret": place})
    name = program.deploy(entity, service()).json[0]["resourceName"]
    stored = base64.b64decode(program.space.get("secret", name)["data"]["workflow.json"]).decode()
    assert json.loads(stored)["workflowConfig"]["openMetadataServerConfig"]["securityConfig"] == {"jwtToken": ""}
    (secret,) = program.space.list("secrets", TOKENS)
    assert base64.b64decode(secret["data"]["jwtToken"]).decode() == FIRST
    annotations = secret["metadata"]["annotations"]
    assert annotations["k8s-pipeline/bot"] == "ingestion-bot"
    assert annotations["k8s-pipeline/token-issued-at"] == "2023-11-14T22:13:20Z"
    assert "ownerReferences" not in secret["metadata"]

    program("run", "nightly", "--wait")

    log = program("logs", "nightly").out
    assert digest_of(defined(program, entity, service()), FIRST) in log
    assert FIRST not in log
    everything = json.dumps([program.space.list(kind) for kind in ("cronjobs", "jobs", "pods", "configmaps", "events")])
    assert FIRST not in everything
    assert program("diff", "-f", program.file("same.yaml", entity, service())).out == ""
    assert program.deploy(entity, service()).json[0]["action"] == "unchanged"


def test_a_rotated_token_is_what_every_next_run_has_and_nothing_is_deployed(program: Program) -> None:
    entity = entity_with()
    name = program.deploy(entity, service()).json[0]["resourceName"]
    program.deploy(entity_with(name="other"), service())
    before = program.space.get("cronjob", name)["metadata"]["generation"]

    done = _rotate(program, SECOND)

    assert (done["bot"], done["pipelines"], done["action"]) == ("ingestion-bot", 2, "rotated")
    definition = defined(program, entity, service())
    assert digest_of(definition, SECOND) in log_of(program.space, start_as_scheduled(program.space, name))
    program("run", "nightly", "--wait")
    assert digest_of(definition, SECOND) in program("logs", "nightly").out
    assert program.space.get("cronjob", name)["metadata"]["generation"] == before
    assert _rotate(program, SECOND)["action"] == "unchanged"


def test_a_run_with_a_document_of_its_own_and_a_repeated_one_have_the_token_too(program: Program) -> None:
    entity = entity_with()
    program.deploy(entity, service())
    _rotate(program, SECOND)

    run = program("run", "nightly", "--wait", "--set", "workflowConfig.loggerLevel=DEBUG", "-o", "json").json

    definition = defined(program, entity, service())
    definition.document["workflowConfig"]["loggerLevel"] = "DEBUG"
    assert digest_of(definition, SECOND) in program("logs", run["runId"]).out
    _rotate(program, THIRD)
    again = program("retry", run["runId"], "-o", "json").json
    program("wait", again["runId"])
    assert digest_of(definition, THIRD) in program("logs", again["runId"]).out


def test_a_deploy_brings_a_newer_token_and_leaves_an_older_one_out(program: Program) -> None:
    program.deploy(entity_with(SECOND), service())
    older = program.deploy(entity_with(FIRST, name="another"), service())
    assert list(tokens_in(program.space).values()) == [SECOND]
    assert "that was issued later, on 2023-11-15" in older.err

    newer = program.deploy(entity_with(THIRD), service())

    assert newer.json[0]["action"] == "updated"
    assert "replaces it for all pipelines" in newer.err
    assert list(tokens_in(program.space).values()) == [THIRD]
    undated = program.deploy(entity_with(bot_token(issued=None, mark="undated")), service())
    assert "which of the two is newer is unknown" in undated.err
    assert list(tokens_in(program.space).values()) == [THIRD]
    assert program("diff", "-f", program.file("older.yaml", entity_with(FIRST, name="another"), service())).out == ""


def test_a_token_that_is_none_of_a_bot_stays_in_the_document(program: Program) -> None:
    entity = entity_with("an-opaque-token")
    name = program.deploy(entity, service()).json[0]["resourceName"]
    assert tokens_in(program.space) == {}
    assert "an-opaque-token" in base64.b64decode(program.space.get("secret", name)["data"]["workflow.json"]).decode()
    program("run", "nightly", "--wait")
    assert digest_of(defined(program, entity, service()), "an-opaque-token") in program("logs", "nightly").out


@pytest.mark.parametrize(
    ("token", "words", "expires"),
    [
        (bot_token(bot="profiler-bot"), "the token is for 'profiler-bot'", "never, as it says"),
        ("no-token-at-all", "does not name its bot", "unknown"),
        (bot_token(expires=1_700_000_000), "expired on 2023-11-14", "2023-11-14T22:13:20Z"),
    ],
    ids=["another bot", "no token", "expired"],
)
def test_a_token_that_would_not_do_is_refused_unless_forced(
    program: Program, token: str, words: str, expires: str
) -> None:
    program.deploy(entity_with(), service())
    assert words in _rotate(program, token, code=2).err
    assert list(tokens_in(program.space).values()) == [FIRST]
    assert _rotate(program, token, "--force")["action"] == "rotated"
    assert list(tokens_in(program.space).values()) == [token]
    # With the byte order mark that some shells begin a pipe with.
    shown = program("rotate-token", "--token-file", "-", "--force", given=f"\ufeff{token}").out
    assert expires in shown
    assert "unchanged" in shown


def test_where_nothing_uses_a_token_there_is_none_to_rotate(program: Program) -> None:
    assert "no pipeline in namespace" in _rotate(program, FIRST, code=2).err


def test_a_secret_that_somebody_else_writes_is_left_to_them(program: Program) -> None:
    program.deploy(entity_with(), service())
    (name,) = tokens_in(program.space)
    data = {"data": {"jwtToken": base64.b64encode(SECOND.encode()).decode()}}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **data}
    apply = ("apply", "--server-side", "--force-conflicts", "--field-manager=external-secrets", "-f", "-")
    program.space.kubectl(*apply, given=json.dumps(manifest))
    before = program.space.get("secret", name)["metadata"]["resourceVersion"]

    deployed = program.deploy(entity_with(THIRD), service())
    refused = _rotate(program, THIRD, code=1)

    assert "external-secrets" in deployed.err
    assert "external-secrets" in refused.err
    assert program.space.get("secret", name)["metadata"]["resourceVersion"] == before
    assert program("diff", "-f", program.file("newer.yaml", entity_with(THIRD), service())).out == ""
    assert _rotate(program, THIRD, "--force")["action"] == "rotated"


def test_a_named_secret_is_used_and_never_written(program: Program) -> None:
    program.deploy(entity_with(), service())
    assert len(tokens_in(program.space)) == 1
    program.configure(tokenSecret={"name": "vault-token", "key": "bot"})
    entity = entity_with()
    del entity["openMetadataServerConnection"]["securityConfig"]
    program.space.kubectl("create", "secret", "generic", "vault-token", f"--from-literal=bot={SECOND}\n")
    before = program.space.get("secret", "vault-token")
    deployed = program.deploy(entity, service())
    assert tokens_in(program.space) == {}

    program("run", "nightly", "--wait")
    assert digest_of(defined(program, entity, service()), SECOND) in program("logs", "nightly").out
    program("run", "-f", program.file("once.yaml", entity, service()), "--wait")
    refused = _rotate(program, THIRD, code=2)
    program("delete", deployed.json[0]["resourceName"])

    assert "vault-token" in refused.err
    assert tokens_in(program.space) == {}
    assert program.space.get("secret", "vault-token") == before


def test_a_token_stays_while_a_run_that_mounts_it_may_be_tried_again(program: Program) -> None:
    program.deploy(entity_with(FIRST, {"sleep": 300}), service())
    program.deploy(entity_with(name="other"), service())
    (name,) = tokens_in(program.space)
    program("run", "nightly")
    program.configure(tokenSecret={"name": "vault-token"})

    deployed = program.deploy(entity_with(FIRST, {"sleep": 300}), entity_with(name="other"), service())

    assert f"Secret {name} is kept while active runs mount it" in deployed.err
    assert tokens_in(program.space) == {name: FIRST}
    program("kill", "nightly")
    program("delete", "other")
    assert tokens_in(program.space) == {}


def test_a_token_is_found_by_its_bot_where_the_instance_is_no_label(program: Program) -> None:
    program.configure(instance="prod/eu")
    program.deploy(entity_with(), service())
    (name,) = tokens_in(program.space)
    program.space.kubectl("delete", "secret", name)

    assert _rotate(program, SECOND)["secret"] == name
    assert tokens_in(program.space) == {name: SECOND}


@pytest.mark.parametrize("held", [[], ["another=x"]], ids=["no Secret", "no such key"])
def test_a_token_that_is_missing_is_named_and_awaited(program: Program, held: list[str]) -> None:
    program.deploy(entity_with(), service())
    (name,) = tokens_in(program.space)
    program.space.kubectl("delete", "secret", name)
    if held:
        program.space.kubectl("create", "secret", "generic", name, *(f"--from-literal={pair}" for pair in held))
    program("run", "nightly")

    cause = until(lambda: program("status", "nightly", "-o", "json").json["lastRun"]["cause"], "the missing token")

    assert cause["code"] == "ConfigMissing"
    assert name in cause["summary"]
    program.deploy(entity_with(), service())
    assert program("wait", "nightly", "-o", "json").json["state"] == "success"


def test_a_token_that_is_empty_ends_the_run_before_it_begins_and_is_named(program: Program) -> None:
    program.deploy(entity_with(), service())
    (name,) = tokens_in(program.space)
    program.space.kubectl("patch", "secret", name, "-p", '{"data": {"jwtToken": ""}}')

    run = program("run", "nightly", "--wait", "-o", "json", code=3).json

    assert run["attempts"][0]["exitCode"] == 78
    assert f"the bot's token (key jwtToken of Secret {name}) is empty" in run["cause"]["summary"]


def test_two_servers_in_one_namespace_keep_to_their_own(program: Program) -> None:
    """The same fully qualified name on both: each lists, rotates and deletes only what is its own."""
    names = {}
    for instance in ("staging", "production"):
        program.configure(instance=instance)
        names[instance] = program.deploy(entity_with(schedule="@daily"), service()).json[0]["resourceName"]
    assert len(set(names.values())) == len(tokens_in(program.space)) == 2
    for instance in names:
        program.configure(instance=instance)
        assert [item["resourceName"] for item in program("list", "-o", "json").json] == [names[instance]]
        assert program("status", "nightly", "-o", "json").json["resourceName"] == names[instance]
    done = _rotate(program, SECOND)
    assert (done["instance"], done["pipelines"]) == ("production", 1)
    by_instance = {
        item["metadata"]["labels"]["k8s-pipeline/instance"]: base64.b64decode(item["data"]["jwtToken"]).decode()
        for item in program.space.list("secrets", TOKENS)
    }
    assert by_instance == {"staging": FIRST, "production": SECOND}
    program.configure()
    assert "choose one with --secret" in _rotate(program, THIRD, code=2).err
    program.configure(instance="production")
    program("delete", "nightly")
    assert [item["metadata"]["name"] for item in program.space.list("cronjobs")] == [names["staging"]]
    assert list(tokens_in(program.space).values()) == [FIRST]
    assert "there are none" in program("status", "nightly", code=2).err
