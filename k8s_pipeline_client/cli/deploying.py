"""deploy: definitions onto the cluster, from files or from the OpenMetadata server."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from k8s_pipeline_client.cli.deployments import SKIPPED, report
from k8s_pipeline_client.cli.fromserver import connected, server_options
from k8s_pipeline_client.cli.options import Globals, common_options, files_option, pass_globals, strict_option
from k8s_pipeline_client.cli.versions import AskedVersions, images_of, version_warnings
from k8s_pipeline_client.deploying.bulk import FAILED, PARALLEL, Deployment
from k8s_pipeline_client.deploying.stale import Current, unknown
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.domain.titles import titles_of
from k8s_pipeline_client.errors import PipelineError

_THERE_BEFORE = ("updated", "unchanged")

if TYPE_CHECKING:
    from k8s_pipeline_client.cli.fromserver import Connected
    from k8s_pipeline_client.deploying.copies import Judge
    from k8s_pipeline_client.deploying.fetch import ServerPipeline
    from k8s_pipeline_client.domain.pipeline import Pipeline
    from k8s_pipeline_client.settings import Settings


class _Text(click.ParamType[str]):
    """A text; an empty one, as an unset variable leaves it, would mean all."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text."""
        if not value:
            self.fail("it is empty", param, ctx)
        return str(value)


@click.command("deploy")
@click.argument("fqns", metavar="[FQN]...", nargs=-1, type=_Text())
@files_option()
@click.option("--from-server", is_flag=True, help="Deploy what the OpenMetadata server has: those with FQN, or --all.")
@click.option("--all", "everything", is_flag=True, help="With --from-server: every pipeline.")
@click.option(
    "--service",
    "services",
    metavar="FILE|NAME",
    multiple=True,
    type=_Text(),
    help="With -f: service entities whose connections go into the documents. With --all: only those of this service.",
)
@server_options
@click.option(
    "--dry-run",
    type=click.Choice(["none", "client", "server"]),
    default="none",
    help="client: validate without a cluster; server: have the API server validate, without saving.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Take over what another field manager or another source owns, and replace a renamed pipeline that runs.",
)
@click.option(
    "--rename",
    is_flag=True,
    help="With -f: a pipeline that the cluster has under another name, with the same id, was renamed: the other one is "
    "deleted, with the records of its runs.",
)
@click.option(
    "--parallel",
    type=click.IntRange(1, 32),
    default=PARALLEL,
    show_default=True,
    metavar="N",
    help="How many pipelines to write in parallel at most; fewer while the API server is overloaded.",
)
@strict_option()
@common_options
@pass_globals
def deploy_command(
    values: Globals,
    fqns: tuple[str, ...],
    files: tuple[Path, ...],
    from_server: bool,
    everything: bool,
    services: tuple[str, ...],
    server: str | None,
    server_token_file: Path | None,
    dry_run: str,
    force: bool,
    rename: bool,
    parallel: int,
    strict: bool,
) -> int:
    """Create or update pipelines, from files or from the OpenMetadata server.

    From files nothing is written unless every definition is usable. From the server, a pipeline that cannot be used
    is listed with its reason and does not stop the others.
    """
    how = _How(dry_run, force, parallel, strict)
    if not from_server:
        if fqns or everything:
            raise click.UsageError("FQN and --all require --from-server; name files with -f.")
        return _from_files(values, files, [Path(item) for item in services], how, renamed=rename)
    if files:
        raise click.UsageError("-f and --from-server are mutually exclusive.")
    if bool(fqns) == everything:
        raise click.UsageError("--from-server takes either fully qualified names or --all.")
    if rename:
        raise click.UsageError("--rename requires -f: with --from-server, the server says what was renamed.")
    if services and not everything:
        raise click.UsageError("--service requires --all.")
    with connected(values, server, server_token_file) as source:
        found = source.all(services) if everything else source.named(fqns)
        return _from_server(values, found, source, how)


@dataclass(frozen=True)
class _How:
    """How to deploy, as the options say."""

    dry_run: str
    force: bool
    parallel: int
    strict: bool


def _from_files(values: Globals, files: Sequence[Path], services: Sequence[Path], how: _How, *, renamed: bool) -> int:
    from k8s_pipeline_client.cli.files import for_all, read_pipelines
    from k8s_pipeline_client.cli.output import warn
    from k8s_pipeline_client.deploying.copies import by_the_files

    if not files:
        raise click.UsageError("Name files with -f, or deploy --from-server.")
    settings = values.settings()
    pipelines = read_pipelines(files, services, settings=settings, strict=how.strict)
    # All of them first: where one cannot be used, nothing is written.
    deployments = for_all(lambda pipeline: _checked(pipeline, settings), pipelines)
    if how.dry_run != "client":
        asked = AskedVersions(pipelines, settings)
        judge = by_the_files(pipelines, renamed=renamed)
        deployments = _deployed(values, pipelines, Source.FILES, how, judge)
        for text in asked.warnings():
            warn(text)
    if len(deployments) == 1 and deployments[0].error is not None:
        raise deployments[0].error
    return report(values, deployments, how.dry_run)


def _from_server(values: Globals, found: Sequence[ServerPipeline], source: Connected, how: _How) -> int:
    from k8s_pipeline_client.cli.files import warn_of_tokens
    from k8s_pipeline_client.cli.output import note, warn
    from k8s_pipeline_client.deploying.copies import by_the_server

    if not found:
        note("OpenMetadata has no ingestion pipelines")
    settings = values.settings()
    becomes: dict[str, Deployment] = {}
    usable: list[Pipeline] = []
    for item in found:
        if item.pipeline is None:
            action = SKIPPED if item.is_skipped else FAILED
            becomes[item.fqn] = Deployment(item.fqn, item.display_name, action, error=item.error)
            continue
        try:
            becomes[item.fqn] = _checked(item.pipeline, settings)
            usable.append(item.pipeline)
        except PipelineError as error:
            becomes[item.fqn] = Deployment(item.fqn, item.display_name, FAILED, error=error)
    if settings.token_secret is None:
        warn_of_tokens(usable, datetime.now(UTC))
    for text in version_warnings(source.version, images_of(usable, settings)):
        warn(text)
    if how.dry_run != "client":
        judge, current = by_the_server(source.fetcher), source.fetcher.updated_at
        done = _deployed(values, usable, Source.SERVER, how, judge, current)
        becomes |= {item.fqn: item for item in done}
    return report(values, list(becomes.values()), how.dry_run)


def _checked(pipeline: Pipeline, settings: Settings) -> Deployment:
    from k8s_pipeline_client.render import plan

    found = plan(pipeline, settings)
    return Deployment(pipeline.fqn, pipeline.display_name, "checked", found.name, found.notes)


def _deployed(
    values: Globals,
    pipelines: Sequence[Pipeline],
    source: Source,
    how: _How,
    judge: Judge,
    current: Current = unknown,
) -> list[Deployment]:
    if not pipelines:
        return []
    from k8s_pipeline_client.cli.output import progress, warn

    client = values.writer()
    count = len(pipelines)
    title = f"deploying {pipelines[0].display_name}" if count == 1 else f"deploying {count} pipelines"
    done = itertools.count(1)
    titles = titles_of(pipelines)
    with progress(title) as say:
        found = client.deploy_all(
            pipelines,
            dry_run=how.dry_run == "server",
            force=how.force,
            source=source,
            judge=judge,
            parallel=how.parallel,
            on_done=lambda deployment: say(f"{title}: {next(done)} done"),
            current=current,
            announce=lambda pipeline, text: warn(f"{titles[pipeline.fqn]}: {text}"),
        )
    there = {item.fqn for item in found if item.action in _THERE_BEFORE}
    for fqn, text in client.overlaps([item for item in pipelines if item.fqn in there]).items():
        warn(f"{fqn}: {text}")
    return found
