"""Reads settings from all their sources: files, above them the environment, above that flags."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings.advice import advice
from k8s_pipeline_client.settings.contribution import Contribution, Problem
from k8s_pipeline_client.settings.files import text_of
from k8s_pipeline_client.settings.keys import (
    KNOWN,
    VARIABLES,
    Given,
    KeyPath,
    Layer,
    documented,
    is_given,
    nested,
    put,
)
from k8s_pipeline_client.settings.masking import shown
from k8s_pipeline_client.settings.models import Settings
from k8s_pipeline_client.settings.overrides import Place, located, path_of
from k8s_pipeline_client.settings.placeholders import placeholders
from k8s_pipeline_client.settings.shapes import read_text

DEFAULT = "default"
"""The origin of what no source gives."""

_OURS = ("K8S_", "PIPELINE_SERVICE_CLIENT_")
_ALIKE = 0.92
_NAMESPACE: KeyPath = ("namespace",)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where they come from.

    Attributes:
        settings: The settings.
        origins: Of every documented key: file and key, environment variable, flag, or `DEFAULT`; of settings that
            consist of several (``resources``) also of each one that was given (``resources.limits.cpu``).
        warnings: What a person should know, one sentence each.
        passed_over: By file, keys of a server's own file that do not concern runs.
        names_namespace: Whether a flag, a variable or a file gives the namespace, and not a kubeconfig's context, the
            pod, or the default.
    """

    settings: Settings
    origins: Mapping[str, str]
    warnings: Sequence[str]
    passed_over: Mapping[str, Sequence[str]]
    names_namespace: bool = True


def load_settings(
    paths: Sequence[Path] = (),
    *,
    environ: Mapping[str, str] | None = None,
    namespace_from: Callable[[Settings], tuple[str, str] | None] | None = None,
    **flags: Any,
) -> Loaded:
    """Read settings files, the later ones above the earlier; above them environment variables, and flags.

    Args:
        paths: Files of any of the shapes of `read_text`.
        environ: The environment; that of the process if None, and none at all if empty.
        namespace_from: Asked where no source gives the namespace: returns one and where it stands, such as in a
            kubeconfig's context.
        flags: By the names of the fields of `Settings`; those that are None were not given.

    Raises:
        SettingsError: A file cannot be read, or values cannot be used; all of these are named at once.
    """
    environ = os.environ if environ is None else environ
    of_files = [read_text(text_of(path, "settings file"), str(path), environ) for path in paths]
    contributions = [*of_files, _of_environment(environ), _of_flags(flags)]
    layer: Layer = {}
    for contribution in contributions:
        for path, given in contribution.layer.items():
            put(layer, path, given)
    names_namespace = _NAMESPACE in layer
    settings, problems = _validated(layer)
    if settings and namespace_from and not names_namespace and (found := namespace_from(settings)):
        put(layer, _NAMESPACE, Given(*found))
        settings, problems = _validated(layer)
    problems = [problem for contribution in contributions for problem in contribution.problems] + problems
    if settings is None or problems:
        listed = "; ".join(f"{problem.key}: {problem.why} ({problem.origin})" for problem in problems)
        raise SettingsError(f"invalid settings: {listed}")
    warnings = [text for contribution in contributions for text in contribution.warnings]
    origins = MappingProxyType(_origins(layer))
    if not names_namespace:
        used = f"{settings.namespace} ({origins['namespace']})"
        warnings += [_no_namespace(item.without_namespace, used) for item in of_files if item.without_namespace]
    passed_over = {str(path): tuple(item.passed_over) for path, item in zip(paths, of_files, strict=True)}
    said = (*warnings, *advice(settings, origins))
    return Loaded(settings, origins, said, MappingProxyType(passed_over), names_namespace)


def _no_namespace(where: str, used: str) -> str:
    return (
        f"{where} sets no namespace: {used} is used here, where the chart itself takes the namespace of the release;"
        " set namespace in its k8s block, or K8S_NAMESPACE"
    )


def _of_environment(environ: Mapping[str, str]) -> Contribution:
    found = Contribution()
    for name, path in VARIABLES.items():
        value = _unquoted(environ.get(name, "").strip())
        if is_given(path, value):
            put(found.layer, path, Given(value, f"environment variable {name}"))
    for name in sorted(name for name in environ if name.startswith(_OURS) and name not in VARIABLES):
        if close := get_close_matches(name, VARIABLES, n=1, cutoff=_ALIKE):
            found.warnings.append(f"environment variable {name} is unknown and ignored; {close[0]} is one")
    return found


def _unquoted(text: str) -> str:
    """Return a text without quotes around it: the chart writes them, for the server reads its variables as YAML."""
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "\"'":
        return text
    try:
        return str(json.loads(text)).strip()
    except ValueError:
        return text if text[0] in text[1:-1] else text[1:-1].strip()


def _of_flags(flags: Mapping[str, Any]) -> Contribution:
    found = Contribution()
    for name, value in flags.items():
        if value is not None:
            put(found.layer, (documented(name),), Given(value, f"flag --{name.replace('_', '-')}"))
    return found


def _validated(layer: Layer) -> tuple[Settings | None, list[Problem]]:
    """Return the settings, or what is wrong with them: also what is only found where single values are right."""
    problems = placeholders(layer)
    wrong = {problem.key.partition(".")[0] for problem in problems}
    while True:
        usable = {path: given for path, given in layer.items() if path[0] not in wrong}
        try:
            return Settings.model_validate(nested(usable)), problems
        except ValidationError as error:
            found = list(located(error))
        fresh = [(where, why) for where, why in found if not wrong or not _mentions(wrong, why)]
        problems += [_problem(where, why, usable) for where, why in fresh]
        more = {key for key in {path[0] for path in usable} for where, why in found if _concerns(where, why, key)}
        if not more:
            return None, problems
        wrong |= more


def _concerns(where: Place, why: str, key: str) -> bool:
    return where[0] == key if where else _mentions([key], why)


def _mentions(keys: Iterable[str], text: str) -> bool:
    return any(re.search(rf"\b{key}\b", text) for key in keys)


def _problem(where: Place, why: str, layer: Layer) -> Problem:
    concerned = [path for path in layer if _concerns(where, why, path[0]) and _overlap(path, where)]
    origin = ", ".join(dict.fromkeys(layer[path].origin for path in concerned)) or DEFAULT
    value = _value_at(nested(layer), where) if where else None
    text = shown(where, value) if value is not None else None
    is_said = text is None or (text[0] in "\"'" and text in why)
    return Problem(path_of(where) or "settings", why, f"from {origin}" if is_said else f"it is {text}, from {origin}")


def _overlap(path: KeyPath, where: Place) -> bool:
    return all(one == other for one, other in zip(path, where, strict=False))


def _value_at(value: Any, where: Place) -> Any:
    for part in where:
        if isinstance(value, Mapping):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _origins(layer: Layer) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in KNOWN:
        parts = {path: given.origin for path, given in layer.items() if path[0] == key}
        found[key] = _together(parts) or DEFAULT
        found |= {".".join(path): origin for path, origin in parts.items() if len(path) > 1}
    return found


def _together(parts: Mapping[KeyPath, str]) -> str:
    """Return where the parts of one setting come from: those of one block of a file as that block."""
    blocks: dict[str, list[str]] = {}
    for path, origin in parts.items():
        inner = ".".join(path[1:])
        block = origin.removesuffix(f".{inner}") if inner else origin
        blocks.setdefault(block, []).append(inner)
    if len(blocks) == 1:
        return next(iter(blocks))
    return "; ".join(f"{', '.join(names)} from {block}" for block, names in blocks.items())
