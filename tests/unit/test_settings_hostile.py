"""Whatever stands in settings files and variables, it is used or refused, and no secret is told."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings import load_settings
from k8s_pipeline_client.settings.keys import KNOWN, SYNONYMS, VARIABLES
from tests.unit.settings_files import helm, server

SECRET = "geheim-geheim"

keys = st.sampled_from([*KNOWN, *(path[0] for path in SYNONYMS), "parameters", "k8s", "airflow", "limits", "other"])
texts = st.sampled_from(
    ["", " ", "a=b", "a:b", "[", "{", "- ", "true", "7", "${A}", "$${A}", "k8s", "a,b", "\n", "\ufeff"]
)
scalars = st.none() | st.booleans() | st.integers(-2, 9) | st.floats(allow_nan=False, allow_infinity=False) | texts
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)
blocks = st.dictionaries(keys, values, max_size=5)
contents = st.one_of(
    blocks,
    values,
    blocks.map(server),
    blocks.map(lambda block: {"pipelineServiceClientConfiguration": block}),
    blocks.map(helm),
    blocks.map(lambda block: {"openmetadata": {"config": {"pipelineServiceClientConfig": block}}}),
    blocks.map(lambda block: {"global": {"airflow": block}}),
)
environments = st.dictionaries(st.sampled_from([*VARIABLES, "A"]), texts, max_size=4)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(contents, max_size=2), environments)
@example([{"resources": {"limits": 5}}, server({"resources": {"limits": {"cpu": 1}}})], {"K8S_LIMITS_MEMORY": "x"})
@example([{"resources": 5}], {"K8S_LIMITS_MEMORY": "1Gi"})
@example([{"overrides": [{"match": {"type": "a"}, "settings": {"resources": 5}}]}], {})
def test_it_is_used_or_refused(files: list[Any], environ: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, content in enumerate(files):
            path = Path(folder) / f"{number}.json"
            path.write_text(json.dumps(content))
            paths.append(path)
        try:
            loaded = load_settings(paths, environ=environ)
        except SettingsError as error:
            assert "\n" not in str(error)
        else:
            assert set(KNOWN) <= set(loaded.origins)


@pytest.mark.parametrize("content", [[SECRET], {"a": SECRET}, 5.5, [{"name": "TOKEN", "value": SECRET}], f"x {SECRET}"])
@pytest.mark.parametrize("key", ["serverToken", "kubeConfigContent", "extraEnvVars", "podAnnotations", "podTemplate"])
def test_a_secret_in_the_wrong_form_is_not_told(tmp_path: Path, key: str, content: Any) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({key: content, "backoffLimit": -1}))
    with pytest.raises(SettingsError) as caught:
        load_settings([path], environ={})
    assert SECRET not in str(caught.value)
