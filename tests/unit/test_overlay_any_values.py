"""Whatever JSON stands anywhere in a podTemplate, the settings are used or refused, never the program's own fault."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.domain.entities import IngestionPipeline, Service
from k8s_pipeline_client.domain.pipeline import Pipeline, from_entity
from k8s_pipeline_client.errors import DefinitionError, SettingsError
from k8s_pipeline_client.render import plan, plan_one_shot
from k8s_pipeline_client.settings import load_settings
from tests.data import sample

TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"team": "data"}, "annotations": {"a": "b"}},
    "spec": {
        "nodeSelector": {"disk": "ssd"},
        "securityContext": {"runAsUser": 5, "seccompProfile": {"type": "RuntimeDefault"}},
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db"]}],
        "tolerations": [{"key": "a"}],
        "initContainers": [{"name": "wait", "image": "i", "env": [{"name": "A", "value": "b"}]}],
        "containers": [
            {
                "name": "main",
                "env": [{"name": "A", "value": "b"}, {"name": "B", "$patch": "delete"}],
                "ports": [{"containerPort": 80}],
                "resources": {"limits": {"cpu": "1"}},
                "volumeMounts": [{"name": "ca", "mountPath": "/ca"}],
            },
            {"name": "proxy", "image": "i", "restartPolicy": "Always"},
        ],
        "volumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    },
}
Place = tuple[str | int, ...]


def _places(value: Any, above: Place = ()) -> Iterator[Place]:
    yield above
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*above, key))


def _changed(place: Place, value: Any) -> Any:
    if not place:
        return value
    result = copy.deepcopy(TEMPLATE)
    inner: Any = result
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return result


places = st.sampled_from(list(_places(TEMPLATE)))
keys = st.sampled_from(
    ["name", "mountPath", "containerPort", "env", "containers", "volumes", "labels", "spec", "metadata", "$patch"]
) | st.text(max_size=3)
texts = st.sampled_from(["main", "namespace", "k8s-pipeline", "/opt", "delete", "replace"]) | st.text(max_size=3)
scalars = st.none() | st.booleans() | st.integers(-1, 9) | st.floats(allow_nan=False, allow_infinity=False) | texts
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any") / "settings.json"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    entity = IngestionPipeline.model_validate(sample("pipelines/01_postgres_metadata_daily.json"))
    return from_entity(entity, Service.model_validate(sample("services/postgres.json")), "a test")


@settings(deadline=None)
@given(place=places, value=values)
@example(place=("spec", "containers", 0, "env", 0, "name"), value={})
@example(place=("spec", "containers", 0, "volumeMounts", 0, "mountPath"), value=None)
@example(place=("spec", "containers", 1, "name"), value=None)
@example(place=("spec", "initContainers", 0), value=None)
@example(place=("spec", "volumes", 0, "name"), value=[])
def test_it_is_used_or_refused(file: Path, pipeline: Pipeline, place: Place, value: Any) -> None:
    file.write_text(json.dumps({"podTemplate": _changed(place, value)}))
    try:
        loaded = load_settings([file], environ={}).settings
        plan(pipeline, loaded)
        plan_one_shot(pipeline, loaded, "0d1f0a52-3a4c-4c1e-9a5a-1f2e3d4c5b6a")
    except (SettingsError, DefinitionError) as error:
        assert "podTemplate" in str(error)


def test_the_template_itself_is_used(file: Path, pipeline: Pipeline) -> None:
    """Otherwise everything would be refused above, and nothing shown."""
    file.write_text(json.dumps({"podTemplate": TEMPLATE}))
    spec = plan(pipeline, load_settings([file], environ={}).settings).cronjob["spec"]["jobTemplate"]["spec"]
    assert [item["name"] for item in spec["template"]["spec"]["containers"]] == ["main", "proxy"]
