"""Tells renames from copies: definitions whose id is deployed under another name.

The two look the same. Treating a copy as a rename would delete a pipeline that is still needed, with its run history;
so a rename has to be confirmed, by a person or by the OpenMetadata server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.deploying.fetch import Fetcher
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import CopiedIdError

Judge = Callable[[Pipeline, Object], bool]
"""Takes a pipeline and a CronJob with the same id under another name; returns whether the pipeline was renamed.

False: the CronJob belongs to another pipeline, and is kept. Raises `CopiedIdError` if that is unknown. Thread-safe.
"""


def by_the_entity(_pipeline: Pipeline, _old: Object) -> bool:
    """Judge for entities of OpenMetadata: an id has exactly one name there."""
    return True


def by_the_files(wanted: Iterable[Pipeline] = (), *, renamed: bool = False) -> Judge:
    """Judge for files, which cannot tell copies from renames: a person has to confirm renames.

    Args:
        wanted: All definitions in the files; their pipelines are kept.
        renamed: A person has confirmed that differing names are renames.
    """
    names = {(naming.instance_label(item.instance), item.fqn) for item in wanted}

    def judge(pipeline: Pipeline, old: Object) -> bool:
        fqn = annotation(old, labels.FQN)
        if fqn != pipeline.fqn and (naming.instance_label(pipeline.instance), fqn) in names:
            return False
        if renamed:
            return True
        raise CopiedIdError(
            _title(pipeline, old),
            code="CopiedOrRenamed",
            facts={"fqn": pipeline.fqn, "earlier": fqn, "cronjob": old["metadata"]["name"]},
            hint="if it is a copy, remove the id or give it another one; if it was renamed, deploy it as such, "
            "which deletes the other one and its run history (diff shows them)",
        )

    return judge


def by_the_server(fetcher: Fetcher) -> Judge:
    """Judge by whether the server has the earlier name; raises the errors of that request, too."""

    def judge(pipeline: Pipeline, old: Object) -> bool:
        fqn = annotation(old, labels.FQN)
        if annotation(old, labels.MANAGED_BY_SOURCE) == Source.FILES:
            raise CopiedIdError(
                f"{_title(pipeline, old)}, from files, so the server does not know it",
                facts={"fqn": pipeline.fqn, "earlier": fqn},
                hint="remove the id from the definition in the files, or delete the pipeline deployed from them",
            )
        found = fetcher.under(fqn)
        if found is None or found.fqn == pipeline.fqn:
            return True
        if found.id != pipeline.id:
            return False
        raise CopiedIdError(
            f"{_title(pipeline, old)}, and OpenMetadata has both",
            facts={"fqn": pipeline.fqn, "earlier": fqn},
            hint="ids are unique: check the response of GET /v1/services/ingestionPipelines",
        )

    return judge


def refuse_copies(
    pipelines: Sequence[Pipeline], with_the_same_id: Callable[[Pipeline], Sequence[Object]], judge: Judge
) -> None:
    """Refuse definitions with the ids of other pipelines, before the first write.

    Args:
        pipelines: All of them.
        with_the_same_id: Returns the CronJobs that have a pipeline's id under other names.
        judge: Knows renames from copies.

    Raises:
        CopiedIdError: There are some.
    """
    refused: list[CopiedIdError] = []
    for pipeline in pipelines:
        try:
            for old in with_the_same_id(pipeline):
                judge(pipeline, old)
        except CopiedIdError as error:
            refused.append(error)
    if refused:
        first, *others = refused
        if not others:
            raise first
        raise first.with_outcome(f"{len(others)} more definitions have duplicate ids") from first


def _title(pipeline: Pipeline, old: Object) -> str:
    fqn, name = annotation(old, labels.FQN), old["metadata"]["name"]
    return f"{pipeline.origin}: {pipeline.fqn!r} has the id of {fqn!r}, which is deployed as CronJob {name}"
