"""What stands ready before a page of the documentation is followed: files, an OpenMetadata server, pipelines."""

from __future__ import annotations

import json
import socket
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from tests.cluster.local.helm import ensure_helm
from tests.cluster.support.definitions import pipeline as defined
from tests.cluster.support.definitions import service as defined_service
from tests.cluster.support.program import QUICK
from tests.cluster.support.site import DATABASES, PIPELINES
from tests.cluster.support.space import ROOT, Space
from tests.cluster.support.walk import Walk
from tests.images.recording import RecordingServer
from tests.openmetadata import pipeline, service, token
from tests.pages.fates import HOW_TO

_IMAGE = "docker.getcollate.io/openmetadata/ingestion-base:1.12.14"
_FEW = "{limits: {memory: 256Mi, cpu: '1'}, requests: {memory: 32Mi, cpu: 10m}}"


@dataclass
class Scene:
    """A namespace, an OpenMetadata server, and somebody who reads a page.

    Attributes:
        before: What the reader's shell has done before.
        background: Commands that do not end by themselves, and what succeeds once they are ready.
    """

    walk: Walk
    space: Space
    server: RecordingServer
    image: str
    before: str = ""
    background: tuple[tuple[str, str], ...] = ()

    def settle(self, **more: Any) -> None:
        """Write settings that lead to the server."""
        address = {"metadataApiEndpoint": self.server.url, "serverTokenFile": "bot.jwt"}
        place = {"namespace": self.space.namespace, "ingestionImage": self.image}
        self.walk.write("settings.yaml", yaml.safe_dump({**QUICK, **place, **address, **more}))
        self.before += "export K8S_PIPELINE_CONFIG=settings.yaml\n"

    def seed(self, *fqns: tuple[str, str]) -> None:
        """Have the server have pipelines, by service and name."""
        services = {name: service(name) for name, _ in fqns}
        entities = {DATABASES: list(services.values()), PIPELINES: [pipeline(name, services[of]) for of, name in fqns]}
        self.server.control.seed({"entities": entities})

    def define(self, name: str, of: str = "pg_prod", folder: str = "pipelines", **fields: Any) -> None:
        """Write the files of a pipeline and its service."""
        self.walk.write(
            f"{folder}/{name}.json", json.dumps(defined({"log": "x"}, name=name, service_name=of, **fields))
        )
        self.walk.write(f"{folder}/{of}.json", json.dumps(defined_service(of)))


def scene(space: Space, server: RecordingServer, image: str, folder: Path) -> Scene:
    """Return a scene in which the names of the pages stand for what is here."""
    instead = {
        "openmetadata-pipelines": space.namespace,
        _IMAGE: image,
        "https://openmetadata.example.com": server.url.removesuffix("/api"),
        "{limits: {memory: 2Gi}}": _FEW,
    }
    walk = Walk(folder, kubectl=space.access.kubectl, kubeconfig=space.kubeconfig, instead=instead)
    walk.write("bot.jwt", token())
    # The namespace of a context that the reader has chosen.
    walk.environment["K8S_NAMESPACE"] = space.namespace
    return Scene(walk, space, server, image)


def _beside(scene: Scene) -> None:
    other = f"{scene.space.namespace}-om"
    # The server would deploy something, and has a namespace of its own.
    created = "kubectl create namespace openmetadata-pipelines"
    deployed = f"kubectl create namespace {scene.space.namespace}; k8s-pipeline deploy -f pipelines/"
    scene.walk.instead |= {"-n openmetadata ": f"-n {other} ", created: deployed}
    scene.walk.offer("helm", ensure_helm())
    scene.walk.copy(ROOT / "manifests")
    scene.walk.copy(ROOT / "rbac")
    scene.settle()
    scene.define("nightly", schedule="@daily")
    scene.before += f"kubectl create namespace {other}\ntrap 'kubectl delete namespace {other} --wait=false' EXIT\n"


def _first_pipeline(scene: Scene) -> None:
    scene.walk.copy(ROOT / "rbac")
    scene.seed(("shop", "nightly"))
    del scene.walk.environment["K8S_NAMESPACE"]


def _from_server(scene: Scene) -> None:
    scene.settle()
    scene.seed(("shop", "nightly"), ("my.shop", "nightly"))


def _gitops(scene: Scene) -> None:
    scene.settle()
    scene.define("nightly", schedule="@daily")
    scene.before += f"kubectl config set-context --current --namespace={scene.space.namespace}\n"


def _install(scene: Scene) -> None:
    walk = scene.walk
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        walk.write(name, (ROOT / name).read_text())
    walk.copy(ROOT / "k8s_pipeline_client")
    # Nothing is fetched: what builds it, and what it needs, are those of the tests.
    packages = sysconfig.get_path("purelib")
    walk.environment |= {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    walk.environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONPATH": packages, "PIP_ROOT_USER_ACTION": "ignore"}
    scene.before += 'mkdir -p zsh; fpath=("" "$HOME/zsh")\npip() { ~/.venvs/k8s-pipeline/bin/pip "$@"; }\n'


def _migrate(scene: Scene) -> None:
    scene.settle()
    scene.seed(("shop", "nightly"))


def _pod_settings(scene: Scene) -> None:
    scene.define("daily", of="warehouse", pipelineType="profiler")
    scene.walk.write("ca.crt", "a certificate")
    scene.before += f"kubectl config set-context --current --namespace={scene.space.namespace}\n"


def _report_runs(scene: Scene) -> None:
    scene.settle()
    scene.define("nightly", schedule="@daily")
    scene.before += "k8s-pipeline deploy -f pipelines/\n"


def _rotate(scene: Scene) -> None:
    scene.settle()
    scene.walk.write("token.txt", token())
    scene.define("nightly", schedule="@daily")
    scene.before += "k8s-pipeline deploy -f pipelines/\n"


def _run_from_ci(scene: Scene) -> None:
    scene.settle()
    scene.define("nightly")
    scene.before += "k8s-pipeline deploy -f pipelines/\n"


def _secrets(scene: Scene) -> None:
    scene.settle(envFrom=[{"secretRef": {"name": "shop-db"}}])
    scene.walk.environment["DB_PASSWORD"] = "a-password-of-tests"


def _serve(scene: Scene) -> None:
    scene.settle()
    scene.walk.write("login/username", "admin\n")
    scene.walk.write("login/password", "a-password-of-tests\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    scene.walk.instead |= {"serve --config": f"serve --host 127.0.0.1 --port {port} --config", ":8080": f":{port}"}
    # A verdict is given within a second, which a busy machine may not have: that one is good for three.
    scene.walk.write(".curlrc", "retry = 10\nretry-delay = 4\n")
    ready = "curl -fs --retry 0 http://localhost:8080/api/v2/openmetadata/health"
    scene.background = (("k8s-pipeline serve", ready),)


def _servers_configuration(scene: Scene) -> None:
    data = ROOT / "tests/data/settings"
    scene.walk.write("conf/openmetadata.yaml", (data / "openmetadata.yaml").read_text())
    scene.walk.write("values.yaml", (data / "values.yaml").read_text())
    scene.walk.write("runs.yaml", "doNotDisrupt: true\n")
    scene.walk.instead |= {"-n openmetadata ": f"-n {scene.space.namespace} "}
    scene.define("nightly")


STAGES: Mapping[str, Callable[[Scene], None]] = MappingProxyType(
    {
        f"{HOW_TO}/{name}.md": stage
        for name, stage in {
            "beside-openmetadata": _beside,
            "first-pipeline": _first_pipeline,
            "from-server": _from_server,
            "gitops": _gitops,
            "install": _install,
            "migrate": _migrate,
            "pod-settings": _pod_settings,
            "report-runs": _report_runs,
            "rotate-the-token": _rotate,
            "run-from-ci": _run_from_ci,
            "secrets-in-git": _secrets,
            "serve": _serve,
            "use-the-servers-configuration": _servers_configuration,
        }.items()
    }
)
"""By page: what stands ready before its commands are typed."""
