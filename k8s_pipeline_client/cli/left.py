"""Says which one-shot runs of files are left by what is done to the pipelines that these define."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.cli.suggest import command
from k8s_pipeline_client.domain.counting import counted

if TYPE_CHECKING:
    from k8s_pipeline_client.client import Pipelines
    from k8s_pipeline_client.domain.pipeline import Pipeline

_MANY = 20
"""So many are named at most."""


def say_left(
    values: Globals, client: Pipelines, defined: Sequence[Pipeline], verb: str, *, active_only: bool = False
) -> None:
    """Say which one-shot runs of definitions are left, and what to type to do the same to them.

    Args:
        values: The options of every command.
        client: Knows them.
        defined: What the files of the call define; nothing where none were given.
        verb: The command that is to be typed.
        active_only: Those that have ended are of no concern.
    """
    from k8s_pipeline_client.cli.output import note

    if not defined:
        return
    left = {job: active for job, active in client.one_shots_of(defined).items() if active or not active_only}
    if not left:
        return
    some = list(left)[:_MANY]
    active = sum(left.values())
    which = ", active" if active == len(left) == 1 else f", {active} of them active" if active else ""
    more = f" (the newest {_MANY})" if len(left) > _MANY else ""
    what = command(verb, *some, place=values.place)
    note(f"left: {counted(len(left), 'one-shot run')} of these files{which}; {verb} {_them(left)}{more}: {what}")


def _them(left: Sequence[str] | dict[str, bool]) -> str:
    return "it, too" if len(left) == 1 else "them, too"
