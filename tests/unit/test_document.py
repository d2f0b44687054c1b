"""The document that the ingestion gets is the one that was defined, whatever stands in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.domain.document import to_json
from k8s_pipeline_client.errors import DefinitionError

TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, JSON, max_size=5))
def test_json_and_yaml_read_the_same_values(document: dict[str, Any]) -> None:
    text = to_json(document, "test")
    assert json.loads(text) == document
    assert yaml.safe_load(text) == document
    text.encode("utf-8")


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"file\.yaml"):
        to_json({"x": float("nan")}, "file.yaml")
