"""The ingestion image's packages: `ingestion.in` says what is wanted, `ingestion.lock` what is taken."""

import platform
import re
import sys
from pathlib import Path

from .. import commands
from ..debian import PYTHON_VERSION

WANTED = Path(__file__).with_name("ingestion.in")
LOCK = Path(__file__).with_name("ingestion.lock")
_UV = (sys.executable, "-m", "uv", "pip")


def relock() -> None:
    """Resolve `ingestion.in` again; the index is whatever the machine is set up with, and is not written down."""
    stable = ["--universal", "--generate-hashes", "--no-annotate", "--no-header", "--upgrade", "--quiet"]
    commands.run(
        [*_UV, "compile", *stable, "--python-version", PYTHON_VERSION, str(WANTED), "--output-file", str(LOCK)]
    )


def locked_version(package: str) -> str:
    found = re.search(rf"^{re.escape(package)}==([^\s;\\]+)", LOCK.read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"{package} is not in {LOCK.name}")
    return found.group(1)


def install(target: Path) -> None:
    """Into a folder, for the image's Python and C library, not for this machine's."""
    image = ["--python-version", PYTHON_VERSION, "--python-platform", f"{platform.machine()}-manylinux_2_36"]
    # Copied, since the folder is packed and thrown away while uv's cache stays.
    exact = ["--require-hashes", "--no-deps", "--link-mode", "copy"]
    commands.run([*_UV, "install", "--target", str(target), *image, *exact, "-r", str(LOCK)])
