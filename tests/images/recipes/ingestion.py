"""The image of the real ingestion: the published package, under entry points with the stock image's contract."""

import shutil
from pathlib import Path

from .. import debian, requirements
from . import COMMON_INPUTS, HERE, Recipe, python_config

_SITE = Path("usr/local/lib/python3.11/dist-packages")
_ENTRY_POINTS = ("main.py", "run_automation.py")
# The packages' own tests, where they are large. Not those of `metadata`: its `tests` are a part of its schema.
_UNUSED = ("numpy/**/tests", "networkx/**/tests", "shapely/tests", "psutil/tests", "greenlet/tests", "bin")


def assemble(root: Path) -> None:
    site = root / _SITE
    requirements.install(site)
    for pattern in _UNUSED:
        for path in list(site.glob(pattern)):
            if path.exists():
                debian.remove(path)
    (root / "ingestion").mkdir()
    for name in _ENTRY_POINTS:
        shutil.copy(HERE / "ingestion" / name, root / "ingestion" / name)
    debian.compile_python(root, "/usr/lib/python3.11", f"/{_SITE}")


RECIPE = Recipe(
    name="ingestion",
    version=requirements.locked_version("openmetadata-ingestion"),
    # libstdc++ and libpq are loaded by wheels that do not bring them along.
    packages=("python3", "ca-certificates", "libpq5", "libstdc++6", "libgcc-s1"),
    inputs=(
        *COMMON_INPUTS,
        Path(__file__),
        requirements.LOCK,
        HERE / "requirements/__init__.py",
        *(HERE / "ingestion" / name for name in _ENTRY_POINTS),
    ),
    assemble=assemble,
    config=python_config(["python", "main.py"]),
)
