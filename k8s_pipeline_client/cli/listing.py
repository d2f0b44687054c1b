"""list: the pipelines of a namespace, with their schedules and last runs; chosen, sorted, and watched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from k8s_pipeline_client.cli.everywhere import (
    all_namespaces,
    all_namespaces_option,
    check_everywhere,
    with_namespaces,
)
from k8s_pipeline_client.cli.fromserver import connected, server_options
from k8s_pipeline_client.cli.options import Globals, common_options, pass_globals
from k8s_pipeline_client.cli.watching import show_once_or_watch, watch_option
from k8s_pipeline_client.domain.counting import counted

if TYPE_CHECKING:
    from k8s_pipeline_client.status import PipelineStatus

_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _last_run(item: PipelineStatus) -> datetime:
    return (item.last_run and item.last_run.created_at) or _EARLIEST


def _duration(item: PipelineStatus) -> timedelta:
    run = item.last_run
    return run.ended_at - run.started_at if run and run.started_at and run.ended_at else timedelta()


_SORT: Mapping[str, tuple[Callable[[PipelineStatus], Any], bool]] = MappingProxyType(
    {
        "service": (lambda item: (item.namespace, item.service, item.pipeline_type, item.display_name), False),
        "name": (lambda item: item.display_name, False),
        "type": (lambda item: (item.pipeline_type, item.service, item.display_name), False),
        "next": (lambda item: item.next_run_at or _LATEST, False),
        "last": (_last_run, True),
        "duration": (_duration, True),
    }
)
"""By what pipelines are sorted, and whether the greatest comes first."""


@click.command("list")
@click.option("--from-server", is_flag=True, help="Compare with what the OpenMetadata server has.")
@server_options
@click.option("--failed", is_flag=True, help="Only those whose last run failed or was missed.")
@click.option("--service", metavar="NAME", help="Only those of this service.")
@click.option("--type", "pipeline_type", metavar="TYPE", help="Only those of this type, such as metadata.")
@click.option("-l", "--selector", default="", help="Label selector for their CronJobs, as for kubectl.")
@click.option("--sort-by", type=click.Choice(list(_SORT)), default="service", show_default=True, help="Sort order.")
@click.option("--no-headers", is_flag=True, help="Omit the header line.")
@all_namespaces_option
@watch_option
@common_options
@pass_globals
def list_command(
    values: Globals,
    from_server: bool = False,
    server: str | None = None,
    server_token_file: Path | None = None,
    failed: bool = False,
    service: str | None = None,
    pipeline_type: str | None = None,
    selector: str = "",
    sort_by: str = "service",
    no_headers: bool = False,
    everywhere: bool = False,
    watch: bool = False,
) -> None:
    """List the pipelines with their schedules and last runs, or, from the server, what a deploy would do."""
    if everywhere:
        check_everywhere(values, ("--from-server", from_server))
    if from_server:
        _list_from_server(values, server, server_token_file)
        return
    from k8s_pipeline_client.cli.output import progress

    client = all_namespaces(values) if everywhere else values.client()
    key, greatest_first = _SORT[sort_by]
    known: list[PipelineStatus] = []

    def read() -> list[PipelineStatus]:
        with progress("reading the cluster"):
            found = client.list_pipelines(where=selector)
        known[:] = found
        chosen = (
            item
            for item in found
            if (service is None or item.service == service)
            and (pipeline_type is None or item.pipeline_type.lower() == pipeline_type.lower())
            and (not failed or _has_failed(item))
        )
        return sorted(chosen, key=key, reverse=greatest_first)

    is_chosen = failed or selector or service is not None or pipeline_type is not None
    place = "any namespace" if everywhere else f"namespace {values.settings().namespace}"

    def nothing() -> str:
        if not is_chosen:
            return f"no pipelines in {place}"
        return f"no pipelines in {place} that fit" + "".join(_hints(known, service, pipeline_type))

    def show(found: Sequence[PipelineStatus]) -> None:
        _show(values, found, nothing, headed=not no_headers, everywhere=everywhere)

    show_once_or_watch(read, show, watch=watch)


def _hints(known: Sequence[PipelineStatus], service: str | None, pipeline_type: str | None) -> Iterator[str]:
    """Yield what may have been meant by a service or type that none of the pipelines has."""
    from k8s_pipeline_client.domain.likeness import close_to, did_you_mean

    asked = (
        (service, {item.service for item in known}),
        (pipeline_type and pipeline_type.lower(), {item.pipeline_type.lower() for item in known}),
    )
    for wanted, names in asked:
        if wanted is not None and wanted not in names and (close := close_to(wanted, sorted(names))):
            yield f"; {did_you_mean(close)}"


def _has_failed(item: PipelineStatus) -> bool:
    return bool(item.missed or (item.last_run and item.last_run.state == "failed"))


def _show(
    values: Globals, found: Sequence[PipelineStatus], nothing: Callable[[], str], *, headed: bool, everywhere: bool
) -> None:
    from k8s_pipeline_client.cli.output import emit, note, print_table, warn

    def table() -> None:
        if not found:
            note(nothing())
            return
        now = values.now()
        for text in _of_tokens(found, now):
            warn(text)
        headers = with_namespaces(
            ["NAME", "SERVICE", "TYPE", "SCHEDULE", "NEXT", "LAST", "WHEN", "TOOK"], everywhere=everywhere
        )
        wide = ["DISPLAY NAME", "FQN", "RESOURCE"] if values.is_wide else []
        rows = [
            [
                *([item.namespace] if everywhere else []),
                *_cells(item, now),
                *([item.display_name, item.fqn, item.resource_name] if wide else []),
                _why(item),
            ]
            for item in found
        ]
        print_table([*headers, *wide, "CAUSE"], rows, headed=headed)

    emit(
        [item.as_dict() for item in found],
        values.format(),
        table=table,
        names=lambda: [resource_of(item) for item in found],
        headed=headed,
    )


def _cells(item: PipelineStatus, now: datetime) -> list[str]:
    from k8s_pipeline_client.cli.text import ago, moment, schedule_text, took

    run = item.last_run
    return [
        item.title or item.display_name or item.resource_name,
        item.service,
        item.pipeline_type,
        "once" if item.one_shot else schedule_text(item.schedule, item.time_zone, item.enabled),
        moment(item.next_run_at, now),
        str(run.state) if run else "-",
        ago(run.created_at, now) if run else "-",
        took(run),
    ]


def _of_tokens(found: Sequence[PipelineStatus], now: datetime) -> list[str]:
    """Return what is to be said of the tokens that have expired or soon will, once for all that use them."""
    from k8s_pipeline_client.domain.expiry import expires_soon

    ends = Counter(item.token_expires_at for item in found if expires_soon(item.token_expires_at, now))
    return [
        f"the token of {counted(number, 'pipeline')} {'expired' if at <= now else 'expires'} on {at:%Y-%m-%d}"
        for at, number in ends.items()
        if at is not None
    ]


def _why(item: PipelineStatus) -> str:
    from k8s_pipeline_client.cli.text import why

    said = why(item.last_run) if item.last_run else ""
    return said or (item.missed.summary if item.missed else "")


def resource_of(item: PipelineStatus) -> str:
    """Return the object that a pipeline or one-shot run is, as kubectl names it."""
    return f"{'job' if item.one_shot else 'cronjob'}.batch/{item.resource_name}"


def _list_from_server(values: Globals, server: str | None, token_file: Path | None) -> None:
    """List what OpenMetadata has against what the cluster has."""
    from k8s_pipeline_client.cli.output import emit, note, print_table, progress, warn
    from k8s_pipeline_client.cli.versions import images_of, version_warnings
    from k8s_pipeline_client.domain.titles import titles_of

    client = values.client()
    settings = values.settings()
    with connected(values, server, token_file) as source:
        there = source.all()
    pipelines = (item.pipeline for item in there if item.pipeline is not None)
    for text in version_warnings(source.version, images_of(pipelines, settings)):
        warn(text)
    with progress("reading the cluster"):
        found = client.compare(there, source.instance)
    titles = titles_of(found)
    rows = [
        [titles[item.fqn], item.fqn, item.pipeline_type, str(item.standing), "; ".join(item.reasons)] for item in found
    ]

    def table() -> None:
        if found:
            print_table(["NAME", "FQN", "TYPE", "STANDING", "WHY"], rows)
        counts = Counter(str(item.standing) for item in found)
        note(counted(len(found), "pipeline") + "".join(f", {number} {what}" for what, number in sorted(counts.items())))

    emit(
        [item.as_dict() for item in found],
        values.format(),
        table=table,
        names=lambda: [f"cronjob.batch/{item.resource_name}" for item in found if item.resource_name],
    )
