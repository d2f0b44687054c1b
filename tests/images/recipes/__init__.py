"""What goes into each image, one module per image."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

# Images of tests.images; paths in cache keys are relative to this.
HERE = Path(__file__).resolve().parent.parent

# Code that every image depends on.
COMMON_INPUTS = tuple(HERE / name for name in ("build.py", "commands.py", "debian.py", "recipes/__init__.py"))


class Assemble(Protocol):
    def __call__(self, root: Path) -> None: ...


@dataclass(frozen=True)
class Recipe:
    """An image: Debian packages, what is done on top of them, and the image config."""

    name: str
    version: str
    packages: tuple[str, ...]
    inputs: tuple[Path, ...]
    assemble: Assemble
    config: Mapping[str, object] = field(default_factory=dict)


def python_config(command: list[str]) -> dict[str, object]:
    """The config of the images that are run like the stock one: /ingestion, UID 1000, `python main.py`."""
    return {
        "Cmd": command,
        "Env": [
            "PATH=/usr/local/bin:/usr/bin:/bin",
            "HOME=/tmp",
            "LANG=C.UTF-8",
            "PYTHONUNBUFFERED=1",
            "PYTHONDONTWRITEBYTECODE=1",
        ],
        "User": "1000:1000",
        "WorkingDir": "/ingestion",
    }
