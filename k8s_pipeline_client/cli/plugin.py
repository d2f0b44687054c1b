"""Completion of ``kubectl ompipeline``: the program ``kubectl_complete-ompipeline``, which kubectl asks.

It is given the words behind ``kubectl ompipeline``, the last one as far as it is typed, and answers as kubectl's own
completion does: one offer a line, a tab before what it is, and at the end a directive.
https://pkg.go.dev/github.com/spf13/cobra#ShellCompDirective
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from click.shell_completion import ShellComplete

from k8s_pipeline_client.cli.output import emit_text
from k8s_pipeline_client.cli.shells import PROGRAM, VARIABLE, kind_of

_FILES, _NO_SPACE, _NO_FILES, _FOLDERS = 0, 2, 4, 16


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what kubectl is to offer."""
    emit_text(offers(sys.argv[1:] if arguments is None else arguments))


def offers(arguments: Sequence[str]) -> str:
    """Return what kubectl is to offer for the last of these words, and its directive."""
    from k8s_pipeline_client.cli.main import cli
    from k8s_pipeline_client.cli.options import Globals

    *words, last = arguments or [""]
    found = ShellComplete(cli, {"obj": Globals()}, PROGRAM, VARIABLE).get_completions(words, last)
    kinds = {kind_of(item) for item in found}
    directive = _FILES if "file" in kinds else _FOLDERS if "dir" in kinds else _NO_FILES
    if kinds == {"open"}:
        directive |= _NO_SPACE
    lines = [
        f"{item.value}\t{item.help}" if item.help else str(item.value)
        for item in found
        if kind_of(item) not in ("file", "dir")
    ]
    return "\n".join([*lines, f":{directive}"])
