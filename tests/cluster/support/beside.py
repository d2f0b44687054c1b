"""An OpenMetadata server beside our service: the stand-in, what the service needs, and what is asked of it."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from k8s_pipeline_client.cluster.access import Rights
from tests.cluster.local.paths import current
from tests.cluster.support.audit import requests_of
from tests.cluster.support.definitions import pipeline
from tests.cluster.support.forward import forwarded
from tests.cluster.support.program import QUICK
from tests.cluster.support.space import Space, until
from tests.images import manifests
from tests.manifests import MANIFESTS
from tests.openmetadata import service, token
from tests.service.javaclient import ROOTS, JavaClient

USERNAME, PASSWORD = "openmetadata", "a-password-of-tests"
VERSION = "1.12.14"
SERVER = "recording-server"
SHOP = service("shop")
NIGHTLY_ID = "5d2f6a10-7f0e-4c35-9d3f-5a0f2f1c7b11"
COMPONENTS = ("two-replicas", "tls", "watch", "reporter-apart")


@dataclass(frozen=True)
class Beside:
    """A namespace with the stand-in, and the Secret that the service logs its clients in by.

    Attributes:
        space: The namespace.
        server: The address of OpenMetadata's API, as pods see it.
        image: That of this program.
        ingestion: That of the runs.
    """

    space: Space
    server: str
    image: str
    ingestion: str

    @classmethod
    def open(cls, space: Space, *, image: str, standin: str) -> Beside:
        """Start the stand-in, and wait until it is ready."""
        nightly = pipeline(name="nightly", service_name="shop", id=NIGHTLY_ID)
        entities = {"services/databaseServices": [SHOP], "services/ingestionPipelines": [nightly]}
        login = {"username": USERNAME, "password": PASSWORD}
        items = [
            *manifests.recording_server(space.namespace, image=standin, name=SERVER, seed={"entities": entities}),
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k8s-pipeline-login"}, "stringData": login},
        ]
        space.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(items))
        space.kubectl("wait", "--for=condition=Ready", "--timeout=120s", f"pod/{SERVER}")
        address = space.get("service", SERVER)["spec"]["clusterIP"]
        return cls(space, f"http://{address}:{manifests.SERVER_PORT}/api", image, standin)

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return settings for quick runs of the stand-in."""
        return {**QUICK, "metadataApiEndpoint": self.server, "ingestionImage": self.ingestion, **more}

    def nightly(self, *steps: dict[str, Any]) -> dict[str, Any]:
        """Return the pipeline as OpenMetadata posts it."""
        found = pipeline(*steps, name="nightly", service_name="shop", server=self.server, id=NIGHTLY_ID)
        found["openMetadataServerConnection"]["securityConfig"]["jwtToken"] = token()
        return found

    def rows(self) -> dict[str, str]:
        """Return the states that OpenMetadata has of the pipeline's runs, by their ids."""
        found = self.space.access.api.request("GET", f"{self._proxy()}/_recorded/statuses")
        return {run: rows[-1]["pipelineState"] for run, rows in found.get("shop.nightly", {}).items()}

    def forget(self) -> None:
        """Have OpenMetadata lose the pipeline for good."""
        # Not by the API server's proxy, which lets no login through.
        with forwarded(self.space, f"service/{SERVER}", manifests.SERVER_PORT) as port:
            place = f"http://127.0.0.1:{port}/api/v1/services/ingestionPipelines/{NIGHTLY_ID}?hardDelete=true"
            httpx.delete(place, headers={"Authorization": f"Bearer {token()}"}).raise_for_status()

    def _proxy(self) -> str:
        return f"/api/v1/namespaces/{self.space.namespace}/services/{SERVER}:{manifests.SERVER_PORT}/proxy"

    def kustomization(self, folder: Path) -> Path:
        """Write what a user would write on top of service and reporter: other images, settings, and all components."""
        folder.mkdir()
        base = os.path.relpath(MANIFESTS, folder.resolve())
        name, _, tag = self.image.rpartition(":")
        (folder / "settings.yaml").write_text(yaml.safe_dump(self.settings()))
        generators = [
            {"name": f"k8s-pipeline-{part}-settings", "behavior": "merge", "files": ["settings.yaml"]}
            for part in ("service", "reporter")
        ]
        whole = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": self.space.namespace,
            "resources": [f"{base}/service", f"{base}/reporter"],
            "components": [f"{base}/components/{part}" for part in COMPONENTS],
            "images": [{"name": "k8s-pipeline-client", "newName": name, "newTag": tag}],
            "configMapGenerator": generators,
            "patches": [{"target": {"kind": "Deployment", "name": "k8s-pipeline-service"}, "patch": _VERSION_PATCH}],
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole))
        return folder

    def values(self, **more: Any) -> dict[str, Any]:
        """Return values for the chart."""
        name, _, tag = self.image.rpartition(":")
        return {
            "image": {"repository": name, "tag": tag},
            "settings": self.settings(),
            "service": {"openmetadataVersion": VERSION},
            **more,
        }

    @contextmanager
    def client(
        self, target: str, *, password: str = PASSWORD, tls: ssl.SSLContext | None = None
    ) -> Iterator[JavaClient]:
        """Yield a client of the service that does what OpenMetadata's server does."""
        with forwarded(self.space, target, 8080) as port:
            yield JavaClient(f"{'https' if tls else 'http'}://127.0.0.1:{port}", USERNAME, password, tls=tls)

    @contextmanager
    def asked_all_the_time(self, name: str) -> Iterator[list[int | str]]:
        """Ask a Service whether it is alive, over a new connection each time; yield the statuses, or what went wrong.

        Only the nodes of a cluster reach it by its address, so on one that is not ours it is not asked.
        """
        found: list[int | str] = []
        if not self.space.access.embedded:
            yield [200]
            return
        address = self.space.get("service", name)["spec"]["clusterIP"]
        client = JavaClient(f"http://{address}:8080", USERNAME, PASSWORD)
        end = threading.Event()

        def ask() -> None:
            while not end.wait(0.05):
                try:
                    found.append(client.send("GET", f"{ROOTS[0]}/health", timeout=10.0).status)
                except OSError as error:
                    found.append(str(error))

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            yield found
        finally:
            end.set()
            asking.join()

    def used(self, account: str) -> set[tuple[str, str]]:
        """Return verbs and resources that an account has asked for, by the API server's audit log."""
        name = f"system:serviceaccount:{self.space.namespace}:{account}"
        found = set()
        for request in requests_of(name, current().audit_log):
            resource = f"{request.resource}/{request.subresource}" if request.subresource else request.resource
            if request.namespace == self.space.namespace and request.code != 403:
                found.add((request.verb, resource))
        return found


# The tag of the stand-in's image does not tell which OpenMetadata it is of.
_VERSION_PATCH = f"""\
- op: add
  path: /spec/template/spec/containers/0/args/-
  value: --openmetadata-version={VERSION}
"""


def within(used: set[tuple[str, str]], rights: Rights) -> bool:
    """Return whether what was used is granted."""
    return used <= {(right.verb.value, right.resource.value) for right in rights}


def walk(beside: Beside, client: JavaClient) -> str:
    """Have the server deploy, run and read a pipeline, and return the id of its run; its end is waited for."""
    space = beside.space
    assert client.health().status == 200
    client.deploy(beside.nightly({"log": "a line of the run"}))
    run = client.trigger("nightly")
    assert run is not None

    def ended() -> bool:
        jobs = space.list("jobs", f"app.kubernetes.io/run-id={run}")
        return any(condition["type"] == "Complete" for condition in jobs[0]["status"].get("conditions", []))

    until(ended, "the run is complete")
    assert "a line of the run" in client.all_logs("nightly")
    return run
