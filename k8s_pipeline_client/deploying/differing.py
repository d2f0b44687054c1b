"""Shows what a deploy of many pipelines would change: what is as planned costs no more than a few lists.

The lists are those of a deploy in bulk. Of what is new they tell all that has to be known, so that it costs its dry
runs; what is there and differs is looked at by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.deploying.bulk import PLANS_AHEAD, WORTH_LISTS, in_our_context
from k8s_pipeline_client.deploying.copies import Judge
from k8s_pipeline_client.deploying.deployed import Deployed
from k8s_pipeline_client.deploying.diff import Difference, differences
from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.deploying.survey import survey
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.errors import ClusterError
from k8s_pipeline_client.render.plan import Plan


def differences_of_all(
    cluster: Cluster, pipelines: Sequence[Pipeline], plan: Callable[[Pipeline], Plan], judge: Judge, *, parallel: int
) -> list[Difference]:
    """Return what a deploy of pipelines would change, in their order, each object once.

    Args:
        cluster: Where they would be deployed.
        pipelines: The pipelines.
        plan: Plans one of them.
        judge: See `copies`.
        parallel: How many may be looked at at once.

    Raises:
        PipelineError: The first one in their order that a difference cannot be told of.
    """
    pool = ThreadPoolExecutor(max(1, min(parallel, len(pipelines))))
    try:
        looks = _Looks(cluster, plan, judge, pool, _lists(cluster, pipelines, pool), parallel)
        begun = [looks.begin(pipeline) for pipeline in pipelines]
        found = [difference for each in begun if each for difference in each.result()]
    finally:
        pool.shutdown(cancel_futures=True)
    return list({(item.kind, item.name): item for item in found}.values())


def _lists(cluster: Cluster, pipelines: Sequence[Pipeline], pool: ThreadPoolExecutor) -> Deployed | None:
    if len(pipelines) < WORTH_LISTS:
        return None
    with suppress(ClusterError):  # each says for itself what is wrong
        return survey(cluster, pipelines, partial(in_our_context, pool))
    return None


class _Looks:
    """The looks at pipelines, which a pool takes."""

    def __init__(
        self,
        cluster: Cluster,
        plan: Callable[[Pipeline], Plan],
        judge: Judge,
        pool: ThreadPoolExecutor,
        deployed: Deployed | None,
        parallel: int,
    ) -> None:
        self._cluster = cluster
        self._plan = plan
        self._judge = judge
        self._pool = pool
        self._deployed = deployed
        self._room = threading.Semaphore(parallel + PLANS_AHEAD)

    def begin(self, pipeline: Pipeline) -> Future[list[Difference]] | None:
        """Have one looked at; None where the lists have told that it is as planned."""
        plan, deployed = self._plan(pipeline), self._deployed
        if deployed is None or not deployed.is_new(plan):
            if deployed is not None and deployed.is_as_planned(plan):
                return None
            return self._submitted(plan, None)
        live, missing = deployed.live_of_new(plan), deployed.missing_shared(plan)
        begun = self._submitted(plan, live)
        if missing:
            begun.exception()  # it is shown with the first that needs it
            deployed.take_shared(plan)
        return begun

    def _submitted(self, plan: Plan, live: Live | None) -> Future[list[Difference]]:
        self._room.acquire()
        # In a copy of our context: a time limit of ours is theirs.
        return self._pool.submit(copy_context().run, self._look, plan, live)

    def _look(self, plan: Plan, live: Live | None) -> list[Difference]:
        try:
            return list(differences(self._cluster, plan, self._judge, live))
        finally:
            self._room.release()
