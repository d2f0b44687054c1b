"""config: every setting, its value, and where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from k8s_pipeline_client.cli.choose import choose
from k8s_pipeline_client.cli.options import Globals, common_options, files_option, pass_globals
from k8s_pipeline_client.errors import InputError

if TYPE_CHECKING:
    from k8s_pipeline_client.domain.pipeline import Pipeline
    from k8s_pipeline_client.settings import Loaded


@click.command("config")
@click.option("--for", "name", metavar="NAME", help="For this pipeline of the files, with its override merged in.")
@files_option()
@common_options
@pass_globals
def config_command(values: Globals, name: str | None, files: tuple[Path, ...]) -> None:
    """Print every setting, its value and its origin; secrets are masked, and no cluster is needed.

    With -f the settings of one pipeline of these files: which override applies to it, and the result.
    """
    from k8s_pipeline_client.cli.files import read_pipelines
    from k8s_pipeline_client.cli.output import emit, note, print_table, warn
    from k8s_pipeline_client.render import planned

    loaded = values.loaded()
    settings = loaded.settings
    pipeline, number = None, None
    if name is not None or files:
        if not files:
            raise InputError(f"config needs the definition of {name!r}", hint="add -f with its file")
        pipeline = choose(read_pipelines(files, settings=settings), name, option="--for NAME")
        number = settings.override_for(pipeline)
        for text in planned(pipeline, settings).notes:  # which also shows whether its overlay can be used
            warn(f"{pipeline.display_name}: {text}")
    match = None if number is None else settings.overrides[number].match.manifest()
    found = _described(loaded, pipeline, number)
    rows = [[key, item["origin"], _cell(item["value"])] for key, item in found.items()]
    emit(
        {
            "pipeline": pipeline.fqn if pipeline else None,
            "override": number,
            "match": match,
            "settings": found,
            "warnings": list(loaded.warnings),
            "passedOver": {path: list(keys) for path, keys in loaded.passed_over.items()},
        },
        values.format(),
        table=lambda: print_table(["SETTING", "ORIGIN", "VALUE"], rows),
        names=lambda: list(found),
    )
    for path, keys in loaded.passed_over.items():
        if keys:
            note(f"{path}: skipped, not about runs: {', '.join(keys)}")
    if pipeline is not None:
        fits = "no override matches" if match is None else f"overrides[{number}] matches: {_cell(match)}"
        note(f"{pipeline.fqn}: {fits}")


def _described(loaded: Loaded, pipeline: Pipeline | None, number: int | None) -> dict[str, dict[str, Any]]:
    """Return value and origin of every setting: of all pipelines, or of one."""
    from k8s_pipeline_client.settings.masking import masked

    settings = loaded.settings
    own = settings if pipeline is None else settings.for_pipeline(pipeline)
    dumped = own.model_dump(mode="json", by_alias=True, exclude_none=True)
    dumped["overrides"] = [item.manifest() for item in own.overrides]  # the keys of a match that are there
    changes = []
    if pipeline is not None:
        changes.append((pipeline.own_settings, f"the definition in {pipeline.origin}"))
    if number is not None:
        changes.append((settings.overrides[number].settings, f"overrides[{number}]"))
    found = {}
    for field, info in type(own).model_fields.items():
        key = str(info.alias)
        if field == "overrides" and pipeline is not None:
            continue
        origin = loaded.origins[key]
        adds = isinstance(dumped.get(key), dict) or field == "pod_template"
        for change, where in changes:
            if key in change:
                origin = f"{where} over {origin}" if adds and getattr(settings, field) else where
        found[key] = {"value": masked(dumped.get(key), key), "origin": origin}
    return found


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
