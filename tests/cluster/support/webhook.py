"""A mutating admission webhook: an HTTPS server in this process, which the API server really calls."""

from __future__ import annotations

import base64
import copy
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.cluster.local.certificates import Authority
from tests.cluster.support.access import Access
from tests.cluster.support.space import Space, until

Change = Callable[[dict[str, Any]], None]
"""Changes an object in place, as the webhook would have it."""

_GROUPS = {"pods": "", "jobs": "batch", "cronjobs": "batch", "secrets": ""}
_PROBES = {
    "pods": ("run", "probe", "--image=probe"),
    "jobs": ("create", "job", "probe", "--image=probe"),
    "cronjobs": ("create", "cronjob", "probe", "--image=probe", "--schedule=@daily"),
    "secrets": ("create", "secret", "generic", "probe"),
}


class Webhook:
    """Serves one webhook; what it changes, and whether it is there at all, can be set as the test goes on.

    Attributes:
        changes: What is done to objects of a resource, by its plural.
        denial: Why everything is refused; nothing is, if empty.
        seen: The resources of all requests so far.
    """

    def __init__(self, host: str, changes: Mapping[str, Change]) -> None:
        """Listen on this address of this machine, which the API server can reach."""
        self.changes = dict(changes)
        self.denial = ""
        self.seen: list[str] = []
        authority = Authority("webhooks of the tests")
        self._bundle = authority.pair.certificate
        self._server = _Server((host, 0), _Handler)
        self._server.webhook = self
        self._server.socket = _tls(authority, host).wrap_socket(self._server.socket, server_side=True)
        self._url = f"https://{host}:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        self._thread.start()

    def configuration(self, namespace: str) -> dict[str, Any]:
        """Return its registration, for one namespace, without which nothing happens where it does not answer."""
        rules = [
            {
                "apiGroups": [_GROUPS[kind]],
                "apiVersions": ["v1"],
                "operations": ["CREATE", "UPDATE"],
                "resources": [kind],
            }
            for kind in self.changes
        ]
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": f"webhook-of-{namespace}"},
            "webhooks": [
                {
                    "name": "inject.tests.example.com",
                    "clientConfig": {"url": self._url, "caBundle": base64.b64encode(self._bundle).decode()},
                    "rules": rules,
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "failurePolicy": "Fail",
                    "timeoutSeconds": 5,
                    "reinvocationPolicy": "IfNeeded",
                }
            ],
        }

    def review(self, request: dict[str, Any]) -> dict[str, Any]:
        """Response an AdmissionRequest."""
        resource = request["resource"]["resource"]
        self.seen.append(resource)
        if self.denial:
            return {"uid": request["uid"], "allowed": False, "status": {"message": self.denial}}
        changed = copy.deepcopy(request["object"])
        self.changes[resource](changed)
        patch = [
            {"op": "add", "path": f"/{key}", "value": value}
            for key, value in changed.items()
            if value != request["object"].get(key)
        ]
        encoded = base64.b64encode(json.dumps(patch).encode()).decode()
        return {"uid": request["uid"], "allowed": True, "patchType": "JSONPatch", "patch": encoded}

    def stop(self) -> None:
        """Response no more: connections are refused."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


@contextmanager
def webhook(space: Space, changes: Mapping[str, Change]) -> Iterator[Webhook]:
    """Register a webhook for the namespace, and wait until the API server asks it."""
    served = Webhook(_address_of_this_machine(space.access), changes)
    configuration = served.configuration(space.namespace)
    try:
        space.access.run("apply", "-f", "-", given=json.dumps(configuration))
        for kind in changes:
            until(partial(_is_asked, space, served, kind), f"the webhook is asked about {kind}")
        yield served
    finally:
        space.access.run("delete", "mutatingwebhookconfiguration", configuration["metadata"]["name"])
        served.stop()


def _is_asked(space: Space, served: Webhook, kind: str) -> bool:
    with suppress(RuntimeError):  # it need not be admitted
        space.kubectl(*_PROBES[kind], "--dry-run=server")
    return kind in served.seen


def _address_of_this_machine(access: Access) -> str:
    """Return the address by which this machine talks to the API server; the way back is the same, as a rule."""
    server = urlsplit(yaml.safe_load(access.run("config", "view", "--minify"))["clusters"][0]["cluster"]["server"])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        route.connect((server.hostname, server.port or 443))  # nothing is sent: it only looks the route up
        address: str = route.getsockname()[0]
    return address


def _tls(authority: Authority, host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        authority.server("webhook", [host]).write(Path(folder), "tls")
        context.load_cert_chain(Path(folder, "tls.crt"), Path(folder, "tls.key"))
    return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    webhook: Webhook

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The API server breaks connections off as it likes."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"  # a connection for each request: none is kept that would outlive `stop`
    server: _Server

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {**review, "request": None, "response": self.server.webhook.review(review["request"])}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
