"""An ingestion image of another release than the server's is warned of on every path that knows both."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.cluster.port import Kind
from tests.images.recording import RecordingServer
from tests.images.recording.journal import Recorded
from tests.openmetadata import pipeline, service, token
from tests.unit.console import NAME, NIGHTLY, SERVICE, Console, console

__all__ = ["console"]

OTHER = "registry.example/openmetadata/ingestion-base:1.10.3"
SHOP = service("shop")


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """An OpenMetadata of version 1.12."""
    entities = {"services/databaseServices": [SHOP], "services/ingestionPipelines": [pipeline("one", SHOP)]}
    with RecordingServer(seed={"entities": entities}) as server:
        yield server


def _nightly(console: Console, address: str, **changes: Any) -> str:
    return console.nightly(
        openMetadataServerConnection={**NIGHTLY["openMetadataServerConnection"], "hostPort": address}, **changes
    )


@pytest.mark.parametrize("image", [OTHER, OTHER.replace("1.10.3", "v1.10.3-slim"), OTHER.replace("1.10.3", "2.0.0")])
def test_a_deploy_of_files_asks_the_server_that_responds(console: Console, server: RecordingServer, image: str) -> None:
    console.configure(ingestionImage=image)
    found = console("deploy", "-f", _nightly(console, server.url)).err
    assert f"OpenMetadata is version 1.12.14, and the ingestion image {image} is made for" in found
    console.configure(ingestionImage=image, metadataApiEndpoint=server.url)
    found = console("deploy", "-f", _nightly(console, "http://openmetadata.invalid/api")).err
    assert f"the ingestion image {image}" in found


@pytest.mark.parametrize("tag", ["1.12.0", "1.12.14", "latest", "nightly", "1.12.14@sha256:" + "0" * 64])
def test_what_fits_or_says_no_version_is_not_warned_of(console: Console, server: RecordingServer, tag: str) -> None:
    console.configure(ingestionImage=f"a/ingestion-base:{tag}")
    assert "OpenMetadata is version" not in console("deploy", "-f", _nightly(console, server.url)).err


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/api", "http://openmetadata.invalid:8585/api", "http://[::1"])
def test_a_server_that_cannot_be_reached_from_here_is_no_matter(console: Console, address: str) -> None:
    console.configure(ingestionImage=OTHER)
    begun = time.monotonic()
    assert "OpenMetadata is version" not in console("deploy", "-f", _nightly(console, address)).err
    assert time.monotonic() - begun < 20


def _asked(server: RecordingServer) -> list[Recorded]:
    return [item for item in server.journal.since() if item.path.endswith("/system/version")]


def test_it_is_asked_once_without_the_token(console: Console, server: RecordingServer) -> None:
    console.configure(ingestionImage=OTHER)
    other = pipeline("b", SERVICE, openMetadataServerConnection=NIGHTLY["openMetadataServerConnection"])
    files = [_nightly(console, server.url), console.file("b.yaml", other)]
    console("deploy", *(word for file in files for word in ("-f", file)))
    (asked,) = _asked(server)
    assert asked.auth == {"present": False}


def test_a_dry_run_without_a_cluster_asks_nobody(console: Console, server: RecordingServer) -> None:
    console.configure(ingestionImage=OTHER)
    console("deploy", "--dry-run", "client", "-f", _nightly(console, server.url))
    assert _asked(server) == []


@pytest.mark.parametrize("words", [("list", "--from-server"), ("deploy", "--from-server", "--all")])
def test_commands_that_read_the_server_say_it(
    console: Console, server: RecordingServer, tmp_path: Path, words: tuple[str, ...]
) -> None:
    file = tmp_path / "token"
    file.write_text(token())
    console.configure(ingestionImage=OTHER)
    found = console(*words, "--server", server.url, "--server-token-file", str(file)).err
    assert f"OpenMetadata is version 1.12.14, and the ingestion image {OTHER} is made for 1.10" in found


def _failed(console: Console, words: dict[str, Any]) -> Any:
    console("deploy", "-f", console.nightly())
    job = console.started()
    pod = console.give_pod(job, exit_code=1)
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    state["message"] = json.dumps({"exitCode": 1, **words})
    console.cluster.set_status(Kind.POD, pod["metadata"]["name"], pod["status"])
    console.end(job, reason="BackoffLimitExceeded")
    return console("status", NAME, "-o", "json").json["lastRun"]["cause"]


@pytest.mark.parametrize("key", ["cause", "lastError"])
def test_it_is_the_cause_of_a_run_that_fails_by_it(console: Console, key: str) -> None:
    said = "Server version is 1.12.14 vs. Client version 1.10.3. Major and minor versions should match."
    cause = _failed(console, {"cause": "Exception", key: f"VersionMismatchException: {said}"})
    assert cause["code"] == "VersionMismatch"
    assert "1.10.3" in cause["summary"]
    assert "1.12.14" in cause["summary"]
    assert "ingestionImage" in cause["hint"]


def test_and_of_no_other(console: Console) -> None:
    assert _failed(console, {"cause": "ValueError: the driver's client version 3 is old"})["code"] == "ExitCode"
