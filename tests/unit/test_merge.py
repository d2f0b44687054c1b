"""What is laid over a document for one run."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client.domain.merge import merge, set_paths
from k8s_pipeline_client.errors import InputError

BASE: dict[str, Any] = {"a": {"b": 1, "c": [{"d": 1}, {"d": 2}]}, "x.y": "dotted"}


def test_mappings_are_merged_and_everything_else_is_replaced() -> None:
    assert merge(BASE, {"a": {"c": [3], "e": None}}) == {"a": {"b": 1, "c": [3], "e": None}, "x.y": "dotted"}
    assert BASE["a"]["c"] == [{"d": 1}, {"d": 2}]


@pytest.mark.parametrize(
    ("assignment", "found"),
    [
        ("a.b=2", {"a": {"b": 2, "c": [{"d": 1}, {"d": 2}]}, "x.y": "dotted"}),
        ("a.c[1].d=true", {"a": {"b": 1, "c": [{"d": 1}, {"d": True}]}, "x.y": "dotted"}),
        (r"x\.y=[1, two]", {"a": BASE["a"], "x.y": [1, "two"]}),
        ("new.deep=a=b", {**BASE, "new": {"deep": "a=b"}}),
        ("a.b=", {"a": {"b": None, "c": [{"d": 1}, {"d": 2}]}, "x.y": "dotted"}),
    ],
)
def test_a_value_is_set_by_its_path(assignment: str, found: dict[str, Any]) -> None:
    assert set_paths(BASE, [assignment]) == found


@pytest.mark.parametrize("assignment", ["no-sign", "=1", "a..b=1", "a.c[7].d=1", "a.b.c=1", "a[0]=1", "a.b=[", "[0]=1"])
def test_a_path_that_does_not_fit_is_refused(assignment: str) -> None:
    with pytest.raises(InputError):
        set_paths(BASE, [assignment])
