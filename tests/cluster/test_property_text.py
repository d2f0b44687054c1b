"""Whatever text OpenMetadata has for names and descriptions, the API server accepts the manifests that come of it.

PROPERTY_EXAMPLES sets how many are tried, at random; without it a few, always the same.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from k8s_pipeline_client.cli.files import read_pipelines
from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.render import plan, plan_one_shot
from k8s_pipeline_client.render.config import DOCUMENT_KEY
from k8s_pipeline_client.settings import Settings
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import Space

EXAMPLES = os.environ.get("PROPERTY_EXAMPLES")

HOSTILE = [
    "null",
    "{{ .Values.x }}",
    "$(jobName) $$ ${HOME}",
    "---\n- a: !!python/object:os.system {}\n",
    "'\"\\\n\r\t\x07\x1b[31m\x7f\u0085\u2028\ufeff",
    "\u202eevil\u202c \U0001f4a9 \U0010ffff",
    "a" * 256,
    "é" * 5_000,
    ".".join(["x"] * 60),
    '"quoted.part".""',
    "-_.",
]

# Lone surrogates are no text: JSON has a form for them, UTF-8 has none.
text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80) | st.sampled_from(HOSTILE)
anything = st.just("") | text
# Names stand in the pod's environment, which can hold no NUL.
name = text.filter(lambda found: "\0" not in found)
plain = name.filter(lambda found: "${" not in found)
"""No reference, whose value only the pod knows."""
named = st.fixed_dictionaries(
    {"name": name},
    optional={"fullyQualifiedName": name, "displayName": anything, "description": anything, "id": anything},
)


def _written(folder: Path, *documents: Any) -> list[str]:
    """Write files of one JSON text each: a file of several is YAML, which has no form for all that JSON has."""
    paths = [folder / f"document-{number}.json" for number in range(len(documents))]
    for path, document in zip(paths, documents, strict=True):
        path.write_text(json.dumps(document))
    return [str(path) for path in paths]


def _read(folder: Path, *documents: Any) -> Pipeline:
    (found,) = read_pipelines([Path(path) for path in _written(folder, *documents)])
    return found


def _check_accepted(cluster: KubeCluster, found: Pipeline, annotation: str) -> None:
    values = {"namespace": cluster.namespace, "podAnnotations": {"example.com/note": annotation}}
    settings = Settings.model_validate(values)
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "owner", "uid": str(uuid.uuid4())}}
    planned, once = plan(found, settings), plan_one_shot(found, settings, str(uuid.uuid4()))
    for manifest in (planned.suspended_cronjob(), *planned.owned_by(owner), once.job, once.owned_by(owner)):
        answer = cluster.apply(manifest, manager="property", dry_run=True)
        for key, value in manifest["metadata"]["annotations"].items():
            assert answer["metadata"]["annotations"][key] == value


@pytest.fixture
def cluster(space: Space) -> KubeCluster:
    return KubeCluster(connect(space.access.kubeconfig, None), space.namespace)


_some = hypothesis_settings(
    max_examples=int(EXAMPLES or 40),
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_entities_of_any_name(cluster: KubeCluster, tmp_path: Path) -> None:
    @_some
    @given(named, named, text, anything, anything)
    def check(entity: dict[str, str], owner: dict[str, str], kind: str, cluster_name: str, annotation: str) -> None:
        definition = pipeline() | {"displayName": None, "fullyQualifiedName": None} | entity
        definition["service"] = {"type": "databaseService", **owner}
        definition["openMetadataServerConnection"]["clusterName"] = cluster_name
        found = _read(tmp_path, definition, {"serviceType": kind, **owner})
        assert found.name == entity["name"]
        _check_accepted(cluster, found, annotation)

    for item in HOSTILE:
        check = example({"name": item, "displayName": item}, {"name": item}, item, item, item)(check)
    check()


def test_plain_documents_of_any_name(cluster: KubeCluster, tmp_path: Path) -> None:
    @_some
    @given(name, plain, anything, st.none() | plain, anything)
    def check(called: str, service_name: str, title: str, fqn: str | None, annotation: str) -> None:
        document = {
            "name": called,
            "displayName": title,
            "source": {"type": "mysql", "serviceName": service_name, "sourceConfig": {"config": {"note": annotation}}},
            "workflowConfig": {},
            **({"ingestionPipelineFQN": fqn} if fqn else {}),
        }
        _check_accepted(cluster, _read(tmp_path, document), annotation)

    for item in HOSTILE:
        known = item.replace("${", "$")
        check = example(item, known, item, known, item)(check)
    check()


def test_hostile_text_reaches_the_pod_byte_for_byte(program: Program, tmp_path: Path) -> None:
    steps = [{"log": item} for item in (*HOSTILE, "\0")]
    entity = pipeline(*steps, {"dumpConfig": True}, name="".join(HOSTILE[:6]), displayName="\n".join(HOSTILE))
    one, other = _written(tmp_path, entity, service())

    run = program("run", "-f", one, "-f", other, "--wait", "-o", "json").json

    assert run["state"] == "success"
    (secret,) = program.space.list("secrets", "k8s-pipeline/one-shot")
    written = base64.b64decode(secret["data"][DOCUMENT_KEY])
    assert json.loads(written)["source"]["sourceConfig"]["config"]["standin"]["steps"][:-1] == steps
    assert f"bytes={len(written)} sha256={hashlib.sha256(written).hexdigest()}" in program("logs", run["runId"]).out


@pytest.mark.parametrize("called", HOSTILE, ids=range(len(HOSTILE)))
def test_a_pipeline_of_any_name_is_deployed_and_found_and_deleted_by_it(
    program: Program, tmp_path: Path, called: str
) -> None:
    one, other = _written(tmp_path, pipeline({"log": "x"}, name=called, schedule="@daily"), service())
    resource = program("deploy", "-f", one, "-f", other, "-o", "json").json[0]["resourceName"]

    assert program("list", "-o", "json").json[0]["displayName"] == called.strip()
    assert resource in program("status", "--", called).out
    program("delete", "--", called)

    assert program.space.list("cronjobs") == []
