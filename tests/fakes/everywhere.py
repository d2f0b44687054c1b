"""All namespaces of a cluster in memory: those of several `FakeCluster`, which list as one."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from k8s_pipeline_client.cluster.port import EVERYWHERE, Kind, Object
from tests.fakes.cluster import FakeCluster


class FakeEverywhere:
    """Lists what they hold; all else that the port has is refused, as with a cluster of `EVERYWHERE`.

    Attributes:
        lists: The kinds that were asked for, in their order, one for each list.
    """

    namespace = EVERYWHERE

    def __init__(self, clusters: Sequence[FakeCluster]) -> None:
        self._clusters = clusters
        self.lists: list[Kind] = []

    def list(self, kind: Kind, *, labels: str = "", fields: str = "") -> builtins.list[Object]:
        """See `Cluster.list`."""
        return [item for page in self.pages(kind, labels=labels, fields=fields, restart=lambda: None) for item in page]

    def pages(
        self,
        kind: Kind,
        *,
        labels: str = "",
        fields: str = "",
        restart: Callable[[], None],
        first: int | None = None,
        size: int | None = None,
    ) -> Iterator[builtins.list[Object]]:
        """See `Cluster.pages`; one page for each namespace."""
        self.lists.append(kind)
        for cluster in self._clusters:
            found = cluster.list(kind, labels=labels, fields=fields)
            yield [{**item, "metadata": {**item["metadata"], "namespace": cluster.namespace}} for item in found]

    def may(self, verb: str, resource: str, *, group: str = "", subresource: str = "") -> bool:
        """See `Cluster.may`: what each of them may."""
        return all(cluster.may(verb, resource, group=group, subresource=subresource) for cluster in self._clusters)

    def now(self) -> datetime:
        """See `Cluster.now`."""
        return self._clusters[0].now()

    def close(self) -> None:
        """Do nothing: there are no connections."""
