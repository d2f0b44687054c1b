"""Commands of other tools: run quietly, and quoted when they fail."""

import subprocess
from collections.abc import Sequence

from tests.cluster.local.commands import build_environment

from .errors import ImageBuildError

_TAIL_LINES = 15


def run(command: Sequence[str]) -> None:
    """Run to the end; a failure carries the command and the end of its output."""
    done = subprocess.run(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=build_environment(),  # chroot is in a folder that a user's PATH may lack
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-_TAIL_LINES:])
        raise ImageBuildError(f"{' '.join(command[:4])} … ended with {done.returncode}:\n{tail}")
