"""logs, kill: commands for runs; and how the end of one is waited for."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from k8s_pipeline_client.cli.complete import complete_name_or_run, complete_run
from k8s_pipeline_client.cli.hints import worded
from k8s_pipeline_client.cli.left import say_left
from k8s_pipeline_client.cli.options import Duration, Globals, common_options, pass_globals
from k8s_pipeline_client.cli.several import Target, check_chosen, chosen, each, run_option, several_options
from k8s_pipeline_client.errors import PipelineError, RunFailedError

if TYPE_CHECKING:
    from k8s_pipeline_client.client import Pipelines
    from k8s_pipeline_client.status import RunStatus

_LOG_DRAIN_SECONDS = 10.0


@click.command("logs")
@click.argument("name", type=Target(), shell_complete=complete_name_or_run)
@run_option()
@click.option("-f", "--follow", is_flag=True, help="Follow the log until the run has ended.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines.")
@click.option("--since", type=Duration(), metavar="D", help="Only lines from within this time, such as 15m.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="The Nth attempt; the newest if not given.")
@click.option("--timestamps", is_flag=True, help="Prefix every line with its timestamp.")
@common_options
@pass_globals
def logs_command(
    values: Globals,
    name: str,
    run: str | None,
    follow: bool,
    tail: int | None,
    since: float | None,
    attempt: int | None,
    timestamps: bool,
) -> None:
    """Print the log of a run; the document's secrets are redacted.

    NAME is a pipeline, or a run's id. Kubernetes keeps the last part of a long log only (10 MiB by default).
    """
    from k8s_pipeline_client.cli.output import note
    from k8s_pipeline_client.runs.logs import LogOptions

    since_seconds = None if since is None else max(1, round(since))
    options = LogOptions(tail_lines=tail, since_seconds=since_seconds, timestamps=timestamps, attempt=attempt)
    _copy(values.client().logs(name, run=run, follow=follow, options=options, note=note), sys.stdout)


@click.command("kill")
@click.argument("names", metavar="[NAME|RUN|JOB]...", nargs=-1, type=Target(), shell_complete=complete_name_or_run)
@several_options
@click.option(
    "--run",
    "runs",
    metavar="ID",
    multiple=True,
    type=Target(),
    shell_complete=complete_run,
    help="A run's id or a prefix of it; all active ones if not given. May be repeated.",
)
@click.option("--timeout", type=Duration(), help="How long to wait, in all, for the pods. [default: 2m for each NAME]")
@click.option("--no-wait", is_flag=True, help="Return once the API server has accepted it; do not wait for the pods.")
@common_options
@pass_globals
def kill_command(
    values: Globals,
    names: tuple[str, ...],
    everything: bool,
    files: tuple[Path, ...],
    runs: tuple[str, ...],
    timeout: float | None,
    no_wait: bool,
) -> int:
    """End active runs, and wait until their pods are gone; the schedule stays active.

    Either all active runs of pipelines, or single runs by id, prefix of an id, or name of the Job.
    """
    from k8s_pipeline_client.cli.output import emit, progress, say, warn
    from k8s_pipeline_client.client.ending import KILL_TIMEOUT
    from k8s_pipeline_client.polling import Countdown

    check_chosen(names, everything, files)
    if runs and len(names) != 1:
        raise click.UsageError("--run requires a single NAME.")
    client = values.writer()
    limit = Countdown(timeout)

    def kill(name: str) -> list[RunStatus]:
        left = limit.left(KILL_TIMEOUT)
        return client.kill(name, run=runs or None, timeout=left, wait=not no_wait, announce=warn)

    with progress("ending the runs"):
        wanted, defined = chosen(values, client, names, everything, files, one_shot=True)
        found, code = each(values, wanted, kill)
    say_left(values, client, defined, "kill", active_only=True)
    killed = [status for those in found for status in those]

    def table() -> None:
        for status in killed:
            is_ended = status.state.is_terminal
            what = "had succeeded before" if status.state.value == "success" else "was killed"
            line = f"run {status.run_id} {what if is_ended else 'is being ended'}"
            say(of_which(status, line, of_several=len(wanted) > 1))
        if not killed and not code:
            say("no run is active")

    emit(
        [status.as_dict() for status in killed],
        values.format(),
        table=table,
        names=lambda: [f"job.batch/{status.job_name}" for status in killed],
    )
    return code


def see_to_the_end(
    values: Globals,
    client: Pipelines,
    started: RunStatus,
    *,
    logs: bool,
    timeout: float | None,
) -> None:
    """Wait for the end of a run and show it.

    Raises:
        RunFailedError: It failed.
    """
    ended = wait_for_run(values, client, started, timeout, logs=logs)
    show_run(values, ended)
    if ended.state.value == "failed":
        raise RunFailedError(f"run {ended.run_id} failed", hint=f"next: {_next_command(values, ended)}")


def wait_for_run(
    values: Globals, client: Pipelines, started: RunStatus, timeout: float | None, *, logs: bool = False
) -> RunStatus:
    """Wait for the end of a run, and return how it ended; whoever interrupts that is told how to come back to it."""
    from k8s_pipeline_client.cli.output import note
    from k8s_pipeline_client.cli.suggest import command

    try:
        return _wait(values, client, started, logs=logs, timeout=timeout)
    except KeyboardInterrupt:
        note(f"run {started.run_id} continues; next: {command('wait', started.job_name, place=values.place)}")
        raise


def _wait(values: Globals, client: Pipelines, started: RunStatus, *, logs: bool, timeout: float | None) -> RunStatus:
    """Wait for the end of a run, and show on the way what becomes of it."""
    from k8s_pipeline_client.cli.output import note
    from k8s_pipeline_client.cli.text import cause_lines, retry_lines, run_line

    told: set[str] = set()

    def on_change(status: RunStatus) -> None:
        if status.state.is_terminal:
            return
        lines = [run_line(status, values.now()), *cause_lines(status)]
        if status.retry and status.retry.name not in told:  # of each attempt once, whatever changes after it
            told.add(status.retry.name)
            lines += retry_lines(status)
        for line in lines:
            note(line)

    if not logs:
        return client.wait(started.job_name, timeout=timeout, on_change=on_change)
    # The result must stay what it says it is.
    target = sys.stdout if values.format() in ("table", "wide") else sys.stderr
    reader = threading.Thread(target=_follow, args=(values, client, started.job_name, timeout, target), daemon=True)
    reader.start()
    ended = client.wait(started.job_name, timeout=timeout, on_change=on_change)
    reader.join(_LOG_DRAIN_SECONDS)
    return ended


def _follow(values: Globals, client: Pipelines, job_name: str, timeout: float | None, target: TextIO | None) -> None:
    from k8s_pipeline_client.cli.output import note, warn

    try:
        _copy(client.follow(job_name, timeout=timeout, note=note), target)
    except OSError:
        return  # nobody reads it any more; the run's end is waited for all the same
    except PipelineError as error:
        warn(worded(error, values.place))  # the run's end is what is waited for; its log can be read again
    except Exception as error:
        from k8s_pipeline_client.cli.unexpected import described

        warn(described(error))  # a thread's traceback would show whatever the error quotes


def _copy(chunks: Iterator[bytes], target: TextIO | None) -> None:
    """Write bytes as they are: a log need not be UTF-8."""
    for chunk in chunks:
        if target is not None:
            target.buffer.write(chunk)
            target.buffer.flush()


def show_run(values: Globals, status: RunStatus) -> None:
    """Print where a run is, why it is not further, and what to type next."""
    from k8s_pipeline_client.cli.output import emit

    emit(
        status.as_dict(),
        values.format(),
        table=lambda: print_run(values, status),
        names=lambda: [f"job.batch/{status.job_name}"],
    )


def print_run(values: Globals, status: RunStatus, *, of_several: bool = False) -> None:
    """Print where a run is, for people; of several, with what it is a run of."""
    from k8s_pipeline_client.cli.output import note, say
    from k8s_pipeline_client.cli.text import cause_lines, retry_lines, run_line

    say(of_which(status, run_line(status, values.now()), of_several=of_several))
    for line in (*cause_lines(status), *retry_lines(status)):
        say(line)
    if not status.state.is_terminal:
        note(f"next: {_next_command(values, status)}")


def of_which(status: RunStatus, line: str, *, of_several: bool) -> str:
    """Return a line about a run; where several are told of, with its pipeline, which the run's id does not tell."""
    return f"{status.fqn}: {line}" if of_several and status.fqn else line


def _next_command(values: Globals, status: RunStatus) -> str:
    from k8s_pipeline_client.cli.suggest import command

    # By its Job: two runs may have one id, and two pipelines one name.
    if status.state == "failed":
        return command("diagnose", status.job_name, place=values.place)  # the log's end, and what it means
    follow = [] if status.state.is_terminal else ["-f"]
    return command("logs", status.job_name, *follow, place=values.place)
