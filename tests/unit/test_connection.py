"""How a run reaches OpenMetadata, and what a bot's token says of itself."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.domain.connection import (
    CA_PATH,
    Claims,
    bot_of,
    ca_apart,
    checked_certificates,
    claims_of,
    expiry_of,
    movable_token,
    server_connection,
    wants_token,
    why_not_newer,
)
from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings import OWN_MOUNT_PATH, Settings
from tests.cluster.support.authority import certificate
from tests.cluster.support.tokens import bot_token
from tests.data import sample

ADDRESS = "http://openmetadata:8585/api"
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda below: st.lists(below), max_leaves=5
)


def _token(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2lnbmF0dXJl"


def test_a_bots_token_says_whose_it_is_and_until_when() -> None:
    token = bot_token(bot="profiler-bot", issued=1_700_000_000, expires=1_800_000_000)
    assert bot_of(token) == "profiler-bot"
    assert claims_of(token).issued_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert expiry_of(token) == datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
    assert expiry_of(bot_token(expires=None)) is None
    connection = sample("pipelines/01_postgres_metadata_daily.json")["openMetadataServerConnection"]
    assert bot_of(connection["securityConfig"]["jwtToken"]) == "ingestion-bot"


@given(st.text() | st.binary().map(lambda raw: f"a.{base64.urlsafe_b64encode(raw).decode()}.b"))
def test_whatever_calls_itself_a_token_says_something_or_nothing(text: str) -> None:
    found = claims_of(text)
    assert len(found.bot) <= 256
    assert found.bot.isprintable()


@given(st.dictionaries(st.sampled_from(["sub", "iat", "exp", "x"]), JSON))
def test_claims_of_any_type_are_times_and_names_or_nothing(claims: dict[str, Any]) -> None:
    found = claims_of(_token(claims))
    assert isinstance(found, Claims)
    assert found.bot in ("", claims.get("sub"))
    for moment in (found.issued_at, found.expires_at):
        assert moment is None or moment.tzinfo is UTC


@pytest.mark.parametrize(
    "token",
    [
        "",
        "opaque",
        "a.b",
        "a.b.c.d",
        f" {bot_token()}",
        f"{bot_token()}\n",
        _token({}),
        _token([]),
        _token(7),
        _token({"sub": ""}),
        _token({"sub": ["ingestion-bot"]}),
        _token({"sub": "x" * 257}),
        _token({"sub": "two\nlines"}),
        "a." + base64.urlsafe_b64encode(b'{"sub": ' + b"[" * 100_000).decode() + ".b",
        "a." + base64.urlsafe_b64encode(b'{"sub": "x", "iat": ' + b"9" * 5000 + b"}").decode() + ".b",
        "a." + base64.urlsafe_b64encode(b'{"sub": "\xff"}').decode() + ".b",
    ],
)
def test_what_names_no_bot_stays_where_it_is(token: str) -> None:
    assert bot_of(token) == ""
    assert movable_token(_document({"securityConfig": {"jwtToken": token}})) == ""


@pytest.mark.parametrize("moment", [True, "1700000000", 1e400, float("nan"), 10**30, -(10**30), None, {}])
def test_a_time_that_is_none_is_left_out(moment: Any) -> None:
    found = claims_of(_token({"sub": "a", "iat": moment, "exp": moment}))
    assert (found.bot, found.issued_at, found.expires_at) == ("a", None, None)
    assert bool(found.unreadable) is (moment is not None), "a token without an end has no claim, or an empty one"


@pytest.mark.parametrize("token", ["", "opaque", "a.b", f"Bearer {bot_token()}", "a.bm8.c", _token([])])
def test_what_is_no_token_does_not_tell_until_when_it_is_valid(token: str) -> None:
    assert claims_of(token).unreadable
    assert not claims_of(bot_token(expires=None)).unreadable


@pytest.mark.parametrize(
    ("current", "wanted", "why"),
    [
        ("", bot_token(), ""),
        (bot_token(issued=100), bot_token(issued=101), ""),
        (bot_token(issued=86_400), bot_token(issued=100), "issued later, on 1970-01-02, and this one on 1970-01-01"),
        # Of one day, the time tells them apart.
        (
            bot_token(issued=101),
            bot_token(issued=100),
            "on 1970-01-01 00:01:41 UTC, and this one on 1970-01-01 00:01:40",
        ),
        (bot_token(mark="a"), bot_token(mark="b"), "is unknown"),
        (bot_token(issued=None), bot_token(), "is unknown"),
        (bot_token(), bot_token(issued=None), "is unknown"),
        (bot_token(bot="a"), bot_token(bot="b"), "that is of a, and this one of b"),
        ("opaque", bot_token(), "that is of nobody that it names, and this one of ingestion-bot"),
    ],
)
def test_only_a_newer_token_of_the_same_bot_takes_anothers_place(current: str, wanted: str, why: str) -> None:
    found = why_not_newer(current, wanted)
    assert why in found
    assert bool(found) == bool(why)


def test_a_connection_is_built_from_the_settings() -> None:
    settings = Settings(instance="production", metadata_api_endpoint=ADDRESS, secrets_manager_loader="env")
    assert server_connection(settings, "a-token\n") == {
        "clusterName": "production",
        "type": "OpenMetadata",
        "hostPort": ADDRESS,
        "authProvider": "openmetadata",
        "verifySSL": "no-ssl",
        "securityConfig": {"jwtToken": "a-token"},
        "secretsManagerProvider": "db",
        "secretsManagerLoader": "env",
    }
    named = server_connection(Settings(metadata_api_endpoint=ADDRESS), "", certificates="PEM")
    assert (named["clusterName"], named["sslConfig"]) == ("openmetadata", {"caCertificate": "PEM"})


@pytest.mark.parametrize(
    ("settings", "token", "words"),
    [
        ({}, "a-token", "metadataApiEndpoint is not set"),
        ({"metadata_api_endpoint": ADDRESS}, None, "none of serverToken, serverTokenFile and tokenSecret is set"),
    ],
)
def test_what_is_missing_for_a_connection_is_named(settings: dict[str, Any], token: str | None, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        server_connection(Settings(**settings), token)


def test_certificates_leave_the_document_and_nothing_else_changes() -> None:
    one, other = certificate(), certificate()
    document = _document({"hostPort": ADDRESS, "sslConfig": {"caCertificate": f"a comment\n{one}{other}", "x": 1}})
    apart, certificates = ca_apart(document, "p.json")
    assert certificates == one + other
    assert apart == _document({"hostPort": ADDRESS, "sslConfig": {"caCertificate": CA_PATH, "x": 1}})
    assert CA_PATH.startswith(f"{OWN_MOUNT_PATH}/")
    automation = {"openMetadataServerConnection": document["workflowConfig"]["openMetadataServerConfig"]}
    assert ca_apart(automation, "a.json")[1] == certificates


@pytest.mark.parametrize("ssl", [None, {}, [], "x", {"caCertificate": None}, {"caCertificate": "/etc/ssl/om-ca.pem"}])
def test_a_path_of_the_image_is_left_as_it_is(ssl: Any) -> None:
    document = _document({"sslConfig": ssl})
    assert ca_apart(document, "p.json") == (document, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "contains no certificate"),
        ("nothing of the kind", "contains no certificate"),
        ("-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n", "an invalid certificate"),
        ("-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n", "an invalid certificate"),
        (certificate()[:-40], "contains no certificate"),
        (certificate() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "an invalid certificate"),
        (certificate() + "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "a private key"),
    ],
    ids=["empty", "text", "no certificate inside", "no base64", "cut off", "one of two", "a key"],
)
def test_a_pem_file_that_will_not_do_is_refused(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        checked_certificates(text, "ca.pem")


@pytest.mark.parametrize(
    ("connection", "wants"),
    [
        ({}, True),
        ({"securityConfig": {}}, True),
        ({"securityConfig": {"jwtToken": ""}}, True),
        ({"securityConfig": {"jwtToken": "x"}}, False),
        ({"securityConfig": "x"}, False),
        ({"authProvider": "google", "securityConfig": {"secretKey": "x"}}, False),
    ],
)
def test_a_connection_that_has_no_token_wants_one(connection: dict[str, Any], wants: bool) -> None:
    assert wants_token(_document(connection)) is wants


def _document(connection: dict[str, Any]) -> dict[str, Any]:
    return {"source": {"type": "x"}, "workflowConfig": {"openMetadataServerConfig": connection}, "z": 1}
