"""What the shell offers when NAME or RUN is completed; silent where the cluster cannot be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from k8s_pipeline_client.cli.offering import offered
from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.errors import PipelineError

if TYPE_CHECKING:
    from k8s_pipeline_client.client import Pipelines


def complete_name(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer display names and, where two pipelines share one, fully qualified names."""
    return _fitting(ctx, lambda client: client.names(), incomplete)


def complete_run(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the ids of the runs of the pipeline that is named, else of all, newest first, with their states."""
    # Behind an option that lacks its value, click has parsed no arguments: they are left over.
    arguments = (ctx.params.get("name"), *(ctx.params.get("names") or ()), *ctx.args)
    named = next(filter(None, arguments), None)
    return _fitting(ctx, lambda client: _runs(client, named), incomplete)


def complete_name_or_run(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer names of pipelines, then, once something is typed, ids of runs."""
    names = complete_name(ctx, parameter, incomplete)
    return names + _fitting(ctx, lambda client: _runs(client, None), incomplete) if incomplete else names


def _runs(client: Pipelines, named: str | None) -> list[tuple[str, str]]:
    return [(run.run_id, f"{title}: {run.state}") for title, run in client.runs(named)]


def _fitting(
    ctx: click.Context, offers: Callable[[Pipelines], list[tuple[str, str]]], incomplete: str
) -> list[CompletionItem]:
    values = ctx.ensure_object(Globals)
    values.quiet = True
    try:
        found = offers(values.client())
    except PipelineError:
        return []  # an error would end up in the middle of what is being typed
    return offered(found, incomplete)
