"""A namespace for one test."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.cluster.support.access import Access

ROOT = Path(__file__).parents[3]
TOTAL_TIMEOUT = 90.0
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
        rights = _rbac(access).replace("openmetadata-pipelines", namespace)
        for item in (restricted(namespace), *json.loads(rights)):
            access.api.apply(item)
        right = {"group": "batch", "resource": "cronjobs", "verb": "get"}
        until(lambda: _may(access, namespace, "k8s-pipeline", right), "the API server knows the account's rights")
        return cls(access, namespace, _logged_in(access, namespace, "k8s-pipeline", folder / "kubeconfig"))

    @classmethod
    @contextmanager
    def open(cls, access: Access, folder: Path) -> Iterator[Space]:
        """Make a namespace as `create` does, and have it deleted at the end of the block."""
        space = cls.create(access, folder)
        try:
            yield space
        finally:
            space.remove()

    def with_rights(self, account: str, rules: Sequence[Mapping[str, Any]], folder: Path) -> Space:
        """Return the same namespace as an account sees it that is new and is allowed what the rules say."""
        metadata = {"name": account, "namespace": self.namespace}
        rbac = "rbac.authorization.k8s.io"
        role = {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata, "rules": rules}
        binding = {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", **metadata}],
        }
        for item in ({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}, role, binding):
            self.access.api.apply(item)
        known = [
            {"group": group, "resource": resource.partition("/")[0], "subresource": resource.partition("/")[2]}
            | {"verb": rule["verbs"][0]}
            for rule in rules
            for group in rule["apiGroups"]
            for resource in rule["resources"]
        ]
        until(
            lambda: all(_may(self.access, self.namespace, account, right) for right in known),
            "the API server knows the account's rights",
        )
        own = folder / account
        own.mkdir()
        return replace(self, kubeconfig=_logged_in(self.access, self.namespace, account, own / "kubeconfig"))

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


def restricted(namespace: str) -> dict[str, Any]:
    """Return the manifest of a namespace that enforces the `restricted` Pod Security Standard."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted", "k8s-pipeline-test": "true"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}


def until(look: Callable[[], T], what: str, total_timeout: float = TOTAL_TIMEOUT) -> T:
    """Look again and again until there is something, and return it."""
    end, pause = time.monotonic() + total_timeout, 0.1
    while not (found := look()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {total_timeout:.0f} s: {what}")
        time.sleep(pause)
        # What takes long is looked at less often: all that wait share the processor with what they wait for.
        pause = min(pause * 1.2, LONGEST_PAUSE)
    return found


def _may(access: Access, namespace: str, account: str, right: Mapping[str, str]) -> bool:
    """Return whether the API server, which hears of new rights a little later, knows one of the account's."""
    asked = {
        "user": f"system:serviceaccount:{namespace}:{account}",
        "resourceAttributes": {"namespace": namespace, **right},
    }
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": asked}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(access.api.request("POST", path, body=review)["status"]["allowed"])


def _logged_in(access: Access, namespace: str, account: str, path: Path) -> Path:
    """Write a kubeconfig of the account, and return where it stands."""
    place = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
    return _kubeconfig(access, path, access.api.request("POST", place, body=asked)["status"]["token"])


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
