"""Which pipeline a NAME stands for."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import UnknownNameError
from k8s_pipeline_client.inventory.find import fitting, the_one, unknown


def item(resource: str, *, kind: str = "CronJob", fqn: str = "shop.nightly", name: str = "nightly") -> dict[str, Any]:
    annotations = {labels.FQN: fqn, labels.NAME: name}
    return {"kind": kind, "metadata": {"name": resource, "annotations": annotations}}


def test_a_pipeline_and_one_shot_runs_of_one_name_are_told_apart() -> None:
    items = [item("om-run-1", kind="Job"), item("om-shop-1"), item("om-run-2", kind="Job")]
    for name in ("nightly", "shop.nightly"):
        with pytest.raises(UnknownNameError, match="1 pipeline and 2 one-shot runs") as error:
            the_one(fitting(items, name), name)
        assert "om-shop-1 (shop.nightly)" in error.value.message
        assert "om-run-2 (one-shot run of shop.nightly)" in error.value.message
    assert fitting(items, "om-run-2") == [items[2]]


def test_where_several_fit_the_error_lists_names_that_tell_them_apart() -> None:
    items = [item("om-shop-1"), item("om-shop-2")]
    with pytest.raises(UnknownNameError, match=r"om-shop-1 \(shop.nightly\), om-shop-2 \(shop.nightly\)"):
        the_one(fitting(items, "shop.nightly"), "shop.nightly")
    assert fitting(items, "om-shop-2") == [items[1]]


@pytest.mark.parametrize(
    ("typed", "close"),
    [
        ("nightli", ("nightly",)),
        ("NIGHTLY", ("nightly",)),
        ("shop.nightyl", ("shop.nightly",)),
        ("om-shop-l", ("om-shop-1",)),
        ("night", ("nightly", "shop.nightly")),
        ("weekly", ()),
        ("", ()),
    ],
)
def test_an_unknown_name_is_answered_with_what_is_like_it(typed: str, close: tuple[str, ...]) -> None:
    error = unknown([item("om-shop-1")], typed, namespace="ns")

    assert error.facts["close"] == close
    assert ("did you mean" in error.hint) == bool(close)


def test_a_run_is_like_a_text_that_is_no_pipelines_name() -> None:
    run = "0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11"
    error = unknown([item("om-shop-1")], run.replace("1c9e", "1c9f"), namespace="ns", runs=[run, "om-shop-1-abc"])

    assert error.facts["close"] == (run,)
