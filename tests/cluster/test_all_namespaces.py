"""-A on a real cluster: with the right to list cluster-wide, and without."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.cluster.support.access import Access
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program, Result, call
from tests.cluster.support.schema import check_output
from tests.cluster.support.space import ROOT, Space, until

ACCOUNT = "k8s-pipeline"
LISTS = ("/apis/batch/v1/cronjobs", "/apis/batch/v1/jobs", "/api/v1/pods")


@pytest.fixture
def other(access: Access, standin: str, tmp_path: Path) -> Iterator[Program]:
    """The program in another namespace."""
    folder = tmp_path / "other"
    folder.mkdir()
    with Space.open(access, folder) as space:
        yield Program(space, image=standin, folder=folder)


def _everywhere(program: Program, *words: str, code: int = 0) -> Result:
    place = ["--config", str(program.settings_file), "--kubeconfig", str(program.space.kubeconfig)]
    result = call([*place, *words])
    assert result.code == code, result
    if not code:
        check_output(words, result.out)
    return result


def test_the_pipelines_of_all_namespaces(program: Program, other: Program, caplog: pytest.LogCaptureFixture) -> None:
    definitions = pipeline(), service()
    for each in (program, other):
        each.deploy(*definitions)
    program("run", "nightly", "--wait")
    refused = _everywhere(program, "list", "-A", code=1).err
    assert "all namespaces" in refused
    assert 'cannot list resource "cronjobs"' in refused
    assert "rbac/all-namespaces.yaml" in refused

    with _bound(program.space):
        found = {item["namespace"]: item for item in _everywhere(program, "list", "-A", "-o", "json").json}
        assert found[program.space.namespace]["lastRun"]["state"] == "success"
        assert found[other.space.namespace]["lastRun"] is None
        caplog.clear()
        with caplog.at_level(logging.DEBUG):
            _everywhere(program, "list", "-A")
        logged = [text for record in caplog.records if (text := record.getMessage()).startswith("GET /")]
        # One list of each kind, if there are not more objects than a page holds.
        lists = [text.partition("?")[0] for text in logged if "/events?" not in text and "continue=" not in text]
        assert lists == [f"GET {path}" for path in LISTS]
        runs = _everywhere(program, "runs", "-A", "-o", "json").json
        assert program.space.namespace in {run["namespace"] for run in runs}
        assert other.space.namespace not in {run["namespace"] for run in runs}
        assert "secrets" in _everywhere(program, "tokens", "-A", code=1).err


@contextmanager
def _bound(space: Space) -> Iterator[None]:
    """Bind the ClusterRole of rbac/ to the account, until the block ends."""
    name = f"k8s-pipeline-{space.namespace}"
    role = {**yaml.safe_load((ROOT / "rbac/all-namespaces.yaml").read_text()), "metadata": {"name": name}}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": space.namespace}],
    }
    for item in (role, binding):
        space.access.run("apply", "-f", "-", given=json.dumps(item))
    try:
        until(lambda: _may_list(space), "the API server knows the account's rights")
        yield
    finally:
        for kind in ("clusterrolebinding", "clusterrole"):
            space.access.run("delete", kind, name)


def _may_list(space: Space) -> bool:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": f"system:serviceaccount:{space.namespace}:{ACCOUNT}",
            "resourceAttributes": {"verb": "list", "resource": "events"},
        },
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(space.access.api.request("POST", path, body=review)["status"]["allowed"])
