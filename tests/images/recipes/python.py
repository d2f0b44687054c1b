"""Two bases for the program's Containerfile: one to build on, and one that has Python and nothing else."""

from pathlib import Path

from .. import debian
from . import COMMON_INPUTS, Recipe

_PYTHON = ("python3", "ca-certificates")
# What `python3 -m venv` needs, and what the Containerfile's commands are.
_TO_BUILD = (*_PYTHON, "python3-venv", "python3-pip-whl", "python3-setuptools-whl", "sed")
_PROGRAMS = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin")
_ENVIRONMENT = {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"]}


def assemble_to_build(root: Path) -> None:
    """Debian's packages are all that is needed."""
    (root / "tmp").mkdir(exist_ok=True)


def assemble_bare(root: Path) -> None:
    """Leave no program but Python: a shell that is not there cannot be needed."""
    for folder in _PROGRAMS:
        path = root / folder
        for program in [] if path.is_symlink() else list(path.glob("*")):
            if not program.name.startswith("python3"):
                debian.remove(program)
    debian.compile_python(root, "/usr/lib/python3.11")


BUILD_RECIPE = Recipe(
    name="build-python",
    version=debian.PYTHON_VERSION,
    packages=_TO_BUILD,
    inputs=(*COMMON_INPUTS, Path(__file__)),
    assemble=assemble_to_build,
    config=_ENVIRONMENT,
)
BARE_RECIPE = Recipe(
    name="bare-python",
    version=debian.PYTHON_VERSION,
    packages=_PYTHON,
    inputs=(*COMMON_INPUTS, Path(__file__)),
    assemble=assemble_bare,
    config=_ENVIRONMENT,
)
