"""Refuses what is defined twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from k8s_pipeline_client.errors import DefinitionError

if TYPE_CHECKING:
    from k8s_pipeline_client.domain.pipeline import Pipeline


def refuse_twins(pipelines: Iterable[Pipeline]) -> None:
    """Refuse two definitions under one fully qualified name, or with one id.

    Raises:
        DefinitionError: There are two.
    """
    seen: dict[tuple[str, str], Pipeline] = {}
    ids: dict[tuple[str, str], Pipeline] = {}
    for pipeline in pipelines:
        first = seen.setdefault((pipeline.instance, pipeline.fqn), pipeline)
        if first is not pipeline:
            raise DefinitionError(
                f"{pipeline.origin}: {pipeline.fqn!r} is defined in {first.origin} already",
                hint="remove one of the two; a fully qualified name stands for one pipeline",
            )
        if pipeline.id is None:
            continue
        first = ids.setdefault((pipeline.instance, pipeline.id), pipeline)
        if first is not pipeline:
            raise DefinitionError(
                f"{pipeline.origin}: {pipeline.fqn!r} has the same id as {first.fqn!r} in {first.origin}",
                hint="take the id out of the copy; one id under two names is a pipeline that was renamed",
            )
