"""Whether Services of the local cluster are routed: kube-proxy is a little later than a pod's readiness."""

from __future__ import annotations

import socket

from tests.cluster.support.space import until


def await_route(address: str) -> None:
    """Wait until something accepts connections at an address, a host and a port, as this machine reaches it."""
    until(lambda: _is_reachable(address), f"{address} is routed to its pod")


def _is_reachable(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5):
            return True
    except OSError:
        return False
