"""What memory limit is suggested."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.status.sizing import suggested_limit

MI = 2**20


@pytest.mark.parametrize(
    ("limit", "peaks", "suggested"),
    [
        (256 * MI, [], "512Mi"),
        (512 * MI, [], "768Mi"),
        (1024 * MI, [], "1536Mi"),
        (2048 * MI, [1000 * MI], "3Gi"),
        (1024 * MI, [3000 * MI], "3840Mi"),
    ],
)
def test_the_suggestion_leaves_room_above_limit_and_peaks(limit: int, peaks: list[int], suggested: str) -> None:
    assert suggested_limit(limit, peaks) == suggested
