"""Rejects duplicate definitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from k8s_pipeline_client.errors import CopiedIdError, DefinitionError

if TYPE_CHECKING:
    from k8s_pipeline_client.domain.pipeline import Pipeline


def refuse_twins(pipelines: Iterable[Pipeline]) -> None:
    """Reject definitions with the same fully qualified name, or the same id.

    Ids are unique among OpenMetadata's pipelines; an automation or an application may have the same one.

    Raises:
        DefinitionError: There are duplicates.
    """
    seen: dict[tuple[str, str], Pipeline] = {}
    ids: dict[tuple[str, str, str], Pipeline] = {}
    copies: list[tuple[Pipeline, Pipeline]] = []
    for pipeline in pipelines:
        first = seen.setdefault((pipeline.instance, pipeline.fqn), pipeline)
        if first is not pipeline:
            raise DefinitionError(
                f"{pipeline.origin}: {pipeline.fqn!r} is already defined in {first.origin}",
                hint="remove one of the two: fully qualified names are unique",
            )
        if pipeline.id is None:
            continue
        first = ids.setdefault((pipeline.instance, pipeline.component, pipeline.id), pipeline)
        if first is not pipeline:
            copies.append((pipeline, first))
    if copies:
        pipeline, first = copies[0]
        more = f"; {len(copies) - 1} more definitions have duplicate ids" if len(copies) > 1 else ""
        raise CopiedIdError(
            f"{pipeline.origin}: {pipeline.fqn!r} has the same id as {first.fqn!r} in {first.origin}{more}",
            hint="remove the id of the copy, or give it another one: ids are unique",
        )
