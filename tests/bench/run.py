"""Measures everything, one size after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.machine import described
from tests.bench.report import Report
from tests.bench.rows import ROWS, Row
from tests.bench.scale import Scale
from tests.bench.scene import Scene, opened
from tests.cluster.support.access import Access


def run(access: Access, folder: Path, scale: Scale, say: Callable[[str], None]) -> Report:
    """Measure, and leave nothing behind.

    Args:
        access: The cluster.
        folder: For files.
        scale: How much.
        say: Takes what is under way.
    """
    about, end = described(access), time.monotonic() + scale.minutes * 60
    with opened(access, folder, scale, say) as scene:
        scene.run_some()
        figures, left_out = measure(scene, ROWS, end)
    return Report(about, scale, figures, left_out)


def measure(scene: Scene, rows: Mapping[str, Row], end: float) -> tuple[list[Figure], list[str]]:
    """Return what was measured, and what was left out since the time was over.

    Args:
        scene: Where.
        rows: What.
        end: By the monotonic clock; nothing is begun after it.
    """
    figures: list[Figure] = []
    left_out: list[str] = []
    there = 0
    for size in scene.scale.sizes:
        if time.monotonic() > end:
            left_out.append(f"all at {size:,}")
            continue
        scene.fill(there, size)
        there = size
        for name, row in rows.items():
            if time.monotonic() > end:
                left_out.append(f"{name} at {size:,}")
                continue
            scene.say(f"{size:,} pipelines: {name}")
            figures += row(scene, size)
    return figures, left_out
