"""Finds the pipeline that a person means among those that files define."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8s_pipeline_client.domain import naming
from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.domain.likeness import did_you_mean
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.titles import close_titles, typable
from k8s_pipeline_client.errors import InputError, UnknownNameError

_MANY = 8


def _id(pipeline: Pipeline) -> str | None:
    return pipeline.id


_KEYS: tuple[Callable[[Pipeline], str | None], ...] = (
    lambda pipeline: pipeline.resource_name,
    lambda pipeline: pipeline.fqn,
    _id,
    lambda pipeline: pipeline.name,
    lambda pipeline: pipeline.display_name,
    lambda pipeline: f"{pipeline.service}/{pipeline.pipeline_type}",
)
"""What NAME may be, the most exact first; the first that fits anything decides, as on the cluster."""


def choose(pipelines: Sequence[Pipeline], name: str | None, *, option: str) -> Pipeline:
    """Return the pipeline that NAME stands for; without one, the only one.

    Args:
        pipelines: What the files define.
        name: As it was given.
        option: How it is given, for the error.

    Raises:
        InputError: There are several, and none was named.
        UnknownNameError: None fits, or more than one.
    """
    fitting = list(pipelines)
    if name is not None:
        wanted = ((key, naming.identity(name) if key is _id else name) for key in _KEYS)
        by_key = ([item for item in pipelines if key(item) == text] for key, text in wanted)
        fitting = next(filter(None, by_key), [])
    if len(fitting) == 1:
        return fitting[0]
    listed = _listed(sorted(map(_offered, fitting or pipelines)))
    if name is None:
        raise InputError(
            f"the files define {counted(len(fitting), 'pipeline')}", hint=f"choose one with {option}: {listed}"
        )
    if fitting:
        raise UnknownNameError(f"{name!r} matches {len(fitting)} pipelines: {listed}", hint="use one of these names")
    close = did_you_mean(close_titles(name, ((_typed(item), _offered(item)) for item in pipelines)))
    raise UnknownNameError(f"no pipeline {name!r} in the files", hint=close or f"they define {listed}")


def _typed(item: Pipeline) -> list[str]:
    return [text for key in _KEYS if key is not _id and (text := key(item))]


def _offered(item: Pipeline) -> str:
    return typable(item.fqn, item.resource_name)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return ", ".join(names[:_MANY]) + more
