"""What the shell offers where a place is completed: contexts and namespaces, without asking the cluster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from k8s_pipeline_client.errors import PipelineError
from k8s_pipeline_client.launcher.visible import visible


def complete_context(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the contexts of the kubeconfig."""
    found = _contexts(ctx)
    return offered([(name, f"namespace {found[name]}" if found[name] else "") for name in found], incomplete)


def complete_namespace(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the namespaces that settings and kubeconfig name: listing those of a cluster takes more permissions."""
    values: Any = ctx.find_root().obj
    values.quiet = True
    try:
        known = [values.settings().namespace]
    except PipelineError:
        known = []
    names = dict.fromkeys(name for name in (*known, *_contexts(ctx).values()) if name)
    return offered([(name, "") for name in names], incomplete)


def offered(found: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    """Return what begins as it is typed, each with what stands beside it."""
    return [
        CompletionItem(value, help=visible(text) or None)
        for value, text in found
        # The shell prints what it offers, and nobody can check what they would be typing.
        if value.startswith(incomplete) and visible(value) == value
    ]


def _contexts(ctx: click.Context) -> dict[str, str]:
    from k8s_pipeline_client.cluster.finding import contexts

    values: Any = ctx.find_root().obj
    return contexts(values.kubeconfig)
