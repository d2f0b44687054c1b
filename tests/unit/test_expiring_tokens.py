"""Tokens that have expired or soon will are warned of where they are read, and listed; old ones do not come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.errors import ApiError
from k8s_pipeline_client.render.token import next_token_of, token_of, with_next_token
from tests.openmetadata import token
from tests.unit.console import NAME, NIGHTLY, Console, console
from tests.unit.scene import token as issued

__all__ = ["console"]


def _with(value: str) -> dict[str, Any]:
    connection = {**NIGHTLY["openMetadataServerConnection"], "securityConfig": {"jwtToken": value}}
    return {"openMetadataServerConnection": connection}


@pytest.mark.parametrize(
    ("words", "code"), [(("validate",), 0), (("render",), 0), (("deploy",), 0), (("diff",), 1), (("run",), 0)]
)
@pytest.mark.parametrize(
    ("expires", "said"),
    [
        (timedelta(days=-1), "expired on"),
        (timedelta(days=3), "expires on"),
        (timedelta(days=30), ""),
        (None, ""),
    ],
)
def test_it_is_warned_of_wherever_it_is_read(
    console: Console, words: tuple[str, ...], code: int, expires: timedelta | None, said: str
) -> None:
    result = console(*words, "-f", console.nightly(**_with(token(expires=expires))), code=code)

    about = [line for line in result.err.splitlines() if "the token of 'ingestion-bot' expire" in line]
    assert [said in line for line in about] == ([True] if said else [])


def test_a_token_that_is_not_used_is_not_warned_of(console: Console) -> None:
    console.configure(tokenSecret={"name": "mine", "key": "token"})
    definition = console.nightly(**_with(token(expires=timedelta(days=-1))))

    assert "expired on" not in console("validate", "-f", definition).err


def test_tokens_are_listed_with_their_expiry_and_without_themselves(console: Console) -> None:
    assert console("tokens", "-o", "json").json == []
    value = token(expires=timedelta(days=3))
    console("deploy", "-f", console.nightly(**_with(value)))

    (found,) = console("tokens", "-o", "json").json
    assert (found["bot"], found["pipelines"], found["expiresAt"] is not None) == ("ingestion-bot", 1, True)
    table = console("tokens").out
    assert "ingestion-bot" in table
    assert value not in table


def test_without_a_file_an_older_token_is_not_put_over_a_newer_one(console: Console) -> None:
    old = issued(100)
    console("deploy", "-f", console.nightly(**_with(issued(200))))
    console.configure(serverToken=old)
    (secret,) = console.cluster.list(Kind.SECRET, labels="k8s-pipeline/token,app.kubernetes.io/component=token")

    refused = console("rotate-token", "--no-wait", code=2).err
    assert "before the one in Secret" in refused
    assert console.cluster.get(Kind.SECRET, secret["metadata"]["name"])["data"] == secret["data"]
    console("rotate-token", "--force", "--no-wait")
    assert token_of(console.cluster.get(Kind.SECRET, secret["metadata"]["name"])) == old
    console.configure(serverToken=issued(300))
    console("rotate-token", "--no-wait")


@pytest.mark.parametrize(
    ("expires", "said"),
    [(timedelta(days=-1), "expired on"), (timedelta(days=3), "expires on"), (timedelta(days=30), ""), (None, "")],
)
def test_status_and_list_show_it(console: Console, expires: timedelta | None, said: str) -> None:
    console.cluster.clock = datetime.now(UTC)
    console("deploy", "-f", console.nightly(**_with(token(expires=expires))))

    status = console("status", NAME, "-o", "json").json
    (listed,) = console("list", "-o", "json").json
    for found in (status, listed):
        assert [said in text for text in found["warnings"]] == [True] * bool(said)
        assert (found["tokenExpiresAt"] is None) is (expires is None)
    assert ("the token of 1 pipeline" in console("list").err) is bool(said)
    assert ("the token of 'ingestion-bot'" in console("status", NAME).out) is bool(said)


def test_who_may_not_read_secrets_is_not_told_and_does_not_try(console: Console) -> None:
    console.cluster.clock = datetime.now(UTC)
    console("deploy", "-f", console.nightly(**_with(token(expires=timedelta(days=-1)))))
    console.cluster.denied = {("get", "secrets")}
    console.cluster.requests.clear()

    assert console("status", NAME, "-o", "json").json["warnings"] == []
    assert console("list", "-o", "json").json[0]["tokenExpiresAt"] is None
    assert [request for request in console.cluster.requests if request.kind == Kind.SECRET] == []


@pytest.mark.parametrize(("verb", "resource"), [("create", "selfsubjectaccessreviews"), ("get", "secrets")])
def test_a_status_is_one_without_the_expiry_of_its_token(
    console: Console, mocker: MockerFixture, verb: str, resource: str
) -> None:
    console("deploy", "-f", console.nightly())
    broken = "may" if resource == "selfsubjectaccessreviews" else "get"
    asked = getattr(console.cluster, broken)

    def answer(*words: Any, **options: Any) -> Any:
        if broken == "may" or words[0] == Kind.SECRET:
            raise ApiError(f"cannot {verb} {resource}", status=500)
        return asked(*words, **options)

    mocker.patch.object(console.cluster, broken, answer)

    assert console("status", NAME, "-o", "json").json["tokenExpiresAt"] is None
    assert console("list", "-o", "json").json[0]["tokenExpiresAt"] is None


def test_a_token_that_waits_is_not_replaced_by_an_older_one(console: Console) -> None:
    console("deploy", "-f", console.nightly(**_with(issued(100))))
    console.configure(serverToken=issued(300))
    (secret,) = console.cluster.list(Kind.SECRET, labels="k8s-pipeline/token,app.kubernetes.io/component=token")
    waiting = with_next_token(secret, issued(300))
    console.cluster.put(waiting)
    console.configure(serverToken=issued(200))

    assert "before the one in Secret" in console("rotate-token", "--no-wait", code=2).err
    assert next_token_of(console.cluster.get(Kind.SECRET, secret["metadata"]["name"])) == issued(300)
