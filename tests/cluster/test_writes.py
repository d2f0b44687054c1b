"""What a deploy leaves behind when it is refused, killed, or not alone."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.cli.files import read_pipelines
from k8s_pipeline_client.client import Pipelines
from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.ownership import fields_of, part
from k8s_pipeline_client.errors import UnreachableError
from k8s_pipeline_client.settings import Settings
from tests.cluster.support import faults
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.faults import FaultProxy, answer, killed_at
from tests.cluster.support.program import Program
from tests.cluster.support.space import Space

ENTITY_ID = "5b4a6f8e-0000-4000-8000-000000000001"
SECRET, CONFIG_MAP, CRONJOB = "/secrets/om-", "/configmaps/om-(?!launcher)", "/cronjobs/om-"


def _first() -> dict[str, Any]:
    return pipeline({"log": "first"}, schedule="@daily", id=ENTITY_ID)


def _second() -> dict[str, Any]:
    """The same pipeline, with everything about it changed."""
    changed = pipeline({"log": "second"}, schedule="@hourly", id=ENTITY_ID, enabled=False)
    return {**changed, "displayName": "another title"}


def _held(space: Space) -> list[dict[str, Any]]:
    """Return what the cluster holds of pipelines, without what only says when it was written."""
    found = []
    for kind in ("cronjobs", "secrets", "configmaps"):
        for item in space.list(kind, "k8s-pipeline/pipeline"):
            kept = copy.deepcopy(item)
            kept.pop("status", None)
            for key in ("managedFields", "resourceVersion", "generation"):
                kept["metadata"].pop(key, None)
            found.append(kept)
    return found


def _check_nothing_half_done(space: Space) -> None:
    """Nothing is unowned, and what could fire is complete."""
    cronjobs = {item["metadata"]["uid"]: item for item in space.list("cronjobs")}
    owned = [*space.list("secrets", "k8s-pipeline/pipeline"), *space.list("configmaps", "k8s-pipeline/pipeline")]
    for item in owned:
        assert item["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    for uid, cronjob in cronjobs.items():
        kinds = [item["kind"] for item in owned if item["metadata"]["ownerReferences"][0]["uid"] == uid]
        assert cronjob["spec"]["suspend"] or sorted(kinds) == ["ConfigMap", "Secret"]


@pytest.mark.parametrize(
    ("path", "nth"),
    [(SECRET, 1), (CONFIG_MAP, 1), (CRONJOB, 1), (CRONJOB, 2)],
    ids=["secret", "facts", "suspend", "cronjob"],
)
def test_a_refused_update_puts_back_what_was_there(faulty: Program, proxy: FaultProxy, path: str, nth: int) -> None:
    space = faulty.space
    name = faulty.deploy(_first(), service()).json[0]["resourceName"]
    space.kubectl("label", "cronjob,secret,configmap", name, "team=data")
    before = _held(space)
    proxy.fault(answer(403, message="the policy says no"), method="PATCH", path=path, nth=nth)

    refused = faulty.deploy(_second(), service(), code=1)

    assert "the policy says no" in refused.err
    assert _held(space) == before
    written_before = (path, nth) != (CONFIG_MAP, 1)  # the facts come first
    assert ("the previous version has been restored" in refused.err) is written_before
    proxy.mend()
    assert faulty.deploy(_first(), service()).json[0]["action"] == "unchanged"
    assert faulty.deploy(_second(), service()).json[0]["action"] == "updated"
    (cronjob,) = space.list("cronjobs")
    assert (cronjob["spec"]["schedule"], cronjob["spec"]["suspend"]) == ("@hourly", True)
    assert cronjob["metadata"]["labels"]["team"] == "data"


def test_where_nothing_can_be_put_back_it_is_said(faulty: Program, proxy: FaultProxy) -> None:
    faulty.deploy(_first(), service())
    proxy.fault(answer(403, message="no more CronJobs"), method="PATCH", path=CRONJOB)
    proxy.fault(answer(403, message="no more Secrets"), method="PATCH", path=SECRET, nth=2)

    refused = faulty.deploy(_second(), service(), code=1)

    assert "no more CronJobs" in refused.err
    assert "could not be restored either" in refused.err
    assert "no more Secrets" in refused.err
    assert "Secret om-" in refused.err
    proxy.mend()
    assert faulty.deploy(_second(), service()).json[0]["action"] == "updated"


@pytest.mark.parametrize(
    ("path", "nth"),
    [(CRONJOB, 1), (SECRET, 1), (CONFIG_MAP, 1), (CRONJOB, 2)],
    ids=["cronjob", "secret", "facts", "suspend"],
)
def test_a_refused_new_pipeline_is_removed_again(faulty: Program, proxy: FaultProxy, path: str, nth: int) -> None:
    proxy.fault(answer(403, message="the policy says no"), method="PATCH", path=path, nth=nth)

    refused = faulty.deploy(_first(), service(), code=1)

    assert "the policy says no" in refused.err
    assert ("the created objects have been deleted" in refused.err) is ((path, nth) != (CRONJOB, 1))
    assert _held(faulty.space) == []
    proxy.mend()
    assert faulty.deploy(_first(), service()).json[0]["action"] == "created"
    assert faulty("run", "nightly", "--wait", "-o", "json").json["state"] == "success"


def test_a_forced_update_that_is_refused_gives_the_other_manager_its_value_back(
    faulty: Program, proxy: FaultProxy
) -> None:
    name = faulty.deploy(_first(), service()).json[0]["resourceName"]
    faulty.space.kubectl(
        "patch", "cronjob", name, "--type=merge", "-p", '{"spec": {"schedule": "@weekly", "suspend": true}}'
    )
    before = _held(faulty.space)
    proxy.fault(answer(403), method="PATCH", path=CRONJOB, nth=2)

    path = faulty.file("p.yaml", _first(), service())
    faulty("deploy", "-f", path, "--force", code=1)

    assert _held(faulty.space) == before


def test_applying_what_we_own_changes_nothing(program: Program) -> None:
    program.configure(
        podAnnotations={"a": "b"},
        imagePullSecrets=["one", "two"],
        tolerations=[{"key": "a", "operator": "Exists"}],
        nodeSelector={"disk": "fast"},
        extraEnvVars={"A": "1", "B": "2"},
    )
    name = program.deploy(_first(), service()).json[0]["resourceName"]
    program.space.kubectl("label", "cronjob", name, "team=data")
    cluster = KubeCluster(connect(program.space.kubeconfig), program.space.namespace)
    for kind in (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP):
        found = cluster.get(kind, name)
        manifest = part(found, fields_of(found, MANAGER))
        again = cluster.apply(manifest, manager=MANAGER)
        assert again["metadata"]["resourceVersion"] == found["metadata"]["resourceVersion"]
        assert "team" not in manifest["metadata"]["labels"]


def test_a_new_deploy_that_is_killed_leaves_nothing_half_done_and_the_next_completes_it(
    faulty: Program, proxy: FaultProxy
) -> None:
    points = 0
    for write in range(1, 20):
        proxy.mend()
        entity = pipeline({"log": "x"}, name=f"p{write}", schedule="@daily")
        path = faulty.file(f"p{write}.yaml", entity, service())
        if not killed_at(faulty, proxy, write, "deploy", "-f", path):
            break
        points += 1
        _check_nothing_half_done(faulty.space)
        proxy.mend()
        assert faulty("deploy", "-f", path, "-o", "json").json[0]["action"] in ("created", "updated")
        cronjob = faulty.space.get("cronjob", faulty("status", f"p{write}", "-o", "json").json["resourceName"])
        assert cronjob["spec"]["suspend"] is False
        _check_nothing_half_done(faulty.space)
        assert faulty("deploy", "-f", path, "-o", "json").json[0]["action"] == "unchanged"
    assert points >= 4


def test_an_update_that_is_killed_leaves_nothing_half_done_and_the_next_completes_it(
    faulty: Program, proxy: FaultProxy
) -> None:
    wanted = faulty.file("second.yaml", _second(), service())
    points = 0
    for write in range(1, 20):
        proxy.mend()
        faulty.deploy(_first(), service())
        if not killed_at(faulty, proxy, write, "deploy", "-f", wanted):
            break
        points += 1
        _check_nothing_half_done(faulty.space)
        proxy.mend()
        faulty("deploy", "-f", wanted)
        (cronjob,) = faulty.space.list("cronjobs")
        assert (cronjob["spec"]["schedule"], cronjob["spec"]["suspend"]) == ("@hourly", True)
        assert faulty("deploy", "-f", wanted, "-o", "json").json[0]["action"] == "unchanged"
    assert points >= 4


def test_a_conflict_names_the_manager_and_the_field_and_nothing_is_overwritten(program: Program) -> None:
    name = program.deploy(_first(), service()).json[0]["resourceName"]
    program.space.kubectl(
        "patch", "cronjob", name, "--type=merge", "-p", '{"spec": {"schedule": "@weekly", "suspend": true}}'
    )
    before = _held(program.space)
    changed = pipeline({"log": "changed"}, schedule="@hourly", id=ENTITY_ID)

    refused = program.deploy(changed, service(), code=1)

    assert "kubectl-patch" in refused.err
    assert ".spec.schedule" in refused.err
    assert "--force" in refused.err
    assert _held(program.space) == before
    program("deploy", "-f", program.file("p.yaml", changed, service()), "--force")
    assert program.space.get("cronjob", name)["spec"]["schedule"] == "@hourly"


def test_what_others_added_stays(program: Program) -> None:
    name = program.deploy(_first(), service()).json[0]["resourceName"]
    program.space.kubectl("annotate", "cronjob,secret,configmap", name, "example.com/owner=data")
    selector = '{"spec": {"jobTemplate": {"spec": {"template": {"spec": {"nodeSelector": {"disk": "fast"}}}}}}}'
    program.space.kubectl("patch", "cronjob", name, "--type=merge", "-p", selector)

    program.deploy(_second(), service())

    for kind in ("cronjob", "secret", "configmap"):
        assert program.space.get(kind, name)["metadata"]["annotations"]["example.com/owner"] == "data"
    template = program.space.get("cronjob", name)["spec"]["jobTemplate"]["spec"]["template"]
    assert template["spec"]["nodeSelector"] == {"disk": "fast"}


def test_an_api_server_that_goes_away_leaves_nothing_half_done(
    program: Program, proxy: FaultProxy, tmp_path: Path
) -> None:
    (definition,) = read_pipelines([Path(program.file("p.yaml", _first(), service()))])
    namespace = program.space.namespace
    cluster = KubeCluster(connect(proxy.kubeconfig(tmp_path / "faulty")), namespace, total_timeout=1.0)
    client = Pipelines(cluster, Settings(namespace=namespace))
    away = proxy.fault(faults.reset_before, path=CONFIG_MAP, method="PATCH", times=None)

    with pytest.raises(UnreachableError, match="deploy again to complete it"):
        client.deploy(definition)

    assert away.hit.is_set()
    _check_nothing_half_done(program.space)
    proxy.mend()
    assert client.deploy(definition).action == "updated"
    assert program.space.list("cronjobs")[0]["spec"]["suspend"] is False
