"""A namespace for one test."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.cluster.support.access import Access

ROOT = Path(__file__).parents[3]
PATIENCE = 90.0
LONGEST_PAUSE = 0.5

T = TypeVar("T")


@dataclass(frozen=True)
class Space:
    """A namespace, and a kubeconfig of the Role's account in it."""

    access: Access
    namespace: str
    kubeconfig: Path

    @classmethod
    def create(cls, access: Access, folder: Path, *, namespace: str | None = None) -> Space:
        """Make a namespace that enforces `restricted`, apply rbac/, and log the account in."""
        namespace = namespace or f"t-{secrets.token_hex(4)}"
        manifest = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": namespace,
                "labels": {"pod-security.kubernetes.io/enforce": "restricted", "k8s-pipeline-test": "true"},
            },
        }
        rights = _rbac(access).replace("openmetadata-pipelines", namespace)
        for item in (manifest, *json.loads(rights)):
            access.api.apply(item)
        until(lambda: _may_work(access, namespace), "the API server knows the account's rights")
        account = f"/api/v1/namespaces/{namespace}/serviceaccounts/k8s-pipeline/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
        token = access.api.request("POST", account, body=asked)["status"]["token"]
        return cls(access, namespace, _kubeconfig(access, folder / "kubeconfig", token))

    @classmethod
    @contextmanager
    def open(cls, access: Access, folder: Path) -> Iterator[Space]:
        """Make a namespace as `create` does, and have it deleted at the end of the block."""
        space = cls.create(access, folder)
        try:
            yield space
        finally:
            space.remove()

    def remove(self) -> None:
        """Have the namespace deleted; nobody waits for it."""
        self.access.api.request("DELETE", f"/api/v1/namespaces/{self.namespace}")

    def kubectl(self, *words: str, given: str | None = None) -> str:
        """Run kubectl as administrator in this namespace."""
        return self.access.run("-n", self.namespace, *words, given=given)

    def list(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """Return the objects of a kind, oldest first."""
        found = self.access.api.list(self.namespace, kind, selector)
        return sorted(found, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """Return one object."""
        return self.access.api.get(self.namespace, kind, name)


def until(look: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """Look again and again until there is something, and return it."""
    end, pause = time.monotonic() + patience, 0.1
    while not (found := look()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience:.0f} s: {what}")
        time.sleep(pause)
        # What takes long is looked at less often: all that wait share the processor with what they wait for.
        pause = min(pause * 1.2, LONGEST_PAUSE)
    return found


def _may_work(access: Access, namespace: str) -> bool:
    """Return whether the API server, which hears of new rights a little later, knows those of the account."""
    asked = {
        "user": f"system:serviceaccount:{namespace}:k8s-pipeline",
        "resourceAttributes": {"namespace": namespace, "group": "batch", "resource": "cronjobs", "verb": "get"},
    }
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": asked}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(access.api.request("POST", path, body=review)["status"]["allowed"])


@cache
def _rbac(access: Access) -> str:
    # As JSON, which is parsed in no time: each test has its own.
    return json.dumps(list(yaml.safe_load_all(access.run("kustomize", str(ROOT / "rbac")))))


@cache
def _own_kubeconfig(access: Access) -> str:
    return access.run("config", "view", "--raw", "--minify", "--flatten", "-o", "json")


def _kubeconfig(access: Access, path: Path, token: str) -> Path:
    """Write the administrator's kubeconfig with the account's token in place of its own credentials."""
    config = json.loads(_own_kubeconfig(access))
    config["users"] = [{"name": "role", "user": {"token": token}}]
    for context in config["contexts"]:
        context["context"]["user"] = "role"
    path.write_text(yaml.safe_dump(config))
    return path
