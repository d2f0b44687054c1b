"""New settings are in force once the service has started with them, and what they do not change is not written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.support.faults import FaultProxy
from tests.cluster.support.program import Program
from tests.cluster.support.serving import Service, posted
from tests.cluster.support.space import Space, until
from tests.images.recording import RecordingServer

ANNOTATION = "example.com/owner"


@pytest.fixture
def service(faulty: Program, tmp_path: Path, openmetadata: RecordingServer) -> Service:
    """A service, not started, between which and the API server there is the proxy."""
    return Service(faulty, tmp_path, openmetadata=openmetadata.url, options=["--no-reporter"])


def owners(space: Space) -> dict[str, str | None]:
    """Return what the settings say of the pods of each pipeline."""
    found = {}
    for cronjob in space.list("cronjobs"):
        metadata = cronjob["spec"]["jobTemplate"]["spec"]["template"]["metadata"]
        found[cronjob["metadata"]["annotations"]["k8s-pipeline/name"]] = metadata.get("annotations", {}).get(ANNOTATION)
    return found


def versions(space: Space, name: str) -> dict[str, str]:
    """Return the versions of all that a pipeline has."""
    return {
        f"{kind}/{item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for kind in ("cronjobs", "configmaps", "secrets")
        for item in space.list(kind)
        if item["metadata"].get("annotations", {}).get("k8s-pipeline/name") == name
    }


def test_new_settings_are_in_force_after_a_restart_and_what_they_do_not_change_is_left_alone(
    service: Service, faulty: Program, space: Space, proxy: FaultProxy
) -> None:
    names = ("one", "two", "untouched")
    with service.running():
        for name in names:
            service.connected().deploy(posted({"log": "x"}, name=name, schedule="0 3 1 1 *"))
    service_before = {name: versions(space, name) for name in names}
    assert owners(space) == dict.fromkeys(names)

    override: dict[str, Any] = {"match": {"name": ["one", "two"]}, "settings": {"podAnnotations": {ANNOTATION: "data"}}}
    faulty.configure(overrides=[override])
    proxy.mend()
    with service.running():
        until(lambda: owners(space) == {"one": "data", "two": "data", "untouched": None}, "two are rendered again")
        until(lambda: "refreshed 2, unchanged 1" in service.log(), "it says so")

    assert versions(space, "untouched") == service_before["untouched"]
    (untouched,) = [key.partition("/")[2] for key in service_before["untouched"] if key.startswith("cronjobs/")]
    assert [each for each in proxy.requests if each.is_write and untouched in each.path] == []
    assert all(versions(space, name) != service_before[name] for name in ("one", "two"))
    assert [item["spec"]["suspend"] for item in space.list("cronjobs")] == [False] * 3

    proxy.mend()
    with service.running():
        until(lambda: "refreshed 0, unchanged 3" in service.log(), "all is compared")
    assert [(each.method, each.path) for each in proxy.requests if each.is_write] == []


def test_with_no_refresh_they_stay_as_they_were_deployed(
    program: Program, tmp_path: Path, openmetadata: RecordingServer, space: Space
) -> None:
    options = ["--no-reporter", "--no-refresh"]
    service = Service(program, tmp_path, openmetadata=openmetadata.url, options=options)
    with service.running():
        service.connected().deploy(posted({"log": "x"}, name="one"))
    program.configure(podAnnotations={ANNOTATION: "data"})
    with service.running():
        assert service.connected().health().status == 200
    assert owners(space) == {"one": None}
    assert "rendered again" not in service.log()
