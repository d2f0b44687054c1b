"""After a backup of the cluster was restored: objects are as they were, but for their UIDs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import Space, until

KINDS = ("cronjobs", "secrets", "configmaps")
OURS = "k8s-pipeline/lookup-key"


@pytest.mark.parametrize("keeps_managers", [True, False], ids=["as Velero does", "without field managers"])
def test_a_redeploy_repairs_what_the_garbage_collector_took(program: Program, keeps_managers: bool) -> None:
    space = program.space
    definition = pipeline({"log": "after the restore"})
    program.deploy(definition, service())
    backup = [item for kind in KINDS for item in space.list(kind) if owned_or_owner(item)]
    program("delete", "nightly")
    restore(space, backup, keeps_managers=keeps_managers)
    until(lambda: not space.list("secrets", OURS), "the Secret, whose owner is not there, is collected")
    assert space.list("cronjobs")

    program.deploy(definition, service())

    program("run", "nightly", "--wait")
    assert "after the restore" in program("logs", "nightly").out
    (cronjob,) = space.list("cronjobs")
    for kind in ("secrets", "configmaps"):
        owners = [item["metadata"].get("ownerReferences", []) for item in space.list(kind, OURS)]
        assert all(owner["uid"] == cronjob["metadata"]["uid"] for found in owners for owner in found)
    # What was created by somebody else, and says so, is that one's: a change of it needs --force.
    definition["airflowConfig"]["scheduleInterval"] = "0 3 * * *"
    code = 0 if keeps_managers else 1
    program.deploy(definition, service(), code=code)
    program("deploy", "-f", program.file("forced.yaml", definition, service()), "--force")
    program.deploy(definition, service())


def owned_or_owner(item: dict[str, Any]) -> bool:
    """Return whether an object is the CronJob, or belongs to it."""
    return item["kind"] == "CronJob" or bool(item["metadata"].get("ownerReferences"))


def restore(space: Space, backup: list[dict[str, Any]], *, keeps_managers: bool) -> None:
    """Create what was there, as a backup program does."""
    for item in backup:
        metadata = item["metadata"]
        managers = {"metadata": {"managedFields": metadata.pop("managedFields")}}
        for key in ("uid", "resourceVersion", "creationTimestamp", "generation"):
            metadata.pop(key, None)
        item.pop("status", None)
        space.kubectl("create", "--field-manager=kubectl-patch", "-f", "-", given=json.dumps(item))
        # The others may be collected by now.
        if keeps_managers and item["kind"] == "CronJob":
            name = f"{item['kind']}/{metadata['name']}"
            space.kubectl("patch", name, "--type=merge", "--patch", json.dumps(managers))
