"""What becomes of each command line of the pages: it is executed, or parsed, or stands here with a reason.

On a page that is walked (`tests/cluster/test_pages.py`) every command line of its shell blocks is executed as it stands
there, but for those here. On other pages those of this program are parsed by its own parser, targets of make are looked
up in the Makefile, and every other command line stands here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tests.pages.blocks import ROOT
from tests.pages.commands import Command
from tests.pages.typed import refusal

HOW_TO = "docs/how-to"
WALKED = frozenset(
    f"{HOW_TO}/{name}.md"
    for name in (
        "beside-openmetadata",
        "first-pipeline",
        "from-server",
        "gitops",
        "install",
        "migrate",
        "pod-settings",
        "report-runs",
        "rotate-the-token",
        "run-from-ci",
        "secrets-in-git",
        "serve",
        "use-the-servers-configuration",
    )
)
_IMAGE = "the Containerfile is built and run in tests/cluster/test_image.py"
_INDEX = "resolves dependencies from a package index"
_PLAYGROUND = "for those who have no cluster: tests/cluster/test_playground.py follows the page in the playground"
_NO_SERVER = "there is no OpenMetadata in the tests' cluster"
EXEMPT: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("README.md", "apt-get "): "changes the machine; CI begins with it",
        (f"{HOW_TO}/beside-openmetadata.md", "podman "): _IMAGE,
        (f"{HOW_TO}/check-your-openmetadata.md", "export "): "names a server of the reader's",
        (f"{HOW_TO}/doctor.md", "kubectl apply"): "has a ClusterRole; tests/cluster/test_doctor.py applies it",
        (f"{HOW_TO}/first-pipeline.md", "make playground"): _PLAYGROUND,
        (f"{HOW_TO}/first-pipeline.md", "cd playground"): _PLAYGROUND,
        (f"{HOW_TO}/first-pipeline.md", ". ./activate"): _PLAYGROUND,
        (f"{HOW_TO}/install.md", "pip download"): _INDEX,
        (f"{HOW_TO}/install.md", "pip install --no-index"): "needs what `pip download` has brought",
        (f"{HOW_TO}/install.md", "pipx "): _INDEX,
        (f"{HOW_TO}/install.md", "uv "): _INDEX,
        (f"{HOW_TO}/serve.md", "k8s-pipeline serve …"): "a part of the command above it",
        (f"{HOW_TO}/serve.md", "pip install"): _INDEX,
        (f"{HOW_TO}/test-clusters.md", "export "): "names a cluster of the reader's",
        (f"{HOW_TO}/test-clusters.md", "kind load"): "is about a cluster of the reader's",
        (f"{HOW_TO}/test-openmetadata.md", "export "): "names a server of the reader's",
        (f"{HOW_TO}/use-the-servers-configuration.md", "helm get values"): _NO_SERVER,
        ("docs/reference/real-ingestion.md", "export "): "names a server of the reader's",
        ("manifests/README.md", "helm install"): "the chart is installed in tests/cluster/test_chart.py",
        ("manifests/README.md", "kubectl -n"): "the Secret is there in tests/cluster/test_beside.py",
    }
)
"""By page and beginning of the command line: why it is not executed."""


class Fate(StrEnum):
    """What becomes of a command line."""

    EXECUTED = "executed"
    PARSED = "parsed"
    EXEMPT = "exempt"
    FORGOTTEN = "forgotten"


def reason(command: Command) -> str:
    """Return why a command line is not executed on a page that is walked; empty if it is."""
    return next(
        (
            why
            for (page, beginning), why in EXEMPT.items()
            if page == command.page and command.text.startswith(beginning)
        ),
        "",
    )


def fate(command: Command) -> Fate:
    """Return what becomes of a command line."""
    why = reason(command)
    if command.page in WALKED and not why:
        return Fate.EXECUTED
    if command.ours or _targets(command):
        return Fate.PARSED
    return Fate.EXEMPT if why else Fate.FORGOTTEN


def complaint(command: Command, *, is_whole: bool = True) -> str:
    """Return what of a command line cannot be typed: an option of this program, a target of make."""
    for words in command.ours:
        if why := refusal(words, is_whole=is_whole):
            return f"{command.page}: {command.text}: {why}"
    known = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    return "".join(f"{command.page}: make has no target {name}" for name in _targets(command) if name not in known)


def _targets(command: Command) -> list[str]:
    return [word for words in command.simple if words[0] == "make" for word in words[1:] if not word.startswith("-")]
