"""Kubernetes quantities."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.domain.quantity import memory_bytes, parse_quantity

MI = 2**20


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2),
        ("500m", Decimal("0.5")),
        (".5", Decimal("0.5")),
        ("1.", 1),
        ("1.5Gi", 1536 * MI),
        ("1k", 1000),
        ("1E", 10**18),
        ("1e3", 1000),
        ("1E3", 1000),
        ("15e-1", Decimal("1.5")),
        ("1Ei", 2**60),
    ],
)
def test_what_is_one(text: str, number: Decimal | int) -> None:
    assert parse_quantity(text) == number


@pytest.mark.parametrize("text", ["", "4 Gi", "4GB", "4gi", "-1", "1e", "1e3Mi", "0x10", "1,5", "many", "1KI", "٣"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity such as 500m, 2 or 4Gi"):
        parse_quantity(text)


@given(st.integers(0, 2**40), st.sampled_from(["", "k", "M", "Ki", "Mi"]))
def test_larger_numbers_are_more(number: int, unit: str) -> None:
    assert parse_quantity(f"{number}{unit}") < parse_quantity(f"{number + 1}{unit}")


@pytest.mark.parametrize(
    ("quantity", "found"),
    [("256Mi", 256 * MI), ("1.5Gi", 1536 * MI), ("1G", 10**9), ("128", 128), ("1m", None), ("x", None), (None, None)],
)
def test_memory_in_bytes(quantity: str | None, found: int | None) -> None:
    assert memory_bytes(quantity) == found
