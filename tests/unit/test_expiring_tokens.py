"""Tokens that have expired or soon will are warned of where they are read, and listed; old ones do not come back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.render.token import token_of
from tests.openmetadata import token
from tests.unit.console import NIGHTLY, Console, console
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
