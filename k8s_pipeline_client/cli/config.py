"""config: every setting, its value, and where it comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from k8s_pipeline_client.cli.choose import choose
from k8s_pipeline_client.cli.options import Globals, common_options, files_option, pass_globals
from k8s_pipeline_client.errors import InputError

if TYPE_CHECKING:
    from k8s_pipeline_client.domain.pipeline import Pipeline
    from k8s_pipeline_client.settings import Settings


_NAMED_BY_PEOPLE = ("extraEnvVars", "podAnnotations", "annotations")
_SECRET_WORD = re.compile(
    r"(?:^|[^a-z0-9])(?:pass|pat|pwd|pw|key|auth|pin)(?![a-z0-9])|cred|token|secret|passw|passphrase", re.IGNORECASE
)
"""More than a launcher may strike out of a log: here a value too many that is masked does no harm."""


@click.command("config")
@click.option("--for", "name", metavar="NAME", help="Of this pipeline of the files, with its override merged in.")
@files_option()
@common_options
@pass_globals
def config_command(values: Globals, name: str | None, files: tuple[Path, ...]) -> None:
    """Print every setting, its value and its origin; secrets are masked, and no cluster is needed.

    With -f the settings of one pipeline of these files: which override applies to it, and what comes of it.
    """
    from k8s_pipeline_client.cli.files import read_pipelines
    from k8s_pipeline_client.cli.output import emit, note, print_table, warn
    from k8s_pipeline_client.render import plan

    settings = values.settings()
    pipeline, number = None, None
    if name is not None or files:
        if not files:
            raise InputError(
                f"config looks for {name!r} in files, and none are named", hint="add -f with its definition"
            )
        pipeline = choose(read_pipelines(files), name, option="--for NAME")
        number = settings.override_for(pipeline)
        for text in plan(pipeline, settings).notes:  # which also shows whether its overlay can be used
            warn(f"{pipeline.display_name}: {text}")
    match = None if number is None else settings.overrides[number].match.manifest()
    found = _described(values, settings, pipeline, number)
    rows = [[key, item["origin"], _cell(item["value"])] for key, item in found.items()]
    emit(
        {
            "pipeline": pipeline.fqn if pipeline else None,
            "override": number,
            "match": match,
            "settings": found,
        },
        values.format(),
        table=lambda: print_table(["SETTING", "ORIGIN", "VALUE"], rows, wide=2),
        names=lambda: list(found),
    )
    if pipeline is not None:
        fits = "no override fits" if match is None else f"overrides[{number}] fits: {_cell(match)}"
        note(f"{pipeline.fqn}: {fits}")


def _described(
    values: Globals, settings: Settings, pipeline: Pipeline | None, number: int | None
) -> dict[str, dict[str, Any]]:
    """Return value and origin of every setting: of all pipelines, or of one."""
    own = settings if pipeline is None else settings.for_pipeline(pipeline)
    dumped = own.model_dump(mode="json", by_alias=True, exclude_none=True)
    dumped["overrides"] = [item.manifest() for item in own.overrides]  # the keys of a match that are there
    changed = () if number is None else settings.overrides[number].settings
    found = {}
    for field, info in type(own).model_fields.items():
        key = str(info.alias)
        if field == "overrides" and pipeline is not None:
            continue
        origin = _origin(values, settings, field)
        if key in changed:
            adds = isinstance(dumped.get(key), dict) or field == "pod_template"
            origin = f"overrides[{number}]" + (f" over {origin}" if adds and getattr(settings, field) else "")
        found[key] = {"value": _masked(dumped.get(key), environment=key in _NAMED_BY_PEOPLE), "origin": origin}
    return found


def _origin(values: Globals, settings: Settings, field: str) -> str:
    if field not in settings.model_fields_set:
        return "default"
    if field == "namespace" and values.namespace is not None:
        return "flag --namespace" if "--namespace" in values.place else "environment variable K8S_NAMESPACE"
    return str(values.config)


def _says_secret(name: str) -> bool:
    from k8s_pipeline_client.launcher import is_secret_key

    return is_secret_key(name) or bool(_SECRET_WORD.search(name))


def _masked(value: Any, *, environment: bool = False) -> Any:
    """Return a value without its secrets.

    Args:
        value: What JSON can hold.
        environment: Whether its keys are names that people gave, as those of environment variables and annotations.
    """
    from k8s_pipeline_client.launcher import MASK, mask, secret_values

    if isinstance(value, str):
        return mask(value, secret_values(value))
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    named = _says_secret(str(value.get("name", "")))  # {"name": "API_TOKEN", "value": …}
    return {
        key: MASK
        if isinstance(item, str) and ((environment and _says_secret(key)) or (named and key == "value"))
        else _masked(item, environment=key in _NAMED_BY_PEOPLE)
        for key, item in value.items()
    }


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
