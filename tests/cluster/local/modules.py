"""Go modules written on the spot, to build the commands of other modules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.local.golang import Go
from tests.cluster.local.progress import step


def go_mod(name: str, requirement: str, version: str, upstream: str, replacements: Sequence[str] = ()) -> str:
    """Write a go.mod that requires one module.

    Args:
        name: The new module's name.
        requirement: The module whose commands are to be built.
        version: Its version.
        upstream: Its own go.mod. The same `go` line decides the language version and the defaults of GODEBUG.
        replacements: Lines such as `A => B v1.2.3`.
    """
    go = re.search(r"^go \S+", upstream, flags=re.MULTILINE)
    lines = [f"module {name}", go[0] if go else "", f"require {requirement} {version}"]
    return "\n".join([*lines, *(f"replace {replacement}" for replacement in replacements), ""])


def tools_file(packages: Sequence[str]) -> str:
    """Write a Go file whose only purpose is to make `go mod tidy` keep the modules of these commands."""
    imports = "".join(f'import _ "{package}"\n' for package in packages)
    return f"//go:build tools\n\npackage tools\n\n{imports}"


def prepare(go: Go, folder: Path, mod: str, source: str, what: str) -> None:
    """Make a module of a go.mod and one file, and fetch what it needs."""
    folder.mkdir()
    (folder / "go.mod").write_text(mod)
    (folder / "main.go").write_text(source)
    with step(f"fetching the sources of {what}"):
        go.run("mod", "tidy", cwd=folder)
