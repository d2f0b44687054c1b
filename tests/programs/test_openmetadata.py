"""What our client makes of an OpenMetadata server that is well, that is not, and of what is none."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.cli.versions import version_warnings
from k8s_pipeline_client.domain.entities import EntityReference
from k8s_pipeline_client.errors import (
    EntityNotFoundError,
    InputError,
    OpenMetadataError,
    RightMissingError,
    ServerResponseError,
    ServerUnreachableError,
    TokenRejectedError,
)
from k8s_pipeline_client.openmetadata import client as openmetadata
from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
from k8s_pipeline_client.openmetadata.server import api_address, trust
from tests.cluster.local.certificates import Authority
from tests.images.recording import RecordingServer
from tests.openmetadata import fleet, identity, pipeline, service, token
from tests.programs.other import Other

LISTING = r"/ingestionPipelines$"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordingServer]:
    """Two pipelines for each of nine services, which we read in three pages."""
    monkeypatch.setattr(openmetadata, "_PAGE", 7)
    with RecordingServer(seed=fleet(18)) as running:
        yield running


Connect = Callable[..., HttpOpenMetadata]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients, and closes them at the end."""
    with ExitStack() as clients:
        yield lambda address, bearer=None, verify=True: clients.enter_context(
            HttpOpenMetadata(address, bearer or token(), verify=verify)
        )


@pytest.fixture
def client(server: RecordingServer, connect: Connect) -> HttpOpenMetadata:
    return connect(server.url)


def test_every_pipeline_is_listed_once_page_by_page(server: RecordingServer, client: HttpOpenMetadata) -> None:
    found = [item["fullyQualifiedName"] for item in client.pipelines()]

    assert len(found) == len(set(found)) == 18
    assert len([entry for entry in server.journal.since() if entry.path.endswith("ingestionPipelines")]) == 3


def test_those_of_one_service_are_listed(client: HttpOpenMetadata) -> None:
    found = [item["service"]["name"] for item in client.pipelines("postgres_0")]

    assert set(found) == {"postgres_0"}
    assert len(found) == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "retryAfter": "1", "times": 2},
        {"status": 500, "times": 2},
        {"status": 502, "times": 2},
        {"status": 503, "times": 2},
        {"drop": True, "times": 2},
        {"reset": True, "times": 2},
        {"delaySeconds": 1, "times": 1},
    ],
    ids=["429", "500", "502", "503", "drop", "reset", "slow"],
)
def test_a_page_that_fails_is_asked_for_again(
    server: RecordingServer, client: HttpOpenMetadata, fault: dict[str, Any]
) -> None:
    server.faults.add({"path": LISTING, "skip": 1, **fault})

    assert len(list(client.pipelines())) == 18


def test_what_the_server_says_to_wait_is_waited(server: RecordingServer, client: HttpOpenMetadata) -> None:
    server.faults.add({"path": "version", "status": 429, "retryAfter": "2", "times": 1})
    start = time.monotonic()

    assert client.version() == "1.12.14"
    assert time.monotonic() - start >= 2


def test_a_server_that_says_to_wait_too_long_is_not_waited_for(
    server: RecordingServer, client: HttpOpenMetadata
) -> None:
    server.faults.add({"path": "version", "status": 429, "retryAfter": "3600", "message": "Too busy"})
    start = time.monotonic()

    with pytest.raises(ServerResponseError, match="429, Too busy"):
        client.version()
    assert time.monotonic() - start < 5


def test_a_page_that_stays_broken_is_an_error_and_no_short_list(
    server: RecordingServer, client: HttpOpenMetadata
) -> None:
    server.faults.add({"path": LISTING, "skip": 2, "status": 500, "message": "deadlock"})

    with pytest.raises(ServerResponseError, match="500, deadlock"):
        list(client.pipelines())


def test_a_list_that_is_shorter_than_the_server_says_is_an_error(
    server: RecordingServer, client: HttpOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = server.api.answer

    def hiding(request: Any) -> Any:
        answer = whole(request)
        if "data" in (answer.body or {}):
            answer.body["data"] = answer.body["data"][:-1]
        return answer

    monkeypatch.setattr(server.api, "answer", hiding)

    with pytest.raises(ServerResponseError, match="has 18 ingestion pipelines, but listed 15"):
        list(client.pipelines())


def test_any_name_is_found_again(server: RecordingServer, client: HttpOpenMetadata) -> None:
    @settings(max_examples=100, deadline=None)
    @given(name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
    def found_again(name: str) -> None:
        entity = pipeline(name, service("shop"))
        server.control.seed({"entities": {"services/ingestionPipelines": [entity]}})
        assert client.pipeline(entity["fullyQualifiedName"])["id"] == entity["id"]

    found_again()


def test_a_pipeline_that_is_not_there(client: HttpOpenMetadata) -> None:
    with pytest.raises(EntityNotFoundError, match=r"ingestion pipeline 'postgres_0\.nope' is not in OpenMetadata"):
        client.pipeline("postgres_0.nope")


@pytest.mark.parametrize(
    ("kind", "name", "service_type"),
    [("databaseService", "postgres_0", "Postgres"), ("searchService", "elasticsearch_7", "ElasticSearch")],
)
def test_the_type_of_a_service_comes_without_its_connection(
    client: HttpOpenMetadata, kind: str, name: str, service_type: str
) -> None:
    for reference in ({"id": identity(kind, name)}, {"fullyQualifiedName": name}):
        found = client.service(EntityReference.model_validate({"type": kind, **reference}))
        assert found == {
            "id": identity(kind, name),
            "name": name,
            "fullyQualifiedName": name,
            "serviceType": service_type,
        }


def test_a_test_suite_is_a_service_too(connect: Connect) -> None:
    suite = {"id": identity("testSuite", "s"), "name": "s", "fullyQualifiedName": "shop.db.s.t.testSuite"}
    with RecordingServer(seed={"entities": {"dataQuality/testSuites": [suite]}}) as server:
        found = connect(server.url).service(EntityReference(type="testSuite", id=suite["id"]))

    assert found["serviceType"] == "TestSuite"


def test_a_server_that_knows_no_runners_is_asked_without(server: RecordingServer, client: HttpOpenMetadata) -> None:
    server.faults.add(
        {"path": "databaseServices", "status": 400, "message": "Invalid field name ingestionRunner", "times": 1}
    )
    reference = EntityReference(type="databaseService", id=identity("databaseService", "postgres_0"))

    assert client.service(reference)["serviceType"] == "Postgres"


@pytest.mark.parametrize("reference", [{"type": "table", "id": "x"}, {"type": "databaseService"}, {}])
def test_references_that_lead_nowhere(client: HttpOpenMetadata, reference: dict[str, str]) -> None:
    with pytest.raises(ServerResponseError, match=r"no ingestion pipelines|neither id nor name"):
        client.service(EntityReference.model_validate(reference))


def test_a_rejected_token_is_said_with_its_bot_and_end(server: RecordingServer, connect: Connect) -> None:
    server.faults.add({"path": "", "status": 401, "message": "Expired token!"})
    expired = token(expires=-timedelta(days=3))

    with pytest.raises(TokenRejectedError) as caught:
        connect(server.url, expired).version()

    text = str(caught.value)
    assert "rejected the token of ingestion-bot, which expired at 20" in text
    assert "Expired token!" in text
    assert caught.value.code == "TokenRejected"


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        (
            "Principal: CatalogPrincipal{name='some-bot'} operations [ViewBasic, ViewAll] not allowed",
            "give some-bot a role with a policy that allows ViewBasic, ViewAll",
        ),
        (
            "Principal: CatalogPrincipal{name='some-bot'} operation ViewAll denied by role R, policy P, rule Q",
            "change rule Q in policy P of role R, which denies access to some-bot",
        ),
        ("no", "give some-bot a role with a policy that allows to view ingestion pipelines and services"),
    ],
)
def test_a_missing_right_is_named(server: RecordingServer, connect: Connect, message: str, hint: str) -> None:
    server.faults.add({"path": LISTING, "status": 403, "message": message})

    with pytest.raises(RightMissingError) as caught:
        list(connect(server.url, token("some-bot")).pipelines())
    assert message in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 500])
def test_no_error_repeats_the_token(server: RecordingServer, connect: Connect, status: int) -> None:
    bearer = token("some-bot")
    server.faults.add({"path": "", "status": status, "message": f"what is {bearer} to me"})

    with pytest.raises(OpenMetadataError) as caught:
        connect(server.url, bearer).pipeline("shop.x")
    assert bearer.split(".")[1] not in f"{caught.value!s}{caught.value!r}"


def test_nobody_there(connect: Connect) -> None:
    with RecordingServer() as server:
        gone = connect(server.url)
    with pytest.raises(ServerUnreachableError, match=r"127\.0\.0\.1"):
        gone.version()


@pytest.mark.parametrize(
    "bad",
    ["", "openmetadata:8585", "ftp://x/api", "http://", "http://x:y/api", "http://u:secret@x/api", "http://x/api?a=b"],
)
def test_addresses_that_are_none(bad: str) -> None:
    with pytest.raises(InputError, match="OpenMetadata server") as caught:
        api_address(bad)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://om:8585", "http://om:8585/api"),
        ("https://om.example.com/api/", "https://om.example.com/api"),
        ("https://example.com/om/api/v1/", "https://example.com/om/api"),
    ],
)
def test_addresses_as_people_give_them(given: str, used: str) -> None:
    assert api_address(given) == used


@pytest.mark.parametrize("bad", ["", " \n", "Bearer abc", "abc\ndef", "schlüssel"])
def test_tokens_that_are_none(bad: str) -> None:
    with pytest.raises(InputError, match="token") as caught:
        HttpOpenMetadata("http://x", bad)
    assert not bad.strip() or bad not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>Sign in: csrf=abc", "200, 23 bytes of text/html"),
        (200, {"Content-Type": "application/json"}, b"[]", "200, 2 bytes of application/json"),
        (200, {"Content-Type": "application/json"}, b'{"gitVersion": "v1.33"}', "no version"),
        (404, {"Content-Type": "text/plain"}, b"404 page not found", "404, 18 bytes of text/plain"),
        (302, {"Location": "https://sso.example.com/login?state=abc"}, b"", "https://sso.example.com/login"),
    ],
)
def test_what_is_no_openmetadata(
    connect: Connect, status: int, headers: dict[str, str], body: bytes, said: str
) -> None:
    with Other(status, headers, body) as address, pytest.raises(ServerResponseError) as caught:
        connect(address).version()
    assert said in str(caught.value)
    assert "abc" not in str(caught.value)
    assert caught.value.code == "NotOpenMetadata"


@pytest.mark.parametrize(
    "page",
    ["{}", '{"data": {}, "paging": {}}', '{"data": [{}], "paging": {}}', '{"data": [1], "paging": {}}', "[" * 100_000],
    ids=lambda page: page[:30],
)
def test_pages_that_are_none(connect: Connect, page: str) -> None:
    with Other(200, {}, page.encode()) as address, pytest.raises(ServerResponseError):
        list(connect(address).pipelines())


@pytest.mark.parametrize(
    "page",
    [
        {"data": [{"id": "1"}], "paging": {"after": "x", "total": 9}},
        {"data": [], "paging": {"after": "x", "total": 9}},
        {"data": [{"id": "1"}], "paging": {"after": {"a": 1}, "total": "many"}},
    ],
)
def test_a_list_that_does_not_get_on_ends(connect: Connect, page: dict[str, Any]) -> None:
    with (
        Other(200, {}, json.dumps(page).encode()) as address,
        pytest.raises(ServerResponseError, match="does not end"),
    ):
        list(connect(address).pipelines())


@pytest.mark.parametrize(
    ("image", "is_other"),
    [
        ("docker.getcollate.io/openmetadata/ingestion:1.12.14", False),
        ("openmetadata/ingestion:1.12.3.1", False),
        ("openmetadata/ingestion:v1.12", False),
        ("localhost:5000/ingestion", False),
        ("localhost:5000/ingestion:latest", False),
        ("localhost:5000/ingestion:2024-build", False),
        ("localhost:5000/ingestion:1.11.4", True),
        ("openmetadata/ingestion:1.1.4@sha256:0000", True),
        ("openmetadata/ingestion:2.12.14", True),
        ("openmetadata/ingestion@sha256:0000", False),
    ],
)
def test_images_for_another_version(image: str, is_other: bool) -> None:
    found = list(version_warnings("1.12.14-SNAPSHOT", [image, image]))

    assert [image in text for text in found] == [True] * is_other
    assert list(version_warnings("development", [image])) == []


def test_whom_to_trust(connect: Connect, tmp_path: Path) -> None:
    authority = Authority("test")
    authority.server("openmetadata", ["127.0.0.1"]).write(tmp_path, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    certificates = authority.pair.certificate.decode()
    usual, ours, anybody = trust("no-ssl", ""), trust("validate", certificates), trust("ignore", "")
    body = json.dumps({"version": "1.12.0"}).encode()

    with Other(200, {}, body, context) as address:
        assert connect(address, verify=ours).version() == "1.12.0"
        assert connect(address, verify=anybody).version() == "1.12.0"
        with pytest.raises(ServerUnreachableError, match=r"CERTIFICATE_VERIFY_FAILED.*verifySSL: validate"):
            connect(address, verify=usual).version()
