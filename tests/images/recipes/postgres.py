"""The image of the database that the real ingestion reads: Debian's PostgreSQL with a small shop in it."""

import shutil
from pathlib import Path

from .. import debian
from . import COMMON_INPUTS, HERE, Recipe

_VERSION = "15"
_FILES = ("start.sh", "shop.sql")
# The just-in-time compiler brings 110 MB of LLVM along; a shop of ten rows does without.
_UNUSED = (
    "usr/lib/*/libLLVM*",
    "usr/lib/*/libicudata*.so.*.old",
    "usr/lib/llvm*",
    f"usr/lib/postgresql/{_VERSION}/lib/bitcode",
    f"usr/lib/postgresql/{_VERSION}/lib/llvmjit*",
    "usr/share/postgresql-common",
    f"usr/share/postgresql/{_VERSION}/man",
)


def assemble(root: Path) -> None:
    for pattern in _UNUSED:
        for path in root.glob(pattern):
            debian.remove(path)
    target = root / "postgres"
    target.mkdir()
    for name in _FILES:
        shutil.copy(HERE / "postgres" / name, target / name)


RECIPE = Recipe(
    name="postgres",
    version=_VERSION,
    packages=(f"postgresql-{_VERSION}",),
    inputs=(*COMMON_INPUTS, Path(__file__), *(HERE / "postgres" / name for name in _FILES)),
    assemble=assemble,
    config={
        "Cmd": ["/bin/sh", "/postgres/start.sh"],
        "Env": [f"PATH=/usr/lib/postgresql/{_VERSION}/bin:/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"],
        "User": "1000:1000",
        "WorkingDir": "/",
    },
)
