"""What one run does otherwise than its pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.workflow_override import changes_of, with_app_config, with_source_config
from k8s_pipeline_client.errors import InputError

APPLICATION: Document = {"sourcePythonClass": "a.B", "appConfig": {"a": {"b": 1}, "c": 2}}
WORKFLOW: Document = {"source": {"type": "x", "sourceConfig": {"config": {"a": {"b": 1}, "c": 2}}}}


def _config(document: Document) -> Any:
    return document["source"]["sourceConfig"]["config"] if "source" in document else document["appConfig"]


@pytest.mark.parametrize(("apply", "document"), [(with_app_config, APPLICATION), (with_source_config, WORKFLOW)])
@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ({}, {"a": {"b": 1}, "c": 2}),
        ({"a": {"d": 3}}, {"a": {"d": 3}, "c": 2}),
        ({"e": []}, {"a": {"b": 1}, "c": 2, "e": []}),
        ({"c": None}, {"a": {"b": 1}}),
    ],
)
def test_an_override_replaces_whole_keys(apply: Any, document: Document, override: Any, expected: Any) -> None:
    before = str(document)
    assert _config(apply(document, override)) == expected
    assert str(document) == before


def test_what_is_not_there_yet_is_made() -> None:
    assert with_app_config({"sourcePythonClass": "a.B"}, {"a": 1})["appConfig"] == {"a": 1}
    assert with_source_config({"source": {}}, {"a": 1})["source"] == {"sourceConfig": {"config": {"a": 1}}}


@pytest.mark.parametrize(
    ("apply", "document", "hint"),
    [
        (with_app_config, WORKFLOW, "sourceConfigOverride"),
        (with_source_config, APPLICATION, "appConfigOverride"),
        (with_source_config, {"request": {}}, "appConfigOverride"),
    ],
)
def test_a_type_that_has_no_such_part_refuses(apply: Any, document: Document, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        apply(document, {"a": 1})
    assert hint in caught.value.hint


def test_an_empty_override_is_none() -> None:
    assert changes_of(None, {}, None) == []
    assert len(changes_of(lambda document: document, {"a": 1}, {"b": 2})) == 3
