"""Alerts of a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.openmetadata_contract.servers import ADMIN_TOKEN, Server

_ALERTS = "events/subscriptions"
_NOBODY = "http://203.0.113.1/alerts"
"""A server refuses private addresses; at this one, which is for documentation, there is nobody."""


class Alert:
    """An alert whose events cannot be delivered, so that the server keeps them for an admin to see."""

    def __init__(self, server: Server, name: str) -> None:
        self._server = server
        self._name = name

    def events(self) -> str:
        """Return what it was about to say, as text."""
        answer = self._server.call("GET", f"{_ALERTS}/name/{self._name}/failedEvents", bearer=ADMIN_TOKEN)
        return json.dumps(answer.body) if answer.status == 200 else ""


@contextmanager
def alerting(server: Server, *states: str) -> Iterator[Alert]:
    """Have an alert on states of runs until the end of the block."""
    argument = {"name": "ingestionPipelineStateList", "input": list(states)}
    action = {"name": "GetIngestionPipelineStatusUpdates", "effect": "include", "arguments": [argument]}
    webhook = {"category": "External", "type": "Webhook", "timeout": 1, "readTimeout": 1}
    name = f"{server.name}-alert"
    create = {
        "name": name,
        "alertType": "Observability",
        "resources": ["ingestionPipeline"],
        "trigger": {"triggerType": "RealTime"},
        "pollInterval": 1,
        "retries": 0,
        "input": {"filters": [], "actions": [action]},
        "destinations": [{**webhook, "config": {"endpoint": _NOBODY}}],
    }
    answer = server.call("POST", _ALERTS, create, bearer=ADMIN_TOKEN)
    assert answer.status == 201, answer
    try:
        yield Alert(server, name)
    finally:
        server.call("DELETE", f"{_ALERTS}/{answer.body['id']}?hardDelete=true", bearer=ADMIN_TOKEN)
