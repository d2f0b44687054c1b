"""Measures everything, one size after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from k8s_pipeline_client.errors import PipelineError
from tests.bench.figures import Figure
from tests.bench.machine import described
from tests.bench.report import Report
from tests.bench.rows import ALSO_AT, ROWS, Row
from tests.bench.scale import Scale
from tests.bench.scene import Scene, opened
from tests.cluster.support.access import Access


def run(
    access: Access, folder: Path, scale: Scale, say: Callable[[str], None], rows: Mapping[str, Row] = ROWS
) -> Report:
    """Measure, and leave nothing behind.

    Args:
        access: The cluster.
        folder: For files.
        scale: How much.
        say: Takes what is under way.
        rows: What.
    """
    about, end = described(access), time.monotonic() + scale.minutes * 60
    with opened(access, folder, scale, say) as scene:
        scene.run_some()
        found = measure(scene, rows, end)
    return Report(about, scale, found.figures, found.left_out, found.failed)


@dataclass
class Measured:
    """What there is when the time is over.

    Attributes:
        left_out: What there was no time for.
        failed: What could not be measured, and why; it does not take the rest with it.
    """

    figures: list[Figure] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def measure(scene: Scene, rows: Mapping[str, Row], end: float) -> Measured:
    """Measure at all sizes, and some rows at a smaller one before.

    Args:
        scene: Where.
        rows: What.
        end: By the monotonic clock; nothing is begun after it.
    """
    found, there, sizes = Measured(), 0, scene.scale.sizes
    before = {ALSO_AT[name] for name in rows if ALSO_AT.get(name, sizes[0]) < sizes[0]}
    for size in sorted({*sizes, *before}):
        if time.monotonic() > end:
            found.left_out.append(f"all at {size:,}")
            continue
        scene.fill(there, size)
        there = size
        for name, row in rows.items():
            if size not in sizes and ALSO_AT.get(name) != size:
                continue
            if time.monotonic() > end:
                found.left_out.append(f"{name} at {size:,}")
                continue
            scene.say(f"{size:,} pipelines: {name}")
            try:
                found.figures += row(scene, size)
            except (AssertionError, PipelineError, RuntimeError) as error:
                found.failed.append(f"{name} at {size:,}: {error}")
                scene.say(f"failed: {found.failed[-1]}")
    return found
