"""The venv of a release of OpenMetadata's packages, kept outside the checkout: `ensure(release)`.

`python -m tests.conformance.environment` makes all of them; with `lock` it resolves the requirements again.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.images import cache

RELEASES = ("1.12", "2.0")
"""Major and minor of the releases that we compare with: what Kubernetes users of OpenMetadata run today."""

_REQUIREMENTS = Path(__file__).with_name("requirements")
_UV = (sys.executable, "-m", "uv")
_KEPT = 2


def ensure(release: str) -> Path:
    """The Python of a release's venv, installed unless it is there. Safe to call from several processes at once."""
    root = _root(release)
    done = root / ".installed"
    if not done.exists():
        with cache.locked(root.parent / f".{release}.lock"):
            if not done.exists():
                _install(release, root)
                done.touch()
    done.touch()  # the time of last use, which decides what is pruned
    return root / "bin" / "python"


def locked_version(release: str, package: str) -> str:
    """The version of a package in the release's lock."""
    found = re.search(rf"^{re.escape(package)}==([^\s;\\]+)", _lock(release).read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"{package} is not in {_lock(release).name}")
    return found.group(1)


def relock(release: str) -> None:
    """Resolve the requirements again; the index is whatever the machine is set up with, and is not written down."""
    stable = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header"]
    wanted = str(_lock(release).with_suffix(".in"))
    _run(*_UV, "pip", "compile", "--quiet", "--upgrade", *stable, wanted, "--output-file", str(_lock(release)))


def _lock(release: str) -> Path:
    return _REQUIREMENTS / f"{release}.lock"


def _root(release: str) -> Path:
    """Beside the archives of the images. A venv names its own path and Python: both are a part of the key."""
    key = cache.content_key([_lock(release)], base=_REQUIREMENTS, extra=(sys.version,))
    return cache.directory().parent / "conformance" / f"{release}-{key}"


def _install(release: str, root: Path) -> None:
    start = time.monotonic()
    print(f"[conformance] installing the packages of OpenMetadata {release} …", file=sys.stderr, flush=True)
    shutil.rmtree(root, ignore_errors=True)  # what an installation that was killed left behind
    _run(*_UV, "venv", "--quiet", "--python", sys.executable, str(root))
    python = str(root / "bin" / "python")
    exact = ["--require-hashes", "--no-deps", "-r", str(_lock(release))]
    _run(*_UV, "pip", "install", "--quiet", "--python", python, *exact)
    _prune(release, root)
    print(f"[conformance] {release}: {root}, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)


def _prune(release: str, root: Path) -> None:
    stamps = sorted(root.parent.glob(f"{release}-*/.installed"), key=lambda path: path.stat().st_mtime, reverse=True)
    for stamp in stamps[_KEPT - 1 :]:
        if stamp.parent != root:
            shutil.rmtree(stamp.parent, ignore_errors=True)


def _run(*command: str) -> None:
    # Whatever points at our own venv must not decide where this goes.
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment)


if __name__ == "__main__":
    for name in RELEASES:
        relock(name) if sys.argv[1:] == ["lock"] else ensure(name)
