"""Matches objects with a NAME. Pure: `lookup` reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.domain.likeness import close_to, did_you_mean
from k8s_pipeline_client.domain.objects import Object, annotation, identity, label, newest_first
from k8s_pipeline_client.domain.titles import close_titles, typable
from k8s_pipeline_client.errors import UnknownNameError

_MANY = 8

KEYS: tuple[Callable[[Object], str | None], ...] = (
    lambda item: str(item["metadata"]["name"]),
    lambda item: annotation(item, labels.FQN),
    identity,
    lambda item: annotation(item, labels.NAME),
    lambda item: annotation(item, labels.DISPLAY_NAME),
    lambda item: f"{annotation(item, labels.SERVICE)}/{annotation(item, labels.PIPELINE_TYPE)}",
)
"""What NAME may be, the most specific first; the first one that matches anything decides."""


def fitting(items: Sequence[Object], name: str) -> list[Object]:
    """Return the objects (CronJobs, and Jobs of one-shot runs) that match NAME, by the most specific key."""
    for key in KEYS:
        wanted = naming.identity(name) if key is identity else name
        found = [item for item in items if key(item) == wanted]
        if found:
            return found
    return []


def the_one(found: Sequence[Object], name: str) -> Object:
    """Return the only object.

    Raises:
        UnknownNameError: There is more than one; the message lists them, and tells pipelines from one-shot runs.
    """
    if len(found) == 1:
        return found[0]
    kinds = Counter("pipeline" if item["kind"] == Kind.CRONJOB else "one-shot run" for item in found)
    matched = " and ".join(counted(number, kind) for kind, number in sorted(kinds.items(), reverse=True))
    more = f" and {len(found) - _MANY} more" if len(found) > _MANY else ""
    raise UnknownNameError(
        f"{name!r} matches {matched}: {', '.join(map(_told_apart, found[:_MANY]))}{more}",
        hint="use one of these names",
    )


Told = Callable[[str, Object, Sequence[Object]], None]
"""Takes a NAME that means several objects, which of them was taken, and the others."""


def untold(name: str, taken: Object, others: Sequence[Object]) -> None:
    """Tell nobody."""


def meant(found: Sequence[Object], name: str, told: Told = untold) -> Object:
    """Return the one object that is meant: of a pipeline and one-shot runs, the pipeline.

    Args:
        found: What NAME matches.
        name: What was typed.
        told: Called where one-shot runs have the name, too.

    Raises:
        UnknownNameError: It matches several pipelines, or several one-shot runs and no pipeline.
    """
    pipelines = [item for item in found if item["kind"] == Kind.CRONJOB]
    if len(pipelines) != 1 or len(found) == 1:
        return the_one(found, name)
    told(name, pipelines[0], newest_first(item for item in found if item["kind"] != Kind.CRONJOB))
    return pipelines[0]


def meant_for_good(found: Sequence[Object], name: str, told: Told = untold) -> Object:
    """Return what `meant` does, for what cannot be undone: not beside a one-shot run of something else.

    Raises:
        UnknownNameError: As `meant`; or a one-shot run that matches has another fully qualified name, or another
            OpenMetadata instance.
    """
    return meant(found, name, told) if is_of_one(found) else the_one(found, name)


def is_of_one(found: Sequence[Object]) -> bool:
    """Return whether objects are of one fully qualified name in one OpenMetadata instance, such as one file's."""
    return len({(annotation(item, labels.FQN), label(item, labels.INSTANCE)) for item in found}) == 1


def meant_by_what_it_has(
    found: Sequence[Object], name: str, has: Callable[[Object], bool], told: Told = untold
) -> Object:
    """Return the one that has something, such as an active run, of a pipeline and its own one-shot runs.

    Args:
        found: What NAME matches.
        name: What was typed.
        has: Asked only where there is more than one.
        told: Called where a one-shot run is meant and not the pipeline.

    Returns:
        The pipeline where none has it.

    Raises:
        UnknownNameError: Several have it; or NAME matches several pipelines, or runs of different ones.
    """
    pipelines = [item for item in found if item["kind"] == Kind.CRONJOB]
    if len(found) == 1 or len(pipelines) > 1 or not is_of_one(found):
        return the_one(found, name)
    having = [item for item in found if has(item)]
    if not having:
        return (pipelines or found)[0]
    taken = the_one(having, name)
    if pipelines and taken is not pipelines[0]:
        told(name, taken, pipelines)
    return taken


def _told_apart(item: Object) -> str:
    fqn = annotation(item, labels.FQN)
    return f"{item['metadata']['name']} ({fqn if item['kind'] == Kind.CRONJOB else f'one-shot run of {fqn}'})"


def unknown(items: Sequence[Object], name: str, *, namespace: str, runs: Iterable[str] = ()) -> UnknownNameError:
    """Return the error for a NAME that matches nothing; it says what may have been meant, else what there is.

    Args:
        items: What NAME could have matched, or some of it.
        name: What was typed.
        namespace: Where it was looked for.
        runs: Run ids and Job names, where a run could have been meant.
    """
    names = sorted({_offered(item) for item in items})
    more = max(0, len(names) - _MANY)
    close = close_titles(name, ((_typed(item), _offered(item)) for item in items)) or close_to(name, runs)
    listed = ", ".join(names[:_MANY]) + (f" and {more} more" if more else "")
    return UnknownNameError(
        f"no pipeline {'or run ' if runs else ''}{name!r} in namespace {namespace}",
        facts={"name": name, "namespace": namespace, "known": tuple(names[:_MANY]), "more": more, "close": close},
        hint=did_you_mean(close) or (f"known: {listed}" if names else "there are none; deploy one first"),
    )


def _offered(item: Object) -> str:
    return typable(annotation(item, labels.FQN), str(item["metadata"]["name"]))


def _typed(item: Object) -> list[str]:
    return [text for key in KEYS if key is not identity and (text := key(item))]
