"""What the demo plays on: cluster, images, namespace, a database, a server that records."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from tests.cluster.local.paths import cache_folder
from tests.cluster.support.access import Access
from tests.cluster.support.prepare import OF_A_STORY, prepare
from tests.cluster.support.shop import SERVER_NAME, TOKEN, Shop
from tests.cluster.support.space import Space
from tests.demo.speech import say
from tests.images import manifests

NAMESPACE = "k8s-pipeline-demo"
RUNS: Mapping[str, Any] = MappingProxyType(
    {
        # A failure is seen at once.
        "backoffLimit": 0,
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"cpu": "2", "memory": "1Gi"},
        },
    }
)
"""Settings with which the real ingestion reads the shop on a small node."""


@dataclass(frozen=True)
class Stage:
    """Where the demo plays.

    Attributes:
        folder: Definitions, settings and kubeconfig; all that the commands name.
    """

    access: Access
    shop: Shop
    folder: Path

    @contextmanager
    def reachable_server(self) -> Iterator[Mapping[str, str]]:
        """Yield the variables with which a program on this machine reaches the recording server.

        The pods' own way leads there on the node of our cluster; from elsewhere a port is forwarded.
        """
        if self.access.embedded:
            yield {}
            return
        words = ["--kubeconfig", str(self.access.kubeconfig), "-n", NAMESPACE, "port-forward"]
        target = [f"service/{SERVER_NAME}", f":{manifests.SERVER_PORT}"]
        forward = subprocess.Popen([self.access.kubectl, *words, *target], stdout=subprocess.PIPE, text=True)
        try:
            line = forward.stdout.readline() if forward.stdout else ""  # Forwarding from 127.0.0.1:40001 -> 8585
            port = line.partition(" -> ")[0].rpartition(":")[2]
            yield {"SERVER_HOST_API_URL": f"http://127.0.0.1:{port}/api", "OPENMETADATA_JWT_TOKEN": TOKEN}
        finally:
            forward.terminate()
            forward.communicate()


def set_up() -> Stage:
    """Have everything that the demo needs, made or found."""
    say("A Kubernetes to run on, and three images (the first time: binaries are built, packages fetched).")
    access, images = prepare(OF_A_STORY, with_helm=False)
    folder = cache_folder() / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    say("A namespace that enforces the `restricted` standard, with the rights of rbac/ and nothing more.")
    access.run("delete", "namespace", NAMESPACE, "--ignore-not-found")
    space = Space.create(access, folder, namespace=NAMESPACE)
    say("A real PostgreSQL with a small shop, and a stand-in for OpenMetadata that records what arrives.")
    shop = Shop.open(access, space.namespace, database_image=images["postgres"], server_image=images["standin"])
    _write(folder, shop, images["ingestion"])
    return Stage(access, shop, folder)


def _write(folder: Path, shop: Shop, image: str) -> None:
    settings: dict[str, Any] = {"namespace": NAMESPACE, "ingestionImage": image, **RUNS}
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    (folder / "shop_metadata.json").write_text(json.dumps(shop.pipeline(), indent=2))
    (folder / "shop.json").write_text(json.dumps(shop.service(), indent=2))
    (folder / "wrong_password.yaml").write_text(yaml.safe_dump(shop.workflow_with_a_wrong_password(), sort_keys=False))
