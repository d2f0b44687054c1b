"""Looks after the CronJobs of a pass: runs that were missed, and pipelines that OpenMetadata has deleted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.naming import instance_label
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.domain.redaction import redacted_traceback
from k8s_pipeline_client.errors import EntityNotFoundError, ForbiddenError, NotFoundError, PipelineError
from k8s_pipeline_client.inventory.lookup import jobs_of
from k8s_pipeline_client.inventory.snapshot import read_reduced
from k8s_pipeline_client.inventory.statuses import events_about
from k8s_pipeline_client.reporter import deleted, memory
from k8s_pipeline_client.reporter.cronjobs import read_cronjobs
from k8s_pipeline_client.reporter.destination import Destination
from k8s_pipeline_client.reporter.housekeeping import keep_house
from k8s_pipeline_client.reporter.ledger import LAST_PASS, Ledger
from k8s_pipeline_client.reporter.missed import Tracked, missed, missed_cause, missed_run, suspects, tracked
from k8s_pipeline_client.reporter.observe import within as selector
from k8s_pipeline_client.reporter.recovery import unseen
from k8s_pipeline_client.reporter.report import Action, PipelineReport, RunReport
from k8s_pipeline_client.reporter.single import Pass, report_missed
from k8s_pipeline_client.reporter.together import together
from k8s_pipeline_client.timelimit import time_limit

_LOG = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=60)
"""How often the CronJobs are read: nothing about them is urgent."""
LONGEST = timedelta(minutes=10)
"""So long after its search for missed runs a look beside the passes begins with no further pipeline."""
EACH_SECONDS = 60.0
"""So long a look may spend on one pipeline: the requests of that, to Kubernetes and to OpenMetadata, end with it."""
_OUTAGE = timedelta(minutes=5)

T = TypeVar("T")


def _key_of(instance: str | None) -> str:
    """Return the ledger's entry of the reporters of an instance, or of all."""
    return f"{LAST_PASS}.{instance_label(instance)}" if instance else LAST_PASS


def last_look(ledger: Mapping[str, str], instance: str | None) -> datetime | None:
    """Return when a reporter of an instance, or of all, last looked at the CronJobs; None if that is not known."""
    try:
        found = datetime.fromisoformat(ledger.get(_key_of(instance), ""))
    except ValueError:
        return None
    return found if found.tzinfo else None


def note_look(within: Pass, instance: str | None) -> None:
    """Note that the CronJobs are being looked at: who finds no such note speaks of an outage.

    Raises:
        ClusterError: It could not be written.
    """
    memory.note(within.cluster, {_key_of(instance): within.now.isoformat()})


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking at the CronJobs; see `Report`.

    Attributes:
        put_off: The CronJobs whose pipelines were to be asked for, and were not; those to begin with come first.
        behind: When pipelines were last asked for, if none was in this look; None if not known.
    """

    runs: tuple[RunReport, ...] = ()
    pipelines: tuple[PipelineReport, ...] = ()
    warnings: tuple[str, ...] = ()
    put_off: tuple[str, ...] = ()
    behind: datetime | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """What stays the same from look to look.

    Attributes:
        instance: Of which OpenMetadata the pipelines are; of any if None.
        retention_days: For so long a deleted pipeline is kept.
        parallel: So many pipelines are looked after at once.
        is_stopping: Once it is so, no further pipeline is begun with.
    """

    instance: str | None
    retention_days: int
    parallel: int
    is_stopping: Callable[[], bool]


class Schedules:
    """The CronJobs of a namespace: read in a pass, and looked after in it or beside later ones."""

    def __init__(self, within: Pass, setup: Setup, cronjobs: Sequence[Object], ledger: Ledger) -> None:
        """Take the pass, and what was read in it; see `read`."""
        self._pass = within
        self._setup = setup
        self._cronjobs = cronjobs
        self._ledger = ledger
        self._end: datetime | None = None

    @classmethod
    def read(cls, within: Pass, setup: Setup, noted: Mapping[str, str], before: datetime | None) -> Schedules:
        """Read them; after an outage, remember the runs of which only events are left.

        Args:
            within: The pass.
            setup: What stays the same.
            noted: The data of the ledger.
            before: When a reporter last looked; None if that is not known.

        Raises:
            ClusterError: They could not be read.
        """
        cronjobs = read_cronjobs(within.cluster, selector(setup.instance))
        names = {_name(cronjob) for cronjob in cronjobs}

        def is_ours(name: str, text: str) -> bool:
            return setup.instance is None or name in names or _is_of(setup.instance, Tracked.from_text(text))

        found = cls(within, setup, cronjobs, Ledger.read(within.cluster, noted, is_ours))
        if before is not None and within.now - before > _OUTAGE:
            within.notes.warn(
                f"no reporter ran from {before.isoformat()} until {within.now.isoformat()}: runs that were created and"
                " removed in between, and did not report themselves, are missing"
            )
            found._recover({cronjob["metadata"]["name"]: cronjob for cronjob in cronjobs})
        return found

    def look(self, before: datetime | None, unknown: Iterable[str], longest: timedelta | None = None) -> Looked:
        """Report the runs that were missed, and look after the pipelines that OpenMetadata has deleted.

        Args:
            before: When pipelines were last asked for; None if that is not known.
            unknown: Those to be asked for in any case, and in this order: of which OpenMetadata has just said that it
                does not have them, or which an earlier look has put off.
            longest: After so long, begin with no further pipeline; None for no limit.

        Raises:
            ClusterError: The API server cannot be reached.
        """
        self._pass = replace(self._pass, notes=self._pass.notes.apart())
        found = dict(self._each(self._searched, self._cronjobs))
        self._write({name: item for name, item in found.items() if self._is_news(name, item)} | self._gone())
        if longest is not None:
            self._end = self._pass.cluster.now() + longest
        runs: list[RunReport] = []
        told: dict[str, Tracked | None] = {}
        owing = [cronjob for cronjob in self._cronjobs if (item := found.get(_name(cronjob))) and item.owed]
        for name, reports, left in self._each(lambda cronjob: self._reported(cronjob, found[_name(cronjob)]), owing):
            runs += reports
            told[name] = left
        self._write({name: item for name, item in told.items() if item != found[name]})
        first = {name: place for place, name in enumerate(unknown)}
        asked = deleted.to_ask(self._cronjobs, {*first, *self._pass.notes.unknown}, before, self._pass.now)
        asked.sort(key=lambda cronjob: first.get(_name(cronjob), len(first)))
        begun: set[str] = set()
        pipelines = [said for said in self._each(lambda cronjob: self._settled(cronjob, begun), asked) if said]
        put_off = tuple(name for name in map(_name, asked) if name not in begun)
        if not self._setup.is_stopping():
            self._say_put_off({*put_off, *(_name(cronjob) for cronjob in owing if _name(cronjob) not in told)})
            keep_house(self._pass, before)
        return Looked(tuple(runs), tuple(pipelines), self._pass.notes.warnings, put_off)

    def _is_over(self) -> bool:
        """Return whether it is time to stop, or this look has taken for too long."""
        return self._setup.is_stopping() or (self._end is not None and self._pass.cluster.now() >= self._end)

    def _say_put_off(self, names: Collection[str]) -> None:
        if names and self._is_over():
            minutes = int(LONGEST.total_seconds() // 60)
            self._pass.notes.warn(
                f"{len(names)} pipelines are postponed to the next check: this one took {minutes} minutes"
            )

    def _each(self, work: Callable[[Object], T], cronjobs: Iterable[Object]) -> list[T]:
        """Do something about each, unless the look is over; a fault of ours in one is none of the others'."""

        def one(cronjob: Object) -> Iterator[T]:
            if self._is_over():
                return
            try:
                with time_limit(EACH_SECONDS):
                    found = work(cronjob)
                yield found
            except Exception as error:
                name = _name(cronjob)
                _LOG.error("cannot check the schedule of %s: %s", name, redacted_traceback(error))
                self._pass.notes.warn(f"{name}: unexpected: {type(error).__name__}")

        if self._is_over():
            return []
        tasks = [partial(lambda cronjob: list(one(cronjob)), cronjob) for cronjob in cronjobs]
        return [item for found in together(tasks, self._setup.parallel, "schedules") for item in found]

    def _recover(self, cronjobs: Mapping[str, Object]) -> None:
        """Remember the runs that came and went while nobody reported: the next pass looks for what became of them."""
        cluster = self._pass.cluster
        try:
            events = read_reduced(cluster, Kind.EVENT, fields="involvedObject.kind=Job")
            listed = read_reduced(cluster, Kind.JOB, labels=selector(self._setup.instance)) if events else []
        except ForbiddenError:
            return
        known = {job["metadata"]["uid"] for job in listed}
        found = list(unseen(events, cronjobs, known))
        ways: dict[str, Destination | None] = {}
        for run in found:
            if run.pipeline not in ways:
                ways[run.pipeline] = self._way_of(cronjobs[run.pipeline])
            way = ways[run.pipeline]
            if way is not None and way.fqn:
                whole = replace(run, fqn=way.fqn, address=way.address, token=way.token_source)
                self._pass.notes.remember(whole)

    def _way_of(self, cronjob: Object) -> Destination | None:
        try:
            return self._destination(cronjob)
        except PipelineError:
            return None

    def _known(self, name: str) -> Tracked | None:
        return Tracked.from_text(self._ledger.entries.get(name, ""))

    def _is_news(self, name: str, item: Tracked | None) -> bool:
        return item != self._known(name) or (item is None and name in self._ledger.entries)

    def _searched(self, cronjob: Object) -> tuple[str, Tracked | None]:
        """Return what is known of a schedule, with what was missed since."""
        name = _name(cronjob)
        known = tracked(cronjob, self._known(name), self._pass.now)
        if known is None:
            return name, None
        done = self._done(cronjob)
        dues = [due for due in suspects(cronjob, known, self._pass.now) if due not in done]
        if not dues:
            return name, known
        cluster = self._pass.cluster
        try:
            jobs, events = jobs_of(cluster, name), events_about(cluster, [cronjob])
        except PipelineError as error:
            self._pass.notes.warn(f"{name}: {error}")
            return name, known
        found = dict(missed(cronjob, dues, jobs, events))
        done.update(set(dues) - set(found))  # the others are done once the ledger has them
        return name, replace(known, owed={**known.owed, **found}) if found else known

    def _done(self, cronjob: Object) -> set[datetime]:
        """Return the due times that this process has looked into before."""
        return self._pass.quiet.looked_into(cronjob["metadata"]["uid"], self._pass.now)

    def _reported(self, cronjob: Object, known: Tracked | None) -> tuple[str, list[RunReport], Tracked | None]:
        """Report what a pipeline has missed, until the look is over; return what is left of it."""
        reports: list[RunReport] = []
        for due in sorted(known.owed) if known else ():
            assert known is not None
            if self._is_over():
                break
            report, is_done = self._reported_one(cronjob, known, due)
            reports.append(report)
            if is_done:
                known = known.without(due)
                self._done(cronjob).add(due)
        return _name(cronjob), reports, known

    def _reported_one(self, cronjob: Object, known: Tracked, due: datetime) -> tuple[RunReport, bool]:
        cause = known.owed[due] or missed_cause(_name(cronjob), due)
        status = missed_run(known.uid, due, cause)
        report = RunReport(
            status.run_id, _name(cronjob), annotation(cronjob, labels.FQN), "", status.state,
            Action.FAILED, str(cause.code),
        )  # fmt: skip
        try:
            destination = self._destination(cronjob)
            if not destination.fqn:
                return _with(report, Action.UNREPORTED), True
            action = report_missed(self._pass, status, destination)
        except EntityNotFoundError:
            self._pass.notes.unknown_pipeline(report.pipeline)
            return _with(report, Action.UNREPORTED), True
        except PipelineError as error:
            return _with(report, Action.FAILED, error), False
        return _with(report, action), action is Action.CONFIRMED

    def _settled(self, cronjob: Object, begun: set[str]) -> PipelineReport | None:
        name, fqn = _name(cronjob), annotation(cronjob, labels.FQN)
        begun.add(name)
        cluster = self._pass.cluster
        try:
            whole = cluster.get(Kind.CRONJOB, name)
            destination = self._pass.destinations.of_template(whole)
            with self._pass.notes.asking(destination):
                standing = deleted.standing_of(self._pass.destinations.server(destination), whole)
            said = deleted.settle(cluster, whole, standing)
            days = self._setup.retention_days
            if said == deleted.Standing.DELETED and deleted.was_kept(whole, days, self._pass.now):
                said = deleted.expire(cluster, whole)
        except NotFoundError:
            return None
        except PipelineError as error:
            return PipelineReport(name, fqn, "failed", str(error))
        if said in (deleted.Standing.GONE, deleted.EXPIRED):
            self._pass.notes.warn(f"{name} is suspended, since OpenMetadata has deleted {fqn}: remove it with prune")
        return PipelineReport(name, fqn, said) if said else None

    def _destination(self, cronjob: Object) -> Destination:
        """Return where the runs of a pipeline are reported."""
        return self._pass.destinations.of_template(self._pass.cluster.get(Kind.CRONJOB, _name(cronjob)))

    def _gone(self) -> dict[str, Tracked | None]:
        """Return the entries of CronJobs that are gone, as far as they are surely ours."""
        names = {_name(cronjob) for cronjob in self._cronjobs}
        left = [name for name in self._ledger.entries if name not in names]
        if self._setup.instance is not None:
            left = [name for name in left if _is_of(self._setup.instance, self._known(name))]
        return dict.fromkeys(left)

    def _write(self, changes: Mapping[str, Tracked | None]) -> None:
        written = self._ledger.write(self._pass.cluster, changes)
        self._ledger = written.ledger
        for error in written.refused:
            self._pass.notes.warn(f"cannot save the state of some schedules: {error}")
        if written.lost:
            self._pass.notes.warn(
                f"{written.lost} missed runs are dropped: OpenMetadata has not accepted them for too long"
            )


def _is_of(instance: str, item: Tracked | None) -> bool:
    return item is not None and item.instance == instance_label(instance)


def _name(cronjob: Object) -> str:
    return str(cronjob["metadata"]["name"])


def _with(report: RunReport, action: Action, error: PipelineError | None = None) -> RunReport:
    return replace(report, action=action, error=str(error or ""), error_code=error.code if error else "")
