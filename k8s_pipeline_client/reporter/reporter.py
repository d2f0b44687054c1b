"""The reporter: reports to OpenMetadata how every run ended.

Each pass is level-based: it lists what is not finally reported, computes state and cause, compares with what
OpenMetadata has, and writes the difference. It may be killed at any point and restarted, and two may work side by
side: all that they write follows from what is there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Self

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import label
from k8s_pipeline_client.domain.redaction import redacted_traceback
from k8s_pipeline_client.errors import ClusterError, PipelineError
from k8s_pipeline_client.reporter import ends
from k8s_pipeline_client.reporter.destination import Connect, Destinations
from k8s_pipeline_client.reporter.looking import Looking
from k8s_pipeline_client.reporter.loop import Loop
from k8s_pipeline_client.reporter.memory import Memory, OpenRun
from k8s_pipeline_client.reporter.notes import Notes
from k8s_pipeline_client.reporter.observe import Observed, Seen, observe
from k8s_pipeline_client.reporter.quiet import Quiet
from k8s_pipeline_client.reporter.report import Action, Report, RunReport
from k8s_pipeline_client.reporter.single import Pass, report_seen, report_vanished
from k8s_pipeline_client.reporter.situation import due_again, start_deadline
from k8s_pipeline_client.reporter.stale import close_stale
from k8s_pipeline_client.reporter.together import PARALLEL, together
from k8s_pipeline_client.reporter.wake import Wake
from k8s_pipeline_client.settings import Settings

_LOG = logging.getLogger(__name__)

_Task = Callable[[], RunReport | None]


class Reporter:
    """Reports the ends of the runs of one namespace; a context manager that closes its connections.

    ::

        with Reporter(cluster, settings) as reporter:
            print(reporter.reconcile().as_dict())
    """

    def __init__(
        self, cluster: Cluster, settings: Settings, server: Connect | None = None, *, parallel: int = PARALLEL
    ) -> None:
        """Take a cluster's namespace.

        Args:
            cluster: Is not closed with this object.
            settings: See `load_settings`. ``metadataApiEndpoint`` and ``serverToken`` or ``serverTokenFile`` say where
                runs are reported; without them each is reported where it reports itself.
            server: What connects to an OpenMetadata server; over HTTP if None.
            parallel: How many runs are reported at once.
        """
        self._cluster = cluster
        self._settings = settings
        self._destinations = Destinations(cluster, settings, server)
        self._quiet = Quiet()
        self._parallel = parallel
        self._looking = Looking(settings, parallel)
        self._open: Mapping[str, OpenRun] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to OpenMetadata; afterwards no passes are made."""
        self._looking.close()
        self._destinations.close()

    def reconcile(self) -> Report:
        """Make one pass; what fails of one run stops no other, and is in the report.

        Raises:
            ClusterError: What there is could not be read.
            SettingsError: A file that the settings name cannot be read.
        """
        return self._pass(beside=False)

    def _pass(self, *, beside: bool) -> Report:
        """Make one pass.

        Args:
            beside: Look at the schedules beside the next passes: what comes of it is in the report of a later one.
        """
        begin = time.monotonic()
        self._destinations.begin()
        seen = observe(self._cluster, self._settings.instance, self._open)
        notes = Notes(seen.memory)
        within = Pass.of(self._cluster, self._destinations, self._quiet, notes, self._settings)
        runs = self._work(self._tasks(within, seen))
        self._keep(within, seen.runs, runs)
        schedules = self._looking.read(within, seen.memory.ledger)
        notes.write(self._cluster)
        looked = self._looking.look(schedules, within, seen.memory.ledger, beside=beside)
        runs += looked.runs
        self._open = notes.left()
        self._quiet.only({run.run_id for run in runs})
        warnings = tuple(dict.fromkeys((*notes.warnings, *looked.warnings)))
        again = self._again(within, seen.runs)
        return Report(tuple(runs), looked.pipelines, warnings, time.monotonic() - begin, again)

    def _again(self, within: Pass, runs: Sequence[Seen]) -> float | None:
        """Return in how many seconds there is something to do about a run, whatever happens."""
        moments = [_due(within, run) for run in runs]
        return min(((moment - within.now).total_seconds() for moment in moments if moment), default=None)

    def close_stale(self, before: datetime, *, dry_run: bool = False) -> Report:
        """Close the rows that an earlier client has left unfinished; see `stale.close_stale`.

        Args:
            before: Aware; only rows that began before it.
            dry_run: Only say which they are.

        Raises:
            ClusterError: What there is could not be read.
        """
        begin = time.monotonic()
        self._destinations.begin()
        notes = Notes(Memory({}, {}, {}))
        within = Pass.of(self._cluster, self._destinations, self._quiet, notes, self._settings)
        runs = tuple(close_stale(within, self._settings.instance, before, dry_run=dry_run))
        return Report(runs, warnings=notes.warnings, seconds=time.monotonic() - begin)

    def run(
        self,
        *,
        interval: float = 10.0,
        stop: threading.Event,
        watch: bool | None = None,
        on_pass: Callable[[Report], None] = lambda report: None,
        on_error: Callable[[PipelineError], None] = lambda error: None,
    ) -> None:
        """Make passes until told to stop; an API server that is down is waited for.

        Args:
            interval: Seconds from the beginning of one pass to that of the next.
            stop: Set to end it; a pass that is under way is brought to its end.
            watch: Watch Jobs and pods, and make a pass as soon as a run may have ended; as the settings say if None
                (``reporterWatch``). Where that is forbidden or breaks, it is said, and the interval counts.
            on_pass: Called with the report of each pass.
            on_error: Called with the error of a pass that failed.
        """
        wake = threading.Event() if (self._settings.reporter_watch if watch is None else watch) else None
        if wake is not None:
            Wake(self._cluster, self._settings.instance, stop, wake).start()
        make_pass = partial(self._pass, beside=True)
        with self._looking.until(stop):
            Loop(make_pass, interval=interval, stop=stop, on_pass=on_pass, on_error=on_error, wake=wake).run()

    def _tasks(self, within: Pass, observed: Observed) -> list[_Task]:
        known = observed.memory.runs
        tasks: list[_Task] = [
            partial(_safely, partial(report_seen, within, seen, known.get(seen.run_id)), _unreported(seen))
            for seen in observed.runs
        ]
        for run in observed.vanished:
            failed = RunReport(run.run_id, run.pipeline, run.fqn, run.job, "", Action.FAILED)
            pods = observed.left_pods.get(run.job, [])
            tasks.append(partial(_safely, partial(report_vanished, within, run, pods), failed))
        return tasks

    def _work(self, tasks: Sequence[_Task]) -> list[RunReport]:
        return [report for report in together(tasks, self._parallel, "report") if report is not None]

    def _keep(self, within: Pass, seen: Sequence[Seen], reports: Sequence[RunReport]) -> None:
        """Keep the Jobs whose ends could not be confirmed yet."""
        done = {report.run_id for report in reports if report.action is Action.CONFIRMED}
        for run in seen:
            if run.run_id not in done and run.has_ended:
                try:
                    ends.keep_until_reported(self._cluster, run, within.now)
                except ClusterError as error:
                    within.notes.warn(str(error))


def _safely(task: _Task, failed: RunReport) -> RunReport | None:
    """Do something about one run; what goes wrong is its own."""
    try:
        return task()
    except PipelineError as error:
        _LOG.debug("cannot report run %s: %s", failed.run_id, error)
        return replace(failed, error=str(error), error_code=error.code)
    except Exception as error:  # a fault of ours in one run is none of the others'
        _LOG.error("cannot report run %s: %s", failed.run_id, redacted_traceback(error))
        return replace(failed, error=f"unexpected: {type(error).__name__}", error_code="Unexpected")


def _due(within: Pass, seen: Seen) -> datetime | None:
    """Return when there is something to do about one run, whatever happens; what goes wrong is its own."""
    try:
        deadline = start_deadline(seen.job, seen.pods, seen.status, within.start_timeout)
        return due_again(seen.job, seen.status, deadline, within.now)
    except Exception as error:  # its Job may be an odd one
        _LOG.error("cannot tell when to check run %s again: %s", seen.run_id, redacted_traceback(error))
        return None


def _unreported(seen: Seen) -> RunReport:
    pipeline = label(seen.job, labels.PIPELINE)
    name = seen.job["metadata"]["name"]
    return RunReport(seen.run_id, pipeline, "", name, seen.status.state, Action.FAILED)
