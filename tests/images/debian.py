"""Root file systems out of Debian packages, without a container tool."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.local.apt import install
from tests.cluster.local.commands import find
from tests.cluster.local.errors import ClusterError

from . import commands
from .errors import ImageBuildError

SUITE = "bookworm"
PYTHON_VERSION = "3.11"

# What no program here reads at run time. The perl is that of debconf, which never runs in these images.
_UNUSED = (
    "dev/*",
    "etc/apt",
    "etc/init.d",
    "etc/systemd",
    "usr/bin/perl*",
    "usr/lib/*/gconv",
    "usr/lib/*/libperl*",
    "usr/lib/*/perl*",
    "usr/lib/systemd",
    "usr/share/bug",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/perl*",
    "usr/share/zoneinfo/right",
    "var/cache/*",
    "var/lib/dpkg",
    "var/lib/systemd",
    "var/log/*",
)

# Every image has the one user that the pods run as.
USER_ID = 1000
_PASSWD = f"root:x:0:0:root:/root:/bin/sh\nrunner:x:{USER_ID}:{USER_ID}:runner:/tmp:/bin/sh\n"
_GROUP = f"root:x:0:\nrunner:x:{USER_ID}:\n"


def ensure_tools() -> None:
    """Have mmdebstrap, by apt-get where that is possible."""
    if os.geteuid() != 0:
        raise ImageBuildError("building images needs root (mmdebstrap and chroot)")
    try:
        install(lambda: [] if find("mmdebstrap") else ["mmdebstrap"])
    except ClusterError as error:
        raise ImageBuildError(str(error)) from None


def bootstrap(root: Path, packages: Sequence[str]) -> None:
    """Extract packages and what they depend on; no maintainer script runs, so their work is done here."""
    include = ",".join(["dash", "coreutils", "tzdata", *packages])
    commands.run(["mmdebstrap", "--quiet", "--variant=extract", f"--include={include}", SUITE, str(root)])
    for pattern in _UNUSED:
        for path in root.glob(pattern):
            remove(path)
    etc = root / "etc"
    (etc / "passwd").write_text(_PASSWD)
    (etc / "group").write_text(_GROUP)
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
    certificates = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    if certificates:
        bundle = etc / "ssl/certs/ca-certificates.crt"
        bundle.parent.mkdir(parents=True, exist_ok=True)
        bundle.write_bytes(b"".join(path.read_bytes() for path in certificates))
    python = root / "usr/bin/python3"
    if python.exists():
        (root / "usr/bin/python").symlink_to("python3")


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


_UNCHECKED = ("--invalidation-mode", "unchecked-hash")


def compile_python(root: Path, *places: str) -> None:
    """Byte code by the image's own interpreter: a read-only container cannot write it later.

    Unchecked, since the archive sets every file's time to the epoch.
    """
    shared_memory = root / "dev/shm"
    shared_memory.mkdir(parents=True, exist_ok=True)
    interpreter = ["chroot", str(root), "/usr/bin/python3", "-m", "compileall"]
    # Its exit code says only that some file is no Python: packages do ship templates by that name.
    commands.run(["sh", "-c", '"$@" || true', "sh", *interpreter, "-qq", "-j2", *_UNCHECKED, *places])
    remove(shared_memory)
    for place in places:
        if next((root / place.lstrip("/")).rglob("*.pyc"), None) is None:
            raise ImageBuildError(f"nothing was compiled in {place}: does chroot work here?")


def pack(root: Path, out: Path) -> None:
    """A tar that does not depend on who built it, and when."""
    stable = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"]
    commands.run(["tar", *stable, "-C", str(root), "-cf", str(out), "."])
