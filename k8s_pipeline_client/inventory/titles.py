"""Under which NAME each pipeline and one-shot run is shown: one that means it, and no other. Pure."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Sequence

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.objects import Object, annotation, identity
from k8s_pipeline_client.domain.titles import is_typable, look
from k8s_pipeline_client.inventory.find import KEYS
from k8s_pipeline_client.status import PipelineStatus

_SHOWN = (labels.DISPLAY_NAME, labels.FQN)
"""What people know a pipeline by, the most readable first."""


def titles(items: Sequence[Object]) -> list[str]:
    """Return for each a NAME that means it alone: its display name, else its FQN, else its resource name.

    Never a text that is shown otherwise than it is typed, or that another text looks like: typed back, it would mean
    something else, or nothing.

    Args:
        items: All CronJobs of a namespace, and all Jobs of its one-shot runs: a name that fits one of another kind
            better, such as its own name, would mean that one.
    """
    pipelines = _Names([item for item in items if item["kind"] == Kind.CRONJOB])
    one_shots = _Names([item for item in items if item["kind"] != Kind.CRONJOB])
    of_look = _by_look(items)

    def means(text: str, item: Object) -> bool:
        if len(of_look[look(text)]) > 1:  # whoever sees the other one would type this one
            return False
        if item["kind"] == Kind.CRONJOB:
            return pipelines.mean(text, item)
        return not pipelines.fit(text) and one_shots.mean(text, item)

    def title(item: Object) -> str:
        texts = (annotation(item, key) for key in _SHOWN)
        return next((text for text in texts if is_typable(text) and means(text, item)), str(item["metadata"]["name"]))

    return [title(item) for item in items]


def titled(
    statuses: Sequence[PipelineStatus], items: Sequence[Object], *known: Sequence[Object]
) -> list[PipelineStatus]:
    """Return the statuses with their titles.

    Args:
        statuses: The statuses.
        items: The CronJobs and Jobs of the statuses, in the same order.
        known: All of each namespace, of which these are some.
    """
    shown = {id(item): title for those in known for item, title in zip(those, titles(those), strict=True)}
    return [dataclasses.replace(status, title=shown[id(item)]) for status, item in zip(statuses, items, strict=True)]


class _Names:
    """What can be typed for some objects; as `fitting`, for all of them at once."""

    def __init__(self, items: Sequence[Object]) -> None:
        self._counts = [Counter(key(item) for item in items) for key in KEYS]

    def fit(self, text: str) -> bool:
        """Return whether any of them matches."""
        return any(count[wanted] for count, wanted in zip(self._counts, _wanted(text), strict=True))

    def mean(self, text: str, item: Object) -> bool:
        """Return whether the text matches this one alone, by the first key by which it matches any."""
        for key, count, wanted in zip(KEYS, self._counts, _wanted(text), strict=True):
            if count[wanted]:
                return count[wanted] == 1 and key(item) == wanted
        return False


def _by_look(items: Sequence[Object]) -> dict[str, set[str]]:
    """Return all texts that match any of them, by what is seen of them."""
    found: dict[str, set[str]] = defaultdict(set)
    for text in {key(item) for key in KEYS if key is not identity for item in items}:
        if text:
            found[look(text)].add(text)
    return found


def _wanted(text: str) -> list[str | None]:
    """Return what a text would have to be by each key."""
    return [naming.identity(text) if key is identity else text for key in KEYS]
