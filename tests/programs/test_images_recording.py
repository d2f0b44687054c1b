"""The recording stand-in of the OpenMetadata server, over HTTP as runs and tests use it."""

import contextlib
import http.client
import json
import socketserver
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.images.recording import RecordingServer, documents
from tests.images.recording.entities import quote_name
from tests.images.recording.journal import describe_auth
from tests.images.recording.jsonpatch import apply_patch

RUN = "11111111-1111-4111-8111-111111111111"
JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJpbmdlc3Rpb24tYm90In0.c2ln"
STATUS = "/services/ingestionPipelines/shop.meta/pipelineStatus"


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    seed = documents.seed(
        services=[documents.database_service("shop")], pipelines=[documents.ingestion_pipeline("shop", "meta")]
    )
    with RecordingServer(seed=seed) as running:
        yield running


def call(server: RecordingServer, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Paths that begin with an underscore are the server's own, others are below /v1."""
    base = server.url.removesuffix("/api") if path.startswith("/_") else f"{server.url}/v1"
    request = urllib.request.Request(
        base + path, method=method, data=None if body is None else json.dumps(body).encode()
    )
    request.add_header("Authorization", f"Bearer {JWT}")
    request.add_header("Content-Type", f"application/{'json-patch+' if method == 'PATCH' else ''}json")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_accepted_rows_are_kept_as_they_came_beside_what_is_in_force(server: RecordingServer) -> None:
    for state in ("running", "success"):
        assert call(server, "PUT", STATUS, {"runId": RUN, "pipelineState": state, "timestamp": 5})[0] == 201
    assert call(server, "PUT", STATUS, {"runId": RUN, "pipelineState": "over", "timestamp": 5})[0] == 400

    history = call(server, "GET", "/_recorded/statuses")[1]
    assert history["shop.meta"][RUN] == [
        {"runId": RUN, "pipelineState": state, "timestamp": 5} for state in ("running", "success")
    ]
    assert [row["pipelineState"] for row in call(server, "GET", "/_recorded/rows")[1]["shop.meta"]] == ["success"]


def test_rows_are_seeded_with_and_without_a_timestamp(server: RecordingServer) -> None:
    rows = [{"runId": "a", "pipelineState": "running"}, {"runId": "b", "pipelineState": "failed", "timestamp": 9}]
    call(server, "POST", "/_seed", {"statuses": {"shop.meta": rows}})

    found = call(server, "GET", STATUS)[1]["data"]
    assert [(row["runId"], row["timestamp"]) for row in found] == [("b", 9), ("a", 1)]


def test_bulk_makes_entities_that_reads_find(server: RecordingServer) -> None:
    call(server, "PUT", "/databases/bulk", [{"name": "db", "service": "shop"}])
    call(server, "PUT", "/databaseSchemas/bulk", [{"name": "pub.lic", "database": "shop.db"}])
    code, result = call(
        server, "PUT", "/tables/bulk", [{"name": "t", "columns": [], "databaseSchema": 'shop.db."pub.lic"'}]
    )

    assert (code, result["numberOfRowsPassed"], result["status"]) == (200, 1, "success")
    table = call(server, "GET", "/tables/name/shop.db.%22pub.lic%22.t?fields=*")[1]
    assert table["service"]["fullyQualifiedName"] == "shop"
    assert table["databaseSchema"]["type"] == "databaseSchema"
    assert call(server, "GET", f"/tables/{table['id']}")[1] == table
    assert call(server, "GET", "/tables?database=shop.db")[1]["paging"] == {"total": 1}
    assert call(server, "GET", "/tables?database=other.db")[1]["paging"] == {"total": 0}
    assert call(server, "GET", "/_recorded/entities")[1]["tables"] == ['shop.db."pub.lic".t']


def test_pipeline_made_by_a_run_finds_its_service_by_id(server: RecordingServer) -> None:
    service = call(server, "GET", "/services/databaseServices/name/shop")[1]
    request = {"name": "new", "service": {"id": service["id"], "type": "databaseService"}}

    assert call(server, "PUT", "/services/ingestionPipelines", request)[1]["fullyQualifiedName"] == "shop.new"


def test_automation_is_patched(server: RecordingServer) -> None:
    seed = documents.seed(automations=[{"id": RUN, "name": "test", "request": {}}])
    assert call(server, "POST", "/_seed", seed)[0] == 200
    patch = [{"op": "add", "path": "/status", "value": "Failed"}]

    assert call(server, "PATCH", f"/automations/workflows/{RUN}", patch)[1]["status"] == "Failed"
    assert call(server, "GET", "/automations/workflows/name/test")[1]["status"] == "Failed"


def test_logs_are_kept(server: RecordingServer) -> None:
    path = f"/services/ingestionPipelines/logs/shop.meta/{RUN}"
    call(server, "POST", path, {"logs": "one", "compressed": False})
    call(server, "POST", f"{path}/close", {})

    assert call(server, "GET", "/_recorded/logs")[1] == [
        {"fqn": "shop.meta", "runId": RUN, "closed": True, "logs": "one"}
    ]


def test_requests_are_recorded_without_the_token(server: RecordingServer) -> None:
    call(server, "GET", "/system/version?x=1")
    call(server, "GET", "/no/such")
    first, second = call(server, "GET", "/_recorded")[1]["requests"]

    assert (first["method"], first["path"], first["query"], first["status"]) == (
        "GET",
        "/api/v1/system/version",
        {"x": "1"},
        200,
    )
    assert first["auth"]["subject"] == "ingestion-bot"
    assert JWT not in json.dumps([first, second])
    assert call(server, "GET", f"/_recorded?since={first['seq']}")[1] == {"requests": [second], "next": 2}
    assert call(server, "GET", "/_recorded?path=version")[1]["requests"] == [first]


def test_cleared_record_counts_on(server: RecordingServer) -> None:
    call(server, "GET", "/system/version")
    call(server, "DELETE", "/_recorded")

    assert call(server, "GET", "/_recorded")[1] == {"requests": [], "next": 1}


@pytest.mark.parametrize(("fault", "code"), [("status500", 500), ("unauthorized", 401), ("unavailable", 503)])
def test_named_faults_and_how_often(server: RecordingServer, fault: str, code: int) -> None:
    call(server, "POST", "/_faults", {"fault": fault, "times": 1, "skip": 1})
    row = {"runId": RUN, "pipelineState": "running", "timestamp": 5}

    assert [call(server, "PUT", STATUS, row)[0] for _ in range(3)] == [201, code, 201]
    assert call(server, "GET", "/_faults")[1][0]["hits"] == 3


def test_slow_and_dropped_requests(server: RecordingServer) -> None:
    call(server, "POST", "/_faults", [{"path": "version", "delaySeconds": 0.2}, {"fault": "drop"}])
    start = time.monotonic()
    assert call(server, "GET", "/system/version")[0] == 200
    assert time.monotonic() - start >= 0.2
    with pytest.raises(ConnectionError):
        call(server, "GET", "/system/status")
    call(server, "DELETE", "/_faults")
    assert call(server, "GET", "/system/status")[0] == 200


def test_a_server_that_was_away_is_back_at_its_address_with_what_it_had(server: RecordingServer) -> None:
    call(server, "PUT", STATUS, {"runId": RUN, "pipelineState": "running", "timestamp": 5})
    kept_open = http.client.HTTPConnection("127.0.0.1", server.port)
    kept_open.request("GET", "/api/v1/system/version")
    kept_open.getresponse().read()

    server.refuse()
    with pytest.raises(urllib.error.URLError):
        call(server, "GET", "/system/version")
    with pytest.raises(ConnectionError):
        kept_open.request("GET", "/api/v1/system/version")
        kept_open.getresponse()
    server.listen()

    assert call(server, "GET", f"{STATUS}/{RUN}")[1]["pipelineState"] == "running"


@pytest.mark.parametrize("document", [{"fault": "nonsense"}, {"paht": "x"}])
def test_bad_faults_are_refused(server: RecordingServer, document: dict[str, Any]) -> None:
    assert call(server, "POST", "/_faults", document)[0] == 400


def test_attempts_are_counted_by_run(server: RecordingServer) -> None:
    assert [call(server, "POST", f"/_attempts/{run}")[1]["attempt"] for run in "aab"] == [1, 2, 1]


@contextlib.contextmanager
def service_that_dies_as_it_responds() -> Iterator[str]:
    """Say 89 bytes and send none, as a process does that is killed there; yield the address."""

    class Dying(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 89\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dying) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=[0.02])
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}"
        finally:
            listening.shutdown()
            thread.join()


@pytest.mark.parametrize("button", ["deploy", "trigger", "kill", "toggleIngestion"])
def test_a_pipeline_service_that_dies_as_it_responds_is_an_error(server: RecordingServer, button: str) -> None:
    identity = call(server, "GET", "/services/ingestionPipelines/name/shop.meta")[1]["id"]
    with service_that_dies_as_it_responds() as address:
        call(server, "POST", "/_service", {"address": address})
        status, said = call(server, "POST", f"/services/ingestionPipelines/{button}/{identity}")

    assert status == 400
    assert "89 more expected" in said["message"]


def test_names_with_dots_are_quoted() -> None:
    assert [quote_name(name) for name in ("a", "a.b", 'a"b')] == ["a", '"a.b"', '"a""b"']


def test_auth_of_what_is_no_jwt() -> None:
    assert describe_auth(None) == {"present": False}
    assert describe_auth("Bearer a.b.c")["subject"] is None


def test_json_patch() -> None:
    document = {"a": [1, 2], "b": {"c/d": 1}}
    patch: list[dict[str, Any]] = [
        {"op": "replace", "path": "/a/0", "value": 9},
        {"op": "add", "path": "/a/-", "value": 3},
        {"op": "remove", "path": "/b/c~1d"},
    ]

    assert apply_patch(document, patch) == {"a": [9, 2, 3], "b": {}}
    with pytest.raises(ValueError, match="no such place"):
        apply_patch(document, [{"op": "add", "path": "/x/y", "value": 1}])
