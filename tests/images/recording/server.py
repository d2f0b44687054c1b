"""HTTP around the routes: a threading server of the standard library."""

import argparse
import contextlib
import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .control import Control
from .faults import Faults
from .journal import Journal, describe_auth
from .routes import Api, segments_of
from .wire import Request, Response

# The client refuses a server whose major and minor version differ from its own.
DEFAULT_VERSION = "1.12.14"
DEFAULT_PORT = 8585
_MAX_BODY = 64 * 1024 * 1024


class RecordingServer:
    """The stand-in in this process: `with RecordingServer() as server: server.url`.

    `api`, `journal`, `faults` and `control` may be used directly; over HTTP the same is under `/_…`.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        version: str = DEFAULT_VERSION,
        seed: Mapping[str, Any] | None = None,
        verbose: bool = False,
    ) -> None:
        self.api = Api(version)
        self.journal = Journal()
        self.faults = Faults()
        self.control = Control(self.api, self.journal, self.faults)
        if seed:
            self.control.seed(dict(seed))
        self._host = host
        self._verbose = verbose
        self._server = _Server((host, port), self, verbose=verbose)
        self.api.service.server_url = self.url
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What stands in `openMetadataServerConfig.hostPort`, for clients on this machine."""
        return f"http://{self._server.server_address[0]!s}:{self.port}/api"

    def refuse(self) -> None:
        """Be away, as a server that has been stopped: what is open is closed, and nothing new is taken."""
        self.faults.add({"fault": "drop"})
        self.__exit__(None, None, None)

    def listen(self) -> None:
        """Be there again, at the same address, with all that was there before."""
        self._server = _Server((self._host, self.port), self, verbose=self._verbose)
        self.faults.clear()
        self.__enter__()

    def __enter__(self) -> "RecordingServer":
        self._thread = threading.Thread(target=self.serve_forever, name="recording-server", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def serve_forever(self) -> None:
        self._server.serve_forever(poll_interval=0.02)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: RecordingServer, *, verbose: bool) -> None:
        self.owner = owner
        self.verbose = verbose
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that went away is no fault of the server; everything else is worth its traceback.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # A keep-alive client that is killed without a word must not hold its thread forever.
    timeout = 120
    # Headers and body go out as one packet: else each answer waits 40 ms for the client's delayed ACK.
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        body = self._read_body()
        if parts.path.startswith("/_") or parts.path == "/":
            self._send(self.server.owner.control.answer(self.command, parts.path, query, body))
            return
        fault = self.server.owner.faults.take(self.command, parts.path)
        if fault is not None and fault.delay_seconds:
            time.sleep(fault.delay_seconds)
        if fault is not None and fault.drop:
            self._record(parts.path, query, body, 0)
            self.close_connection = True
            return
        if fault is not None and fault.status is not None:
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            answer = Response(fault.status, {"code": fault.status, "message": fault.message}, headers)
        else:
            answer = self._route(parts.path, query, body, hold=0.0 if fault is None else fault.hold_seconds)
        self._record(parts.path, query, body, answer.status)
        self._send(answer, half=fault is not None and fault.reset)

    # http.server looks a handler up by this name for each method.
    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = handle_any

    def _route(self, path: str, query: dict[str, str], body: Any, *, hold: float) -> Response:
        segments = segments_of(path)
        if segments is None:
            return Response(404, {"code": 404, "message": f"no such path: {path}"})
        request = Request(
            self.command,
            segments,
            query,
            body,
            content_type=self.headers.get_content_type(),
            authorization=self.headers.get("Authorization"),
            between=lambda: time.sleep(hold),
        )
        return self.server.owner.api.answer(request)

    def _record(self, path: str, query: dict[str, str], body: Any, status: int) -> None:
        self.server.owner.journal.record(
            method=self.command,
            path=unquote(path),
            query=query,
            body=body,
            auth=describe_auth(self.headers.get("Authorization")),
            status=status,
        )

    def _read_body(self) -> Any:
        length = int(self.headers.get("Content-Length") or 0)
        if not length:
            return None
        text = self.rfile.read(min(length, _MAX_BODY)).decode("utf-8", errors="replace")
        try:
            return json.loads(text)
        except ValueError:
            return text

    def _send(self, answer: Response, *, half: bool = False) -> None:
        payload = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload[: len(payload) // 2] if half else payload)
        if half:
            self._reset()

    def _reset(self) -> None:
        """Break the connection off: RST, not FIN."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        if self.server.verbose and not self.path.startswith("/_"):
            print(f"{self.log_date_time_string()} {format % args}", flush=True)


def main() -> None:
    """Serve until SIGTERM. The seed is the JSON of a file (`--seed`) and of `RECORDING_SEED`."""
    parser = argparse.ArgumentParser(prog="recording", description=__doc__)
    parser.add_argument("--host", default="0.0.0.0", help="the address to listen on")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--version", default=os.getenv("RECORDING_VERSION", DEFAULT_VERSION))
    parser.add_argument("--seed", type=Path, help="a JSON file with entities and statuses")
    options = parser.parse_args()
    server = RecordingServer(options.host, options.port, version=options.version, verbose=True)
    for text in (options.seed.read_text() if options.seed else None, os.getenv("RECORDING_SEED")):
        if text:
            server.control.seed(json.loads(text))
    # As PID 1 the default action of SIGTERM is to ignore it, which would cost the whole grace period.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(f"recording stand-in for an OpenMetadata server ({options.version}) on port {server.port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
