"""Plays all cases, and writes what was seen into the docs: `make e2e`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cluster.support.prepare import main as prepare
from tests.e2e.case import RESULTS
from tests.e2e.page import PAGE, written

_TEST = "tests/cluster/test_end_to_end.py"
_WORKERS = "E2E_WORKERS"


def main() -> int:
    """Return an exit code; arguments go to pytest, such as `-k job_deleted`: the table is then left as it is."""
    if code := prepare():
        return code
    with tempfile.TemporaryDirectory() as folder:
        workers = ["-n", os.environ.get(_WORKERS, "3"), "--dist", "load", "--maxschedchunk=1"]
        words = [sys.executable, "-m", "pytest", "-q", *workers, *sys.argv[1:], _TEST]
        code = subprocess.run(words, env={**os.environ, RESULTS: folder}, check=False).returncode
        if sys.argv[1:]:
            return code
        missing = written(Path(folder))
    print(f"{PAGE}: written, {missing} cases without a result" if missing else f"{PAGE}: written")
    return code


if __name__ == "__main__":
    sys.exit(main())
