"""An answer without end, of whatever stands at the address of OpenMetadata, does not take all memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from k8s_pipeline_client.errors import ServerResponseError
from k8s_pipeline_client.openmetadata import transport
from k8s_pipeline_client.openmetadata.transport import Request, Transport


class Endless(BaseHTTPRequestHandler):
    sent = 0

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b" " * 2**16)
                type(self).sent += 2**16

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Endless.sent = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
        thread.join(10)


def test_it_is_cut_off_and_not_asked_again(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BYTES", 2**20)
    client = Transport(address, verify=True)
    with pytest.raises(ServerResponseError) as caught:
        client.send(Request("GET", "/v1/x", "token"))
    assert caught.value.code == "ResponseTooLarge"
    assert caught.value.facts["address"] == address
    client.close()
    assert Endless.sent < 2**26, "what the buffers of the connection hold at most"
