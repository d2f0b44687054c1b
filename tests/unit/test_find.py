"""Which pipeline a NAME stands for."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import UnknownNameError
from k8s_pipeline_client.inventory.find import fitting, the_one


def item(resource: str, *, kind: str = "CronJob", fqn: str = "shop.nightly", name: str = "nightly") -> dict[str, Any]:
    annotations = {labels.FQN: fqn, labels.NAME: name}
    return {"kind": kind, "metadata": {"name": resource, "annotations": annotations}}


def test_runs_without_a_pipeline_never_stand_in_its_way() -> None:
    items = [item("om-run-1", kind="Job"), item("om-shop-1"), item("om-run-2", kind="Job")]
    for name in ("nightly", "shop.nightly"):
        assert [found["metadata"]["name"] for found in fitting(items, name)] == ["om-shop-1"]
    assert fitting(items[:1], "nightly") == items[:1]


def test_where_several_fit_the_error_lists_names_that_tell_them_apart() -> None:
    items = [item("om-shop-1"), item("om-shop-2")]
    with pytest.raises(UnknownNameError, match=r"om-shop-1 \(shop.nightly\), om-shop-2 \(shop.nightly\)"):
        the_one(fitting(items, "shop.nightly"), "shop.nightly")
    assert fitting(items, "om-shop-2") == [items[1]]
