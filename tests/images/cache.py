"""Where built images are kept, outside the checkout, and what keeps two builds apart."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

_KEY_LENGTH = 8
_KEPT = 3


def directory() -> Path:
    """The folder of the archives: `$K8S_PIPELINE_CACHE`, else the user's cache folder."""
    given = os.getenv("K8S_PIPELINE_CACHE")
    if given:
        return Path(given) / "images"
    base = os.getenv("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "k8s-pipeline-client" / "images"


def content_key(inputs: Iterable[Path], *, base: Path, extra: Iterable[str] = ()) -> str:
    """A short digest over names and contents: whatever goes into an image changes its tag."""
    digest = hashlib.sha256()
    for text in extra:
        digest.update(text.encode() + b"\0")
    for path in sorted(inputs):
        digest.update(str(path.relative_to(base)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:_KEY_LENGTH]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One build of an image at a time; the lock goes with its holder, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def scratch_prefix(name: str) -> str:
    return f".{name}-"


def remove_leftovers(name: str) -> None:
    """What builds that were killed left behind; to be called under the image's lock, when no other is at work."""
    for path in directory().glob(f"{scratch_prefix(name)}*"):
        shutil.rmtree(path, ignore_errors=True)


def prune(name: str) -> None:
    """Keep the archives used last: each change of an image makes another one of up to half a gigabyte."""
    archives = sorted(directory().glob(f"{name}-*.tar"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in archives[_KEPT:]:
        path.unlink(missing_ok=True)
