"""The definition files in a folder, and the skipped ones."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from k8s_pipeline_client.errors import InputError
from k8s_pipeline_client.inputfile import kind_of

SUFFIXES = (".json", ".yaml", ".yml")
MAX_FILES = 10_000

_SHOWN = 5
_SERVERS = "pipelineServiceClientConfiguration"


def files_in(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the files below a folder that may hold definitions, and what else looks like it, with the reason.

    Links to files are followed, as a mounted ConfigMap has them; links to folders are not, for they may go round in
    circles. What begins with a dot is passed over.

    Raises:
        InputError: The folder cannot be read, or holds too many of them.
    """
    found: list[Path] = []
    left_out: list[str] = []

    def unreadable(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise InputError(f"folder {folder} cannot be read: {error.strerror}")
        left_out.append(f"{Path(error.filename).relative_to(folder)} ({error.strerror})")

    for place, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = [Path(place, name) for name in folders]
        left_out += [f"{path.relative_to(folder)} (a link to a folder)" for path in below if path.is_symlink()]
        for name in names:
            if name.startswith(".") or not name.lower().endswith(SUFFIXES):
                continue
            path = Path(place, name)
            if problem := _why_not(path):
                left_out.append(f"{path.relative_to(folder)} ({problem})")
            else:
                found.append(path)
        if len(found) > MAX_FILES:
            raise InputError(
                f"folder {folder} has more than {MAX_FILES:,} {', '.join(SUFFIXES)} files",
                hint="use its subfolders, one by one",
            )
    return sorted(found), sorted(left_out)


def left_out_text(folder: Path, left_out: list[str]) -> str:
    """Return one line that says what of a folder is not read."""
    more = len(left_out) - _SHOWN
    return f"{folder}: left out: {', '.join(left_out[:_SHOWN])}" + (f", and {more} more" if more > 0 else "")


def other_than_definitions(name: str, documents: Sequence[Any]) -> str:
    """Return what a file of a folder is if it is there for something else; empty if it may define pipelines.

    Only what is surely another thing: a definition with a mistake in it must not be passed over in silence.
    """
    if name.lower() in ("kustomization.yaml", "kustomization.yml"):
        return "a kustomization"
    mappings = [document for document in documents if isinstance(document, Mapping)]
    if not mappings or len(mappings) != len([document for document in documents if document is not None]):
        return ""
    if all("apiVersion" in document and "kind" in document for document in mappings):
        return "a Kubernetes manifest"
    if all(_is_settings(document) for document in mappings):
        return "a file of settings"
    return ""


def _is_settings(document: Mapping[str, Any]) -> bool:
    from k8s_pipeline_client.settings.keys import KNOWN

    return (bool(document) and all(key in KNOWN for key in document)) or _SERVERS in document


def _why_not(path: Path) -> str:
    """Return why a thing of a folder is not read; empty if it is."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "a broken symbolic link" if path.is_symlink() else str(error.strerror)
    return "" if stat.S_ISREG(mode) else kind_of(mode)
