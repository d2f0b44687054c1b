"""Where rbac/ was not applied, the first refusal says what to apply, and what lists all that is missing."""

from __future__ import annotations

import json

import pytest

from k8s_pipeline_client.cluster.translate import api_error
from tests.fakes import Request
from tests.unit.console import NAME, Console, console

__all__ = ["console"]


@pytest.mark.parametrize("command", ["deploy", "run", "run -f", "list", "status", "logs", "diagnose", "kill", "delete"])
def test_whoever_has_no_rights_is_told_what_to_apply(command: str, console: Console) -> None:
    namespace = console.cluster.namespace
    said = (
        f'cronjobs.batch is forbidden: User "system:serviceaccount:{namespace}:k8s-pipeline" cannot list resource '
        f'"cronjobs" in API group "batch" in the namespace "{namespace}"'
    )

    def refuse(_: Request) -> None:
        body = json.dumps({"message": said, "reason": "Forbidden"}).encode()
        raise api_error(403, body, action="list CronJobs", namespace=namespace)

    console.cluster.before(refuse)
    files = {"deploy": ["-f", console.nightly()], "run -f": [console.nightly()], "list": []}
    words = [*command.split(), *files.get(command, [NAME])]

    err = console(*words, code=1).err

    assert f"apply the Role in rbac/ to namespace {namespace} (kubectl apply -k rbac/" in err
    assert "; what else is missing: k8s-pipeline doctor" in err
