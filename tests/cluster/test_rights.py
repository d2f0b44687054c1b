"""What the Role allows, and what of it is used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from k8s_pipeline_client.cluster.access import NEEDED, Operation, rules
from tests.cluster.local.paths import current
from tests.cluster.support.api import Api
from tests.cluster.support.audit import Request, requests_of
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.scenarios import SCENARIOS, Stage
from tests.cluster.support.site import Site
from tests.cluster.support.space import Space, until
from tests.rights import PAGE

ACCOUNT = "limited"
USUAL = {Operation.DEPLOY, Operation.RUN, Operation.STATUS, Operation.LOGS, Operation.KILL, Operation.DELETE}
"""What is asked with every `make test`; the others in CI."""


def test_every_operation_has_a_scenario() -> None:
    assert set(SCENARIOS) == set(NEEDED) == set(Operation)


@pytest.mark.slow
@pytest.mark.parametrize(
    "operation", [one if one in USUAL else pytest.param(one, marks=pytest.mark.thorough) for one in Operation]
)
def test_an_operation_uses_the_rights_that_it_is_declared_to_need_and_no_others(
    operation: Operation, site: Site, standin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = site.program
    if not admin.space.access.embedded:
        pytest.skip("the audit log of a cluster that is not ours cannot be read")
    limited = admin.within(admin.space.with_rights(ACCOUNT, rules(NEEDED[operation]), tmp_path))

    SCENARIOS[operation](Stage(admin, limited, site.seen_by(limited), standin, monkeypatch))

    assert {request.namespace for request in _requests(limited.space)} <= {admin.space.namespace, ""}
    used = {right for request in _requests(limited.space) for right in _rights(request)}
    assert {right for right in used if right not in NEEDED[operation]} == set(), "used and not declared"
    assert {right for right in NEEDED[operation] if right not in used} == set(), "declared and not used"


def test_the_smaller_roles_of_the_page_do_what_they_are_for_and_nothing_else(program: Program, tmp_path: Path) -> None:
    found = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    accounts = {
        role["metadata"]["name"]: program.within(
            program.space.with_rights(role["metadata"]["name"], role["rules"], tmp_path)
        )
        for role in map(yaml.safe_load, found)
    }
    reader, deployer, on_call = (accounts[f"k8s-pipeline-{name}"] for name in ("reader", "deployer", "on-call"))

    deployer.deploy(pipeline({"log": "a line"}), service())
    on_call("run", "nightly", "--wait")
    assert "a line" in reader("logs", "nightly").out
    assert reader("status", "nightly", "-o", "json").json["lastRun"]["state"] == "success"
    for refused in (
        reader("run", "nightly", code=1),
        deployer("logs", "nightly", code=1),
        on_call("delete", "nightly", code=1),
    ):
        assert "403" in refused.err
    assert len(program.space.list("cronjobs")) == 1
    assert len(program.space.list("jobs")) == 1


def _requests(space: Space) -> list[Request]:
    """Return all requests of the account, once the log has the last one."""
    Api(space.kubeconfig).request("GET", "/version", {"after": "all"})

    def logged() -> list[Request]:
        found = list(requests_of(f"system:serviceaccount:{space.namespace}:{ACCOUNT}", current().audit_log))
        return found if any("after=all" in request.uri for request in found) else []

    return until(logged, "the audit log has the last request")


def _rights(request: Request) -> Iterator[tuple[str, str]]:
    """Yield what a request has to be allowed."""
    if request.resource in ("", "namespaces", "selfsubjectaccessreviews", "selfsubjectreviews"):
        # Everybody may read the version, and ask who they are and what they may do; whether there is such a namespace
        # is asked for, and need not be said.
        return
    resource = f"{request.resource}/{request.subresource}" if request.subresource else request.resource
    yield request.verb, resource
    if request.verb == "patch" and request.code == 201:
        yield "create", resource  # a server-side apply of what was not there


def test_a_run_has_no_token_and_no_rights(program: Program) -> None:
    program.deploy(pipeline({"runChild": "ls /var/run/secrets/kubernetes.io 2>&1"}), service())

    program("run", "nightly", "--wait")

    assert "No such file or directory" in program("logs", "nightly").out
    run = f"system:serviceaccount:{program.space.namespace}:openmetadata-ingestion"
    rights = program.space.kubectl("auth", "can-i", "--list", "--as", run)
    assert "secrets" not in rights
    assert "pods" not in rights
