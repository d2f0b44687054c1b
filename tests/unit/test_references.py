"""A plain workflow document may refer to Secrets and variables; what is rendered lets the pod resolve that."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest

from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.resolve import resolve
from k8s_pipeline_client.errors import DefinitionError
from k8s_pipeline_client.render.override import secret_name, with_own_secret
from k8s_pipeline_client.render.plan import plan, plan_one_shot
from k8s_pipeline_client.settings import Settings
from tests.cluster.support import definitions

PASSWORD = {"secretRef": {"name": "shop-db", "key": "password"}}


def workflow(**connection: Any) -> dict[str, Any]:
    return {
        "source": {
            "type": "postgres",
            "serviceName": "shop",
            "serviceConnection": {"config": {"type": "Postgres", **connection}},
            "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
        },
        "sink": {"type": "metadata-rest", "config": {}},
        "workflowConfig": {"openMetadataServerConfig": {"clusterName": "openmetadata"}},
    }


def pod_of(*documents: dict[str, Any]) -> dict[str, Any]:
    (pipeline,) = resolve([item for document in documents for item in recognise(document, "file.yaml")])
    spec: dict[str, Any] = plan(pipeline, Settings()).cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


def secrets_of(pod: dict[str, Any]) -> dict[str, list[str]]:
    sources = pod["volumes"][0]["projected"]["sources"]
    return {
        source["secret"]["name"]: [item["path"] for item in source["secret"]["items"]]
        for source in sources
        if "secret" in source
    }


def test_a_document_without_references_is_not_touched_in_the_pod() -> None:
    pod = pod_of(workflow(password="plain $HOME $ {X}"))
    assert "--resolve" not in pod["containers"][0]["args"]
    assert [list(source) for source in pod["volumes"][0]["projected"]["sources"]] == [["secret"], ["configMap"]]


@pytest.mark.parametrize("text", ["${PW}", "x${PW:-y}", "$${PW}"])
def test_variables_are_resolved_in_the_pod(text: str) -> None:
    pod = pod_of(workflow(password=text))
    args = pod["containers"][0]["args"]
    assert args == [
        "--announce",
        *("--config", "/opt/k8s-pipeline/workflow.json"),
        *("--resolve", "/opt/k8s-pipeline/secrets"),
        *("--", "main.py"),
    ]
    assert len(secrets_of(pod)) == 1


def test_the_secrets_that_it_refers_to_are_mounted() -> None:
    other = {"secretRef": {"name": "a.other", "key": "k_2"}}
    pod = pod_of(workflow(password=PASSWORD, username={"secretRef": {"name": "shop-db", "key": "user"}}, more=[other]))
    own, *referred_to = secrets_of(pod).items()
    assert own[1] == ["workflow.json"]
    assert referred_to == [
        ("a.other", ["secrets/a.other/k_2"]),
        ("shop-db", ["secrets/shop-db/password", "secrets/shop-db/user"]),
    ]


def test_an_entity_is_handed_over_as_it_is() -> None:
    entity = definitions.pipeline()
    entity["sourceConfig"]["config"] |= {"password": "${PW}", "more": PASSWORD, "odd": {"secretRef": 1}}
    pod = pod_of(entity, definitions.service())
    assert "--resolve" not in pod["containers"][0]["args"]
    assert [keys for name, keys in secrets_of(pod).items() if "-token-" not in name] == [["workflow.json"]]


def test_no_manifest_holds_more_than_the_reference() -> None:
    (pipeline,) = resolve(recognise(workflow(password=PASSWORD, username="${DB_USER}"), "file.yaml"))
    planned = plan(pipeline, Settings())
    config = json.loads(base64.b64decode(planned.secret["data"]["workflow.json"]))
    assert config["source"]["serviceConnection"]["config"]["password"] == PASSWORD
    assert config["source"]["serviceConnection"]["config"]["username"] == "${DB_USER}"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"secretRef": "shop-db"}, "secretRef is malformed"),
        ({"secretRef": {"name": "shop-db"}}, "secretRef is malformed"),
        ({"secretRef": {"name": "shop-db", "key": 1}}, "secretRef is malformed"),
        ({"secretRef": {"name": "shop-db", "key": "a", "optional": True}}, "secretRef is malformed"),
        ({**PASSWORD, "type": "x"}, "secretRef is malformed"),
        ({"secretRef": {"name": "Shop_DB", "key": "a"}}, "secretRef.name is 'Shop_DB'"),
        ({"secretRef": {"name": "../../etc", "key": "a"}}, "secretRef.name is '../../etc'"),
        ({"secretRef": {"name": "x" * 254, "key": "a"}}, "secretRef.name is "),
        ({"secretRef": {"name": "a", "key": ".."}}, "secretRef.key is '..'"),
        ({"secretRef": {"name": "a", "key": "..a"}}, "secretRef.key is '..a'"),
        ({"secretRef": {"name": "a", "key": "a/b"}}, "secretRef.key is 'a/b'"),
        ({"secretRef": {"name": "a", "key": "a\n"}}, "secretRef.key is 'a\\n'"),
    ],
)
def test_a_malformed_reference_is_refused(value: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        pod_of(workflow(options=[{"password": value}]))
    where = "file.yaml: source.serviceConnection.config.options[0].password."
    assert raised.value.message.startswith(where + words)


@pytest.mark.parametrize("key", [".", "a", ".a", "a..b", "-", "_", "A.b-c_D"])
def test_keys_that_kubernetes_allows(key: str) -> None:
    reference = {"secretRef": {"name": "a", "key": key}}
    if key == ".":
        with pytest.raises(DefinitionError):
            pod_of(workflow(password=reference))
    else:
        assert secrets_of(pod_of(workflow(password=reference)))["a"] == [f"secrets/a/{key}"]


def test_what_tells_pipelines_apart_cannot_be_a_reference() -> None:
    document = workflow()
    document["source"]["serviceName"] = "${SERVICE}"
    with pytest.raises(DefinitionError, match=r"source\.serviceName is a reference"):
        pod_of(document)


def test_a_run_with_a_document_of_its_own_gets_the_secrets_of_that() -> None:
    (pipeline,) = resolve(recognise(workflow(password=PASSWORD), "file.yaml"))
    job = plan_one_shot(pipeline, Settings(), "7c1f2c2e-0000-4000-8000-000000000000").job
    before = copy.deepcopy(job)
    other = {"secretRef": {"name": "other", "key": "k"}}

    changed = with_own_secret(job, json.dumps(workflow(password=other)))

    assert secret_name(changed) == changed["metadata"]["name"]
    pod = changed["spec"]["template"]["spec"]
    assert secrets_of(pod) == {changed["metadata"]["name"]: ["workflow.json"], "other": ["secrets/other/k"]}
    assert job == before
