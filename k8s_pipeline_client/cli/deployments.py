"""Deploys several pipelines at once, and prints the result of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from k8s_pipeline_client.cli.failing import explain
from k8s_pipeline_client.cli.hints import worded
from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.cli.suggest import Place
from k8s_pipeline_client.deploying.bulk import FAILED, INTERRUPTED, NOT_TRIED, Deployment
from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.domain.titles import titles_of

SKIPPED = "skipped"
_EXIT_INTERRUPTED = 130


def report(values: Globals, deployments: Sequence[Deployment], dry_run: str) -> int:
    """Print what was done, then what was not, and return the exit code."""
    from k8s_pipeline_client.cli.output import complain, emit, note, print_table, warn

    titles = titles_of(deployments)
    for item in deployments:
        for text in (text for text in item.notes if text not in item.said):
            warn(f"{titles[item.fqn]}: {text}")
    for item in deployments:
        said = titles[item.fqn] + (f": {worded(item.error, values.place)}" if item.error else "")
        if item.action == SKIPPED:
            note(f"skipped: {said}")
        elif item.action == FAILED:
            complain(said)
            if item.error:
                explain(item.error, values.verbose)
    done = [item for item in deployments if item.resource_name is not None]
    suffix = "" if dry_run == "none" else f" ({dry_run} dry run)"
    rows = [[titles[item.fqn], item.action + suffix, str(item.resource_name)] for item in done]
    emit(
        [_as_dict(item, values.place) for item in deployments],
        values.format(),
        table=lambda: print_table(["NAME", "ACTION", "RESOURCE"], rows) if rows else None,
        names=lambda: [f"cronjob.batch/{item.resource_name}" for item in done],
    )
    counts = Counter(item.action for item in deployments)
    if len(deployments) > 1:
        last = [SKIPPED, FAILED, NOT_TRIED, INTERRUPTED]
        kinds = [kind for kind in counts if kind not in last] + [kind for kind in last if counts[kind]]
        note(f"{counted(len(deployments), 'pipeline')}: {', '.join(f'{counts[kind]} {kind}' for kind in kinds)}")
    if counts[INTERRUPTED]:
        return _EXIT_INTERRUPTED
    return 1 if counts[FAILED] else 0


def _as_dict(item: Deployment, place: Place) -> dict[str, Any]:
    return {**item.as_dict(), "reason": worded(item.error, place) if item.error else None}
