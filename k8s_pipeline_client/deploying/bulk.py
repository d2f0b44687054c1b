"""Deploys many pipelines: what is as planned costs nothing beyond a few lists, and what is new four writes.

The lists are read once, and say of most pipelines what is to be done. Those that are there and differ are observed one
by one, as if each were deployed alone. Each is rendered once, by the thread that hands them out, while others are
written: Python computes in one thread at a time, so that what is rendered twice, or waited for, is time lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.deploying import acceptance, stale, tokens
from k8s_pipeline_client.deploying.concurrency import ConcurrencyLimit
from k8s_pipeline_client.deploying.copies import Judge, refuse_copies
from k8s_pipeline_client.deploying.deploy import Action, Deployer
from k8s_pipeline_client.deploying.deployed import Deployed
from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.deploying.rename import with_the_same_id
from k8s_pipeline_client.deploying.survey import survey
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.errors import (
    ApiError,
    ClusterError,
    ForbiddenError,
    NotFoundError,
    PipelineError,
    UnauthorizedError,
    UnreachableError,
)
from k8s_pipeline_client.render.plan import Plan

PARALLEL = 16
"""The default maximum concurrency."""

FAILED = "failed"
NOT_TRIED = "not tried"
INTERRUPTED = "interrupted"

WORTH_LISTS = 20
"""From so many pipelines on, lists are read for all of them rather than three short ones for each."""
PLANS_AHEAD = 32
"""So many more than there are threads may be rendered and not written yet: enough that no thread waits for one."""
_GIVE_UP_SECONDS = 600.0
"""Seconds of nothing but 429 responses after which the batch is aborted."""
_THROTTLED_PAUSE = 5.0
_TOO_MANY_REQUESTS = 429
_UNWELL = (502, 503, 504)
_HOPELESS = (UnreachableError, UnauthorizedError, NotFoundError)


@dataclass(frozen=True, slots=True)
class Deployment:
    """The result of one definition.

    Attributes:
        action: An `Action`, or ``failed``, ``not tried``, ``interrupted``, ``skipped``, ``checked``.
        resource_name: None if nothing was deployed.
        error: Why it failed, or was skipped.
        said: The notes that were announced in advance.
    """

    fqn: str
    display_name: str
    action: str
    resource_name: str | None = None
    notes: Sequence[str] = ()
    error: PipelineError | None = None
    said: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "resourceName": self.resource_name,
            "fqn": self.fqn,
            "displayName": self.display_name,
            "action": self.action,
            "notes": list(self.notes),
            "reason": str(self.error) if self.error else None,
            "code": self.error.code if self.error else None,
        }


class Batch:
    """One deploy of many pipelines."""

    def __init__(
        self,
        cluster: Cluster,
        pipelines: Sequence[Pipeline],
        plan: Callable[[Pipeline], Plan],
        judge: Judge,
        *,
        refuse_copies_first: bool = False,
        dry_run: bool = False,
        force: bool = False,
        parallel: int = PARALLEL,
        on_done: Callable[[Deployment], None] = lambda deployment: None,
        announce: Callable[[Pipeline, str], None] = lambda pipeline, text: None,
        current: stale.Current = stale.unknown,
        accepted: acceptance.Accepted = acceptance.unasked,
    ) -> None:
        """Take the pipelines.

        Args:
            cluster: Where to.
            pipelines: What.
            plan: Plans one of them; called once for each. Few of its results are kept at a time: thousands of
                documents would be in memory twice.
            judge: Tells renames from copies; see `Deployer.deploy`.
            refuse_copies_first: Write nothing at all if one of them has the id of another pipeline.
            dry_run: Server-side dry run.
            force: See `Deployer`.
            parallel: How many may be written at once at most; fewer are while the API server has too much to do.
            on_done: Called with each as it is done, by one thread at a time.
            announce: Called with a pipeline and what a person should know before it happens.
            current: See `Deployer`; threads call it.
            accepted: See `Deployer`; threads call it.
        """
        self._cluster = cluster
        self._pipelines = pipelines
        self._plan = plan
        self._judge = judge
        self._refuse_copies_first = refuse_copies_first
        self._dry_run = dry_run
        self._parallel = parallel
        self._on_done = on_done
        self._announce = announce
        self._deployer = Deployer(cluster, dry_run=dry_run, force=force, current=current, accepted=accepted)
        self._limit = ConcurrencyLimit(parallel)
        self._deployed: Deployed | None = None
        self._found: dict[int, Deployment] = {}
        self._room = threading.Semaphore(parallel + PLANS_AHEAD)
        self._stop = threading.Event()
        self._tokens: dict[int, Object] = {}
        self._lock = threading.Lock()
        self._well_at = time.monotonic()

    def run(self) -> list[Deployment]:
        """Deploy all, and return the results in the same order.

        A failure does not stop the others, unless they would fail for the same reason. A KeyboardInterrupt waits for
        deploys in progress, so that none is left half-deployed.

        Raises:
            CopiedIdError: There are copies, and ``refuse_copies_first`` is set.
        """
        untried = NOT_TRIED
        with ThreadPoolExecutor(max_workers=self._parallel) as pool:
            try:
                self._deployed = self._lists(pool)
                if self._refuse_copies_first and len(self._pipelines) > 1:  # one alone is refused by its deploy
                    refuse_copies(self._pipelines, self._with_the_same_id, self._judge)
                self._hand_out(pool)
                self._confirm_tokens()
            except KeyboardInterrupt:
                untried = INTERRUPTED
            finally:
                self._stop.set()
        # By index: started ones are found also if the interrupt came while others were still being submitted.
        return [
            self._found.get(number) or Deployment(pipeline.fqn, pipeline.display_name, untried)
            for number, pipeline in enumerate(self._pipelines)
        ]

    def _lists(self, pool: ThreadPoolExecutor) -> Deployed | None:
        """Read the namespace, if that pays."""
        if len(self._pipelines) < WORTH_LISTS:
            return None
        with suppress(ClusterError):  # each deploy says for itself what is wrong
            return survey(self._cluster, self._pipelines, partial(in_our_context, pool))
        return None

    def _hand_out(self, pool: ThreadPoolExecutor) -> None:
        """Plan one after the other, note those that are as planned, and write the others.

        The first new pipeline for each set of shared objects that it would have to write goes first, so that the
        others find launcher, certificates and token there.
        """
        writing: list[Future[None]] = []
        gone_first: set[tuple[str, ...]] = set()
        for number in range(len(self._pipelines)):
            if self._stop.is_set():
                break
            plan = self._planned(number)
            if plan is None:
                continue
            live, missing = self._known(plan)
            self._room.acquire()
            # In a copy of our context: a time limit of ours is theirs.
            writing.append(pool.submit(copy_context().run, self._write, number, plan, live))
            if missing and missing not in gone_first:
                gone_first.add(missing)
                writing[-1].result()
                self._refresh_shared()
        for each in writing:
            each.result()

    def _planned(self, number: int) -> Plan | None:
        """Return what a pipeline is to be, if anything is to be done for that; note what has become of it if not."""
        pipeline, deployed = self._pipelines[number], self._deployed
        try:
            plan = self._plan(pipeline)
        except PipelineError as error:
            self._done(number, Deployment(pipeline.fqn, pipeline.display_name, FAILED, error=error))
            return None
        if deployed is None or not deployed.is_as_planned(plan):
            return plan
        shared = deployed.shared_note(plan)
        notes = (*plan.notes, shared) if self._deployer.shared_notes.first(shared) else tuple(plan.notes)
        self._done(number, Deployment(pipeline.fqn, pipeline.display_name, Action.UNCHANGED, plan.name, notes))
        return None

    def _known(self, plan: Plan) -> tuple[Live | None, tuple[str, ...]]:
        """Return what there is, and what is missing of what is shared, where the lists have told.

        They have of what is new. All else may be old by now.
        """
        deployed = self._deployed
        if deployed is None or not deployed.is_new(plan):
            return None, ()
        return deployed.live_of_new(plan), deployed.missing_shared(plan)

    def _with_the_same_id(self, pipeline: Pipeline) -> Sequence[Object]:
        if self._deployed is not None:
            return self._deployed.with_the_same_id(pipeline)
        with suppress(ClusterError):
            return with_the_same_id(self._cluster, pipeline)
        return []

    def _refresh_shared(self) -> None:
        if self._deployed is not None and not self._dry_run:
            with suppress(ClusterError):  # then each looks for itself
                self._deployed.refresh_shared(self._cluster)

    def _confirm_tokens(self) -> None:
        """Restore a token's Secret that a concurrent delete of its last user has removed.

        If this fails, the pipelines that need it have failed: their runs may not start.
        """
        if self._deployed is None or self._dry_run:
            return
        if not self._tokens:
            return
        try:
            there = {item["metadata"]["name"] for item in self._cluster.list(Kind.SECRET, labels=labels.TOKEN)}
            used = {token["metadata"]["name"]: token for token in self._tokens.values()}
            for name in used.keys() - there:
                tokens.ensure(self._cluster, used[name], None)
        except PipelineError as error:
            for number in self._tokens:
                self._found[number] = replace(self._found[number], action=FAILED, error=error)

    def _write(self, number: int, plan: Plan, live: Live | None) -> None:
        try:
            self._one(number, plan, live)
        except BaseException:
            self._stop.set()  # whoever waits for all is told of it; until then nothing more is begun
            raise
        finally:
            self._room.release()

    def _one(self, number: int, plan: Plan, live: Live | None) -> None:
        while not self._stop.is_set():
            throttled = self._cluster.throttled
            with self._limit.slot() as begun:
                if self._stop.is_set():
                    return
                deployment = self._attempt(number, plan, live)
            if self._cluster.throttled > throttled:
                self._limit.back_off(begun)
            if not _is_throttled(deployment.error):
                self._well_at = time.monotonic()
                self._done(number, deployment)
                return
            if time.monotonic() - self._well_at > _GIVE_UP_SECONDS:
                self._stop.set()
                self._done(number, deployment)
                return
            self._stop.wait(_THROTTLED_PAUSE)

    def _attempt(self, number: int, plan: Plan, live: Live | None) -> Deployment:
        pipeline = self._pipelines[number]
        said: list[str] = []

        def announce(text: str) -> None:
            said.append(text)
            with self._lock:
                self._announce(pipeline, text)

        try:
            done = self._deployer.deploy(plan, self._judge, live, announce=announce)
        except PipelineError as error:
            if _is_hopeless(error):
                self._stop.set()
            return Deployment(pipeline.fqn, pipeline.display_name, FAILED, error=error)
        if done.action is Action.CREATED and plan.token:
            self._tokens[number] = plan.token
        return Deployment(done.fqn, done.display_name, str(done.action), done.name, done.notes, said=said)

    def _done(self, number: int, deployment: Deployment) -> None:
        with self._lock:
            self._found[number] = deployment
            self._on_done(deployment)


def in_our_context(pool: ThreadPoolExecutor, read: Callable[[Any], object], items: Iterable[Any]) -> Iterator[object]:
    """Let a pool work within our time limit."""
    return pool.map(lambda found: found(), [partial(copy_context().run, read, item) for item in items])


def _is_throttled(error: PipelineError | None) -> bool:
    return isinstance(error, ApiError) and error.status == _TOO_MANY_REQUESTS


def _is_hopeless(error: PipelineError) -> bool:
    """Return whether the next pipeline would fail for the same reason; retries are done before."""
    if isinstance(error, ForbiddenError):
        return error.code == "AccessDenied"  # a missing permission; admission concerns single objects
    return isinstance(error, _HOPELESS) or (isinstance(error, ApiError) and error.status in _UNWELL)
