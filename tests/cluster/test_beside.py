"""Service and reporter as pods in a namespace that enforces `restricted`, put there by kubectl and by helm."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import yaml

from k8s_pipeline_client.cluster.access import GRANTED, Operation, needed_by
from tests.cluster.support.authority import server_certificate
from tests.cluster.support.beside import Beside, walk, within
from tests.cluster.support.helm import CHART, Helm
from tests.cluster.support.space import Space, until
from tests.service.javaclient import ROOTS

pytestmark = pytest.mark.slow


@pytest.fixture
def beside(space: Space, own_image: str, standin: str) -> Beside:
    return Beside.open(space, image=own_image, standin=standin)


def test_kustomize_puts_both_beside_a_server(beside: Beside, tmp_path: Path) -> None:
    space = beside.space
    certificate, key = server_certificate("127.0.0.1")
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "k8s-pipeline-tls"},
        "stringData": {"tls.crt": certificate, "tls.key": key},
    }
    space.kubectl("apply", "-f", "-", given=yaml.safe_dump(secret))

    space.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(beside.kustomization(tmp_path / "mine")))

    for name in ("service", "reporter"):
        space.kubectl("rollout", "status", "--timeout=150s", f"deployment/k8s-pipeline-{name}")
    assert len(space.list("pods", "app.kubernetes.io/component=service")) == 2
    with beside.client("service/k8s-pipeline", tls=ssl.create_default_context(cadata=certificate)) as client:
        run = walk(beside, client)
        until(lambda: beside.rows().get(run) == "success", "the reporter has told OpenMetadata")
        beside.forget()
        client.delete("nightly")
    until(lambda: not space.list("cronjobs"), "the pipeline is gone")
    if space.access.embedded:
        assert within(beside.used("k8s-pipeline"), GRANTED)
        used, watched = beside.used("k8s-pipeline-reporter"), {("watch", "jobs"), ("watch", "pods")}
        assert watched <= used  # one of the components
        assert within(used - watched, needed_by([Operation.RECONCILE]))
        assert ("list", "jobs") in beside.used("k8s-pipeline") & beside.used("k8s-pipeline-reporter")


@pytest.mark.thorough
def test_a_release_is_installed_upgraded_and_uninstalled(beside: Beside, tmp_path: Path) -> None:
    space = beside.space
    helm = Helm(tmp_path, space.access)
    place = ["--namespace", space.namespace]
    wait = ["--wait", "--timeout=150s"]

    helm("install", "om", str(CHART), *place, *wait, values=beside.values())

    with beside.client("service/om-k8s-pipeline") as client:
        run = walk(beside, client)
        until(lambda: beside.rows().get(run) == "success", "the reporter inside has told OpenMetadata")
    with beside.client("service/om-k8s-pipeline", password="another") as client:
        assert client.send("GET", f"{ROOTS[0]}/health").status == 200
        assert client.send("GET", f"{ROOTS[0]}/health-auth").status == 401
    (job,) = space.list("jobs", f"app.kubernetes.io/run-id={run}")
    assert job["spec"]["template"]["spec"]["serviceAccountName"] == "om-k8s-pipeline-ingestion"
    before = pods_of_the_service(space)

    changed = beside.values(settings=beside.settings(backoffLimit=1), reporter={"enabled": True})
    with beside.asked_all_the_time("om-k8s-pipeline") as statuses:
        helm("upgrade", "om", str(CHART), *place, *wait, values=changed)
        until(lambda: not before & pods_of_the_service(space), "the old pod is on its way out")
        until(lambda: len(space.list("pods", "app.kubernetes.io/component=service")) == 1, "the old pod is gone")

    assert statuses
    assert set(statuses) == {200}
    after = pods_of_the_service(space)
    assert after
    assert not before & after
    with beside.client("service/om-k8s-pipeline") as client:
        assert "a line of the run" in client.all_logs("nightly")
        assert space.list("cronjobs")

    helm("uninstall", "om", *place, *wait)

    # What people have deployed stays, with all that its runs need.
    assert space.list("cronjobs")
    left = {account["metadata"]["name"] for account in space.list("serviceaccounts")}
    assert left >= {"om-k8s-pipeline-ingestion"}
    assert not left & {"om-k8s-pipeline", "om-k8s-pipeline-reporter"}
    until(lambda: not space.list("pods", "app.kubernetes.io/instance=om"), "the pods of the release are gone")

    helm("install", "om", str(CHART), *place, *wait, values=beside.values())


def pods_of_the_service(space: Space) -> set[str]:
    """Return the names of those that are not on their way out."""
    found = space.list("pods", "app.kubernetes.io/component=service")
    return {pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]}
