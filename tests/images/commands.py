"""Commands of other tools: run quietly, and quoted when they fail."""

import os
import subprocess
from collections.abc import Mapping, Sequence

from .errors import ImageBuildError

_TAIL_LINES = 15


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
    """Run to the end; a failure carries the command and the end of its output."""
    done = subprocess.run(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **(env or {})},
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-_TAIL_LINES:])
        raise ImageBuildError(f"{' '.join(command[:4])} … ended with {done.returncode}:\n{tail}")
