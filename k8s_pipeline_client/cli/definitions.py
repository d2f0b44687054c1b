"""Commands that need no cluster: render, validate."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from k8s_pipeline_client.cli.options import (
    Globals,
    common_options,
    files_option,
    pass_globals,
    service_option,
    strict_option,
)
from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.domain.titles import titles_of

_RESOURCES = {"CronJob": "cronjob.batch", "Job": "job.batch"}


@click.command("render")
@files_option(required=True)
@service_option()
@strict_option()
@common_options
@pass_globals
def render_command(values: Globals, files: tuple[Path, ...], services: tuple[Path, ...], strict: bool) -> None:
    """Print the manifests, for `kubectl apply --server-side -f -`.

    They contain the workflow documents with their secrets (in Secrets), so keep them safe.
    """
    from k8s_pipeline_client.cli.files import for_all, read_pipelines
    from k8s_pipeline_client.cli.output import emit, emit_documents, note, warn
    from k8s_pipeline_client.render import Plan, planned
    from k8s_pipeline_client.render.token import newest_tokens

    settings = values.settings()
    plans = for_all(
        lambda item: planned(item, settings), read_pipelines(files, services, settings=settings, strict=strict)
    )
    titles = titles_of(item.pipeline for item in plans)
    tokens, token_notes = newest_tokens(
        (titles[item.pipeline.fqn], item.token) for item in plans if isinstance(item, Plan) and item.token
    )
    manifests = [manifest for item in plans for manifest in item.manifests()]
    unique = {(item["kind"], item["metadata"]["name"]): item for item in manifests}
    unique |= {("Secret", item["metadata"]["name"]): item for item in tokens}
    for item in plans:
        for text in item.notes:
            warn(f"{titles[item.pipeline.fqn]}: {text}")
    for text in token_notes:
        warn(text)
    if values.format("documents") == "documents":
        note(f"{counted(len(unique), 'manifest')} of {counted(len(plans), 'pipeline')}")
    emit(
        {"apiVersion": "v1", "kind": "List", "items": list(unique.values())},
        values.format("documents"),
        table=lambda: emit_documents(unique.values()),
        names=lambda: [f"{_RESOURCES.get(kind, kind.lower())}/{name}" for kind, name in unique],
    )


@click.command("validate")
@files_option(required=True)
@service_option()
@strict_option()
@common_options
@pass_globals
def validate_command(values: Globals, files: tuple[Path, ...], services: tuple[Path, ...], strict: bool) -> None:
    """Check definitions and settings, and show what they would become."""
    from k8s_pipeline_client.cli.files import for_all, read_pipelines
    from k8s_pipeline_client.cli.output import emit, print_table, warn
    from k8s_pipeline_client.cli.text import moment, schedule_text
    from k8s_pipeline_client.render import planned

    settings = values.settings()
    plans = for_all(
        lambda item: planned(item, settings), read_pipelines(files, services, settings=settings, strict=strict)
    )
    titles = titles_of(item.pipeline for item in plans)
    now = datetime.now(UTC)
    rows = []
    found = []
    for item in plans:
        pipeline, schedule = item.pipeline, item.pipeline.schedule
        due = schedule.next_after(now) if schedule and pipeline.enabled else None
        shown = schedule_text(
            schedule.expression if schedule else None, schedule.timezone if schedule else None, pipeline.enabled
        )
        rows.append([titles[pipeline.fqn], pipeline.service, pipeline.pipeline_type, shown, moment(due, now)])
        found.append(
            {
                "resourceName": item.name,
                "fqn": pipeline.fqn,
                "displayName": pipeline.display_name,
                "service": pipeline.service,
                "pipelineType": pipeline.pipeline_type,
                "schedule": schedule.expression if schedule else None,
                "timeZone": schedule.timezone if schedule else None,
                "nextRunAt": rfc3339(due) if due else None,
                "origin": pipeline.origin,
                "notes": list(item.notes),
            }
        )
        for text in item.notes:
            warn(f"{titles[pipeline.fqn]}: {text}")
    emit(
        found,
        values.format(),
        table=lambda: print_table(["NAME", "SERVICE", "TYPE", "SCHEDULE", "NEXT"], rows),
        names=lambda: [f"{'job' if item.pipeline.runs_once else 'cronjob'}.batch/{item.name}" for item in plans],
    )
