"""The kubelet's file with the log of a container, on the local cluster: made long, or rotated, as the kubelet would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cluster.local.paths import current

FILLER = "stand-in filler " + "x" * 111


def file_of(pod: dict[str, Any]) -> Path:
    """Return where the log of a pod's main container stands."""
    metadata = pod["metadata"]
    folder = f"{metadata['namespace']}_{metadata['name']}_{metadata['uid']}"
    return current().pod_logs / folder / "main" / "0.log"


def lengthen(pod: dict[str, Any], mib: int, last: str) -> int:
    """Append filler to the log of a pod that has ended, and a last line; return how many lines of filler.

    So it is as long as a kubelet with a higher ``containerLogMaxSize`` lets it become; that of the test cluster is the
    default, 10 MiB.
    """
    path = file_of(pod)
    stamp = path.read_text().splitlines()[-1].partition(" ")[0]
    line = f"{stamp} stdout F {FILLER}\n"
    block = 8192
    blocks = mib * 2**20 // (len(FILLER) + 1) // block
    with path.open("a") as file:
        for _ in range(blocks):
            file.write(line * block)
        file.write(f"{stamp} stdout F {last}\n")
    return blocks * block


def rotate(pod: dict[str, Any]) -> None:
    """Take the first half of the log of a pod that has ended away: it is in a file that the kubelet does not serve."""
    path = file_of(pod)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[len(lines) // 2 :]))
