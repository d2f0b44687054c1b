"""Says what else a NAME could have meant: the one-shot runs of a file whose pipeline is deployed have its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from k8s_pipeline_client.cli.suggest import Place, command

_MANY = 3


def teller(place: Place) -> Callable[[str, Any, Sequence[Any]], None]:
    """Return what says of a NAME which object was taken, and how to name the others, once for each NAME.

    Args:
        place: What the commands that are suggested have to be about.
    """
    said: set[str] = set()

    def tell(name: str, taken: Any, others: Sequence[Any]) -> None:
        from k8s_pipeline_client.cli.output import note

        if name in said:  # --watch looks it up each time
            return
        said.add(name)
        context = click.get_current_context(silent=True)
        verb = str(context.info_name) if context is not None else "status"
        lines = [command(verb, str(item["metadata"]["name"]), place=place) for item in others[:_MANY]]
        note(f"{name!r} means {_described([taken])} here; for {_described(others)}: {'; '.join(lines)}")

    return tell


def _described(items: Sequence[Any]) -> str:
    if items[0]["kind"] == "CronJob":
        return "the deployed pipeline"
    return "the one-shot run of that name" if len(items) == 1 else f"its {len(items)} one-shot runs, the newest first"
