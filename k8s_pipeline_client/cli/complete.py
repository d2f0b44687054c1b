"""What the shell offers when NAME or RUN is completed; silent where the cluster cannot be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.launcher.visible import visible

if TYPE_CHECKING:
    from k8s_pipeline_client.client import Pipelines


def complete_name(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer display names and, where two pipelines share one, fully qualified names."""
    return _fitting(ctx, lambda client: client.names(), incomplete)


def complete_run(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the ids of runs, newest first, with their pipelines and states."""

    def offers(client: Pipelines) -> list[tuple[str, str]]:
        return [(run.run_id, f"{title}: {run.state}") for title, run in client.runs(ctx.params.get("name"))]

    return _fitting(ctx, offers, incomplete)


def complete_name_or_run(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer names of pipelines, then ids of runs."""
    return [*complete_name(ctx, parameter, incomplete), *complete_run(ctx, parameter, incomplete)]


def _fitting(
    ctx: click.Context, offers: Callable[[Pipelines], list[tuple[str, str]]], incomplete: str
) -> list[CompletionItem]:
    values = ctx.ensure_object(Globals)
    values.quiet = True
    try:
        found = offers(values.client())
    except PipelineError:
        return []  # an error would end up in the middle of what is being typed
    return [
        CompletionItem(value, help=visible(text))
        for value, text in found
        # The shell prints what it offers, and nobody can check what they would be typing.
        if value.startswith(incomplete) and visible(value) == value
    ]
