"""What `doctor` sees of OpenMetadata from a pod, of the HTTP service, and how it tells people."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml

from tests.cluster.support.doctor import Doctor, Finding, doctor
from tests.cluster.support.healthy import Service
from tests.cluster.support.routes import await_route
from tests.cluster.support.space import until
from tests.images import manifests

__all__ = ["doctor"]


@pytest.fixture
def reached(doctor: Doctor, standin: str) -> str:
    """The address of an OpenMetadata in the namespace, which pods reach and this machine does not ask."""
    space = doctor.space
    items = manifests.recording_server(space.namespace, image=standin, name="recording-server")
    space.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(items))
    space.kubectl("wait", "--for=condition=Ready", "--timeout=120s", "pod/recording-server")
    address = f"{space.get('service', 'recording-server')['spec']['clusterIP']}:{manifests.SERVER_PORT}"
    if space.access.embedded:
        await_route(address)
    return f"http://{address}/api"


def test_a_pod_that_reaches_openmetadata(reached: str, doctor: Doctor, standin: str) -> None:
    doctor.configure(metadataApiEndpoint=reached, ingestionImage=standin)

    found = doctor("--probe")

    assert found["probe"]["level"] == "ok"
    assert reached in found["probe"]["message"]
    assert doctor.site.program("list", "-o", "json").json == []  # it is taken for no run
    until(lambda: not doctor.space.list("jobs") and len(doctor.space.list("pods")) == 1, "nothing is left of it")


def test_a_pod_that_does_not_reach_openmetadata(doctor: Doctor, standin: str) -> None:
    doctor.configure(metadataApiEndpoint="http://127.0.0.1:1/api", ingestionImage=standin)

    found = doctor("--probe", code=1)

    assert (found["probe"]["level"], found["probe"]["code"]) == ("problem", "PodsCannotReach")
    until(lambda: not doctor.space.list("jobs"), "nothing is left of it")


def test_a_probe_that_does_not_come_to_look(doctor: Doctor, standin: str) -> None:
    doctor.configure(ingestionImage=standin, nodeSelector={"disktype": "unobtainium"})

    found = doctor("--probe", "--probe-timeout", "3s", code=1)["probe"]

    assert found["code"] == "ProbeStuck"
    assert doctor.space.list("pods") == [] or until(lambda: not doctor.space.list("pods"), "its pod is gone")


@pytest.fixture
def service() -> Iterator[Service]:
    """What stands for the HTTP service: it knows one path and one password."""
    with Service() as found:
        yield found


def _asked(doctor: Doctor, url: str, monkeypatch: pytest.MonkeyPatch, password: str = Service.password) -> Finding:
    monkeypatch.setenv("K8S_PIPELINE_SERVICE_PASSWORD", password)
    return doctor("--service-url", url)["service"]


def test_a_service_that_is_well(doctor: Doctor, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _asked(doctor, service.url, monkeypatch)["level"] == "ok"


def test_a_service_with_another_password(doctor: Doctor, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _asked(doctor, service.url, monkeypatch, "a-password-of-old")

    assert found["code"] == "ServicePasswordRejected"
    assert "a-password-of-old" not in json.dumps(found)


def test_a_service_that_is_not_well(doctor: Doctor, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.reason = "it lacks permissions in its namespace"

    found = _asked(doctor, service.url, monkeypatch)

    assert found["code"] == "ServiceUnhealthy"
    assert service.reason in found["message"]


def test_a_service_that_is_not_there(doctor: Doctor, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _asked(doctor, "http://127.0.0.1:1", monkeypatch)["code"] == "ServiceUnreachable"
    assert _asked(doctor, f"{service.url}/elsewhere", monkeypatch)["code"] == "NotTheService"


def test_what_people_read(doctor: Doctor) -> None:
    doctor.configure(serviceAccountName="nobody")

    told = doctor.site("doctor", code=1).out

    lines = told.splitlines()
    (number,) = [number for number, line in enumerate(lines) if line.startswith("problem")]
    assert "nobody" in lines[number]
    assert "fix:" in lines[number + 1]
    assert "--probe" in told
    assert "1 problem" in lines[-1]
