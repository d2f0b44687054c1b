"""Reads what a namespace holds of many pipelines: whole lists, or by name where it holds many others besides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

from k8s_pipeline_client.cluster.port import Cluster, Kind
from k8s_pipeline_client.deploying.deployed import SHARED, Deployed
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.inventory.lookup import UNLABELLED

Each = Callable[[Callable[[Any], object], Iterable[Any]], Iterable[object]]
"""`map`, or that of an executor, which makes requests beside one another."""

_FIRST_PAGE = 100
"""So many CronJobs are read before it is decided how to go on; with fewer than that, all has been read by then."""
_NAMES_AT_ONCE = 100
"""As many as fit into 6 KB of an address: there are proxies that take no more than 8."""
_MANY_OTHERS = 1.25
"""So many times the CronJobs that a batch has, and to read all of them takes longer than to ask for its own."""


def survey(cluster: Cluster, pipelines: Sequence[Pipeline], each: Each = map) -> Deployed:
    """Read what a namespace holds of pipelines.

    Of what the lists miss because it changes meanwhile, nothing comes of it that would not have come of it a moment
    later: what they say is there is compared by its UIDs, and what is new has to be missing from all of them.

    Raises:
        ClusterError: One of the lists could not be read.
    """
    deployed = Deployed()
    begin_anew = partial(deployed.forget, Kind.CRONJOB)
    pages = iter(cluster.pages(Kind.CRONJOB, labels=labels.PIPELINE, restart=begin_anew, first=_FIRST_PAGE))
    first = next(pages, [])
    if len(first) >= _FIRST_PAGE and (cluster.count(Kind.CRONJOB) or 0) > _MANY_OTHERS * len(pipelines):
        return by_name(cluster, pipelines, each)
    _read_whole(cluster, deployed, chain([first], pages), each)
    return deployed


def by_name(cluster: Cluster, pipelines: Sequence[Pipeline], each: Each = map) -> Deployed:
    """Read only what there is of these pipelines, however many others there are; see `survey`."""
    deployed = Deployed()

    def read(asked: tuple[Kind, str]) -> None:
        kind, selector = asked
        # Nothing is forgotten where a list restarts: what has gone since is then looked at once more, by itself.
        for page in cluster.pages(kind, labels=selector, restart=lambda: None):
            deployed.add(kind, page)

    _carried_out(each(read, list(_asked(pipelines))))
    return deployed


def _read_whole(cluster: Cluster, deployed: Deployed, cronjobs: Iterable[list[Object]], each: Each) -> None:
    def pages(kind: Kind) -> Iterable[list[Object]]:
        return cluster.pages(kind, labels=labels.LOOKUP_KEY, restart=partial(deployed.forget, kind))

    def read(kind: Kind) -> None:
        for page in cronjobs if kind is Kind.CRONJOB else pages(kind):
            deployed.add(kind, page)

    _carried_out(each(read, (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP)))


def _asked(pipelines: Sequence[Pipeline]) -> Iterator[tuple[Kind, str]]:
    """Yield the lists that together hold what there is of pipelines: their own, what has their ids, what they share."""
    for names in _parts({item.resource_name for item in pipelines}):
        for kind in (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP):
            yield kind, f"{labels.PIPELINE} in ({names})"
    for ids in _parts({naming.label_value(item.id) for item in pipelines if item.id}):
        yield Kind.CRONJOB, f"{labels.PIPELINE_ID} in ({ids})"
    yield Kind.CRONJOB, UNLABELLED
    yield Kind.SECRET, SHARED
    yield Kind.CONFIG_MAP, SHARED


def _parts(values: Iterable[str]) -> Iterator[str]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _NAMES_AT_ONCE):
        yield ",".join(ordered[start : start + _NAMES_AT_ONCE])


def _carried_out(results: Iterable[object]) -> None:
    """Wait for all, and raise what one of them has raised."""
    for _ in results:
        pass
