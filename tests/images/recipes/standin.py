"""The image of the stand-ins: the ingestion program that does what it is told, and the recording server."""

import shutil
from pathlib import Path

from .. import debian
from . import COMMON_INPUTS, HERE, Recipe, python_config

_PACKAGES = ("standin", "recording")
_SITE = Path("usr/lib/python3/dist-packages")

# The entry points of the stock image, each of which only names what it stands in for.
_ENTRY_POINTS = {
    "ingestion/main.py": "workflow",
    "ingestion/run_automation.py": "automation",
    "usr/lib/python3/dist-packages/metadata/applications/runner.py": "application",
}
_ENTRY_POINT = '''"""A STAND-IN: no ingestion happens here (see tests/images/README.md)."""

from standin.program import main

if __name__ == "__main__":
    main({kind!r})
'''
_SERVER = '''"""The recording stand-in of an OpenMetadata server."""

from recording.server import main

if __name__ == "__main__":
    main()
'''


def _sources() -> list[Path]:
    return [path for name in _PACKAGES for path in sorted((HERE / name).glob("*.py"))]


def assemble(root: Path) -> None:
    for path in _sources():
        target = root / _SITE / path.relative_to(HERE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for name, kind in _ENTRY_POINTS.items():
        _write(root / name, _ENTRY_POINT.format(kind=kind))
    _write(root / "standin/server.py", _SERVER)
    debian.compile_python(root, "/usr/lib/python3.11", f"/{_SITE}")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


RECIPE = Recipe(
    name="standin",
    version="",
    packages=("python3", "python3-yaml"),
    inputs=(*COMMON_INPUTS, Path(__file__), *_sources()),
    assemble=assemble,
    config=python_config(["python", "main.py"]),
)
