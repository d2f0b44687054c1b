"""Deploys several pipelines at once, and says what became of each."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.errors import (
    ApiError,
    ForbiddenError,
    NotFoundError,
    PipelineError,
    UnauthorizedError,
    UnreachableError,
)

if TYPE_CHECKING:
    from k8s_pipeline_client.client import DeployResult
    from k8s_pipeline_client.domain.pipeline import Pipeline

_HOPELESS = (UnreachableError, UnauthorizedError, NotFoundError)
_UNWELL = (429, 502, 503, 504)

FAILED = "failed"
SKIPPED = "skipped"
NOT_TRIED = "not tried"
INTERRUPTED = "interrupted"
_EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Deployment:
    """What became of one definition.

    Attributes:
        action: `Action` of a deploy, ``checked``, or one of those above.
        resource_name: None where nothing was deployed.
        error: Why it failed, or was skipped.
        said: Those of the notes that were said before it happened.
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
        }


def deploy_all(
    pipelines: Sequence[Pipeline],
    deploy: Callable[[Pipeline, Callable[[str], None]], DeployResult],
    *,
    parallel: int,
) -> list[Deployment]:
    """Deploy several at once, and return what became of them in their own order.

    One that is refused does not hold up the others, unless they would be refused for the same reason. What is
    interrupted finishes those that it is at, so that none is left half-deployed.

    Args:
        pipelines: What to deploy.
        deploy: Deploys one; takes what is called with what a person should know before it happens.
        parallel: How many at once.
    """
    from k8s_pipeline_client.cli.output import progress, warn

    stop = threading.Event()
    found: dict[int, Deployment] = {}

    def one(number: int) -> None:
        if not stop.is_set():
            found[number] = attempt(pipelines[number])

    def attempt(pipeline: Pipeline) -> Deployment:
        said: list[str] = []

        def announce(text: str) -> None:
            warn(f"{pipeline.display_name}: {text}")
            said.append(text)

        try:
            done = deploy(pipeline, announce)
        except PipelineError as error:
            if _is_hopeless(error):
                stop.set()
            return Deployment(pipeline.fqn, pipeline.display_name, FAILED, error=error)
        return Deployment(done.fqn, done.display_name, str(done.action), done.name, done.notes, said=said)

    if not pipelines:
        return []
    title = f"deploying {pipelines[0].display_name}" if len(pipelines) == 1 else f"deploying {len(pipelines)} pipelines"
    untried = NOT_TRIED
    with progress(title) as say, ThreadPoolExecutor(max_workers=parallel) as pool:
        try:
            for number, _ in enumerate(pool.map(one, range(len(pipelines))), start=1):
                say(f"{title}: {number} done")
        except KeyboardInterrupt:
            untried = INTERRUPTED
        finally:
            stop.set()
    # By their numbers: what was begun is found also where the interrupt came while others were still handed out.
    return [
        found.get(number) or Deployment(pipeline.fqn, pipeline.display_name, untried)
        for number, pipeline in enumerate(pipelines)
    ]


def _is_hopeless(error: PipelineError) -> bool:
    """Return whether the next pipeline would be refused for the same reason; trying again was of no use by now."""
    if isinstance(error, ForbiddenError):
        return "is forbidden: User" in error.message  # a right is missing; admission refuses single objects
    return isinstance(error, _HOPELESS) or (isinstance(error, ApiError) and error.status in _UNWELL)


def report(values: Globals, deployments: Sequence[Deployment], dry_run: str) -> int:
    """Print what was done, then what was not, and return the exit code."""
    from k8s_pipeline_client.cli.output import complain, emit, note, print_table, warn

    for item in deployments:
        for text in (text for text in item.notes if text not in item.said):
            warn(f"{item.display_name}: {text}")
    for item in deployments:
        if item.action == SKIPPED:
            note(f"skipped: {item.display_name}: {item.error}")
        elif item.action == FAILED:
            complain(f"{item.display_name}: {item.error}")
    done = [item for item in deployments if item.resource_name is not None]
    suffix = "" if dry_run == "none" else f" ({dry_run} dry run)"
    rows = [[item.display_name, item.action + suffix, str(item.resource_name)] for item in done]
    emit(
        [item.as_dict() for item in deployments],
        values.format(),
        table=lambda: print_table(["NAME", "ACTION", "RESOURCE"], rows, wide=0) if rows else None,
        names=lambda: [f"cronjob.batch/{item.resource_name}" for item in done],
    )
    counts = Counter(item.action for item in deployments)
    if len(deployments) > 1:
        last = [SKIPPED, FAILED, NOT_TRIED, INTERRUPTED]
        kinds = [kind for kind in counts if kind not in last] + [kind for kind in last if counts[kind]]
        note(f"{len(deployments)} pipelines: {', '.join(f'{counts[kind]} {kind}' for kind in kinds)}")
    if counts[INTERRUPTED]:
        return _EXIT_INTERRUPTED
    return 1 if counts[FAILED] else 0
