"""`kubectl port-forward`: a way into a Service from this machine, on whatever cluster."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.support.space import Space

_PORT = re.compile(r"Forwarding from \S+:(\d+) -> ")
_SECONDS = 30.0


@contextmanager
def forwarded(space: Space, target: str, port: int, *, at: str = "127.0.0.1:0") -> Iterator[int]:
    """Yield the port of this machine that leads to one of a Service, a pod or a Deployment.

    Args:
        space: Where it is.
        target: Such as ``service/k8s-pipeline``; one of its pods is taken, and kept.
        port: The target's.
        at: Address and port of this machine, port 0 for any.
    """
    access = space.access
    host, _, own = at.rpartition(":")
    words = ["port-forward", target, f"{own}:{port}", f"--address={host}"]
    command = [access.kubectl, "--kubeconfig", str(access.kubeconfig), "--namespace", space.namespace, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        timer = threading.Timer(_SECONDS, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            timer.cancel()
            found = _PORT.match(said)
            assert found, f"kubectl port-forward {target}: {said.strip()}"
            yield int(found[1])
        finally:
            timer.cancel()
            process.terminate()
