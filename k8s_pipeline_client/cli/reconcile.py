"""reconcile: report to OpenMetadata how every run ended."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from k8s_pipeline_client.cli.options import Duration, Globals, common_options, pass_globals

if TYPE_CHECKING:
    from k8s_pipeline_client.reporter import Report, Reporter

_LOG = logging.getLogger(__name__)

_INTERVAL = "10s"
_LONGEST_INTERVAL = 60.0
_CONFIRM_AFTER = 3.0
"""Seconds after which what was written is read back: whoever may still be writing a first row has done so by then."""


class _Moment(click.ParamType[datetime]):
    """A time such as ``2026-01-31T12:00:00Z``; without an offset it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return it, aware."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-01-31T12:00:00Z", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.command("reconcile")
@click.option("--once", is_flag=True, help="Make one pass, and exit; for use in a CronJob of your own.")
@click.option(
    "--interval", type=Duration(), default=_INTERVAL, show_default=True, help="Time between passes; 60s at most."
)
@click.option(
    "--watch/--no-watch",
    default=None,
    help="Watch Jobs and pods, and make a pass when a run may have ended. [default: from the settings]",
)
@click.option("--close-stale", is_flag=True, help="Close unfinished rows that an earlier client has left, and exit.")
@click.option("--before", type=_Moment(), metavar="TIME", help="With --close-stale: only rows that began before it.")
@click.option("--dry-run", is_flag=True, help="With --close-stale: only list them.")
@click.option("--metrics-port", type=click.IntRange(0, 65535), help="Show metrics for Prometheus on this port.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the log on standard error.",
)
@common_options
@pass_globals
def reconcile_command(
    values: Globals,
    once: bool,
    interval: float,
    watch: bool | None,
    close_stale: bool,
    before: datetime | None,
    dry_run: bool,
    metrics_port: int | None,
    log_format: str,
) -> int:
    """Report to OpenMetadata how every run ended, and why, until stopped.

    Runs that cannot start are killed after their start timeout, and due runs that Kubernetes did not start are
    reported as missed. The settings say where runs are reported (metadataApiEndpoint, serverToken, serverTokenFile);
    without them each is reported where it reports itself.
    """
    _check(values, once, interval, close_stale, before, dry_run, metrics_port)
    if watch and (once or close_stale):
        raise click.UsageError("--watch cannot be combined with --once or --close-stale")
    from k8s_pipeline_client.cli.logs import log_progress
    from k8s_pipeline_client.reporter import Reporter

    if log_format == "json":
        values.log_json()
    settings = values.settings()
    if log_format == "text" and not (once or close_stale):
        log_progress()
    cluster = values.cluster()
    with Reporter(cluster, settings) as reporter:
        if close_stale:
            assert before is not None
            return _show(values, reporter.close_stale(before, dry_run=dry_run))
        if once:
            return _show(values, _one_pass(reporter))
        _go_on(reporter, interval, watch, metrics_port)
        return 0


def _check(
    values: Globals,
    once: bool,
    interval: float,
    close_stale: bool,
    before: datetime | None,
    dry_run: bool,
    metrics_port: int | None,
) -> None:
    if not 1.0 <= interval <= _LONGEST_INTERVAL:
        raise click.UsageError("--interval must be between 1s and 60s")
    if close_stale and (before is None or once):
        raise click.UsageError("--close-stale requires --before and cannot be combined with --once")
    if not close_stale and (before is not None or dry_run):
        raise click.UsageError("--before and --dry-run require --close-stale")
    if (once or close_stale) and metrics_port is not None:
        raise click.UsageError("--metrics-port cannot be combined with --once or --close-stale")
    if values.output and not (once or close_stale):
        raise click.UsageError("--output requires --once or --close-stale")


def _one_pass(reporter: Reporter) -> Report:
    """Make a pass; what it has written is read back, so that it need not be looked at again."""
    report = reporter.reconcile()
    if not any(run.action == "written" for run in report.runs):
        return report
    time.sleep(_CONFIRM_AFTER)
    return report.followed_by(reporter.reconcile())


def _go_on(reporter: Reporter, interval: float, watch: bool | None, metrics_port: int | None) -> None:
    from k8s_pipeline_client.reporter.metrics import Metrics

    metrics = Metrics(metrics_port) if metrics_port is not None else None
    try:
        with _until_ended() as stop:
            _LOG.info("reporting the ends of runs, every %g s", interval)
            reporter.run(
                interval=interval,
                stop=stop,
                watch=watch,
                on_pass=metrics.passed if metrics else lambda report: None,
                on_error=metrics.failed if metrics else lambda error: None,
            )
            _LOG.info("stopped on request")
    finally:
        if metrics:
            metrics.close()


@contextmanager
def _until_ended() -> Iterator[threading.Event]:
    """Yield what is set when somebody asks for the end; a second time ends the program at once."""
    stop = threading.Event()

    def ask(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(values: Globals, report: Report) -> int:
    from k8s_pipeline_client.cli.output import emit, note, print_table, warn

    def table() -> None:
        for text in report.warnings:
            warn(text)
        if not report.runs and not report.pipelines:
            note("nothing to report")
            return
        rows = [
            [run.fqn or run.pipeline, run.run_id, run.state, run.action.value, run.error or run.cause]
            for run in report.runs
        ]
        rows += [[item.fqn, "-", item.standing, "-", item.error] for item in report.pipelines]
        print_table(["PIPELINE", "RUN", "STATE", "DONE", "WHY"], rows)

    emit(report.as_dict(), values.format(), table=table, names=lambda: [run.run_id for run in report.runs])
    return 1 if report.failures else 0
