"""What a person clicks in OpenMetadata, over HTTP as its server does it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.support.serving import await_found
from tests.cluster.support.space import until
from tests.demo.speech import PLACE, command, say, show
from tests.demo.stage import Stage
from tests.service.javaclient import JavaClient

_NAME = "clicked"
_USERNAME, _PASSWORD = "admin", "of-the-demo"


def play(stage: Stage) -> None:
    """Have the service deploy a pipeline, run it, and show its log and its end, as OpenMetadata's pages ask for it."""
    say("And from OpenMetadata's own pages: `serve` is the pipeline service that its server calls over HTTP.")
    entity = json.loads((stage.folder / "shop_metadata.json").read_text())
    entity |= {"name": _NAME, "fullyQualifiedName": f"shop.{_NAME}", "id": "6e0f4c0a-9d0c-4a7e-9d3c-2f1f6a0d7c11"}
    entity.pop("displayName", None)
    with stage.reachable_server() as environment, _service(stage, {**os.environ, **PLACE, **environment}) as client:
        say("Deploy, and Run.")
        show(f"  {client.deploy(entity)}")
        run = client.trigger(_NAME)
        show(f"  run {run}")
        until(lambda: _state(stage, run) not in ("", "queued", "running"), "the run has ended", 300)
        say("Logs, the last line of them, and what the server knows.")
        show(f"  {client.all_logs(_NAME).strip().splitlines()[-1]}")
        show(f"  {_state(stage, run)}")
        command(stage.folder, "list")
        say("Delete.")
        show(f"  {client.delete(_NAME)}")
    if _state(stage, run) != "success":
        sys.exit("the demo stops: the run that the service started did not succeed")


def _state(stage: Stage, run: str | None) -> str:
    rows: list[dict[str, Any]] = stage.shop.recorded("rows").get(f"shop.{_NAME}", [])
    return next((str(row["pipelineState"]) for row in rows if row["runId"] == run), "")


@contextmanager
def _service(stage: Stage, environment: dict[str, str]) -> Iterator[JavaClient]:
    for name, text in (("username", _USERNAME), ("password", _PASSWORD)):
        (stage.folder / name).write_text(text)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["serve", "--host", "127.0.0.1", "--port", str(port), "--openmetadata-version", "1.12.14"]
    words += ["--username-file", "username", "--password-file", "password"]
    show(f"$ k8s-pipeline {' '.join(words)}")
    program = str(Path(sys.executable).with_name("k8s-pipeline"))
    log = stage.folder / "serve.log"
    with log.open("w") as stream:
        process = subprocess.Popen([program, *words], cwd=stage.folder, env=environment, stderr=stream)
    client = JavaClient(f"http://127.0.0.1:{port}/", _USERNAME, _PASSWORD)

    try:
        until(lambda: "running on" in log.read_text(), "the service listens")
        await_found(client)
        yield client
    finally:
        process.terminate()
        process.wait(60)
