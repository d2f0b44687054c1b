"""Reads settings files of three shapes: our own, the server's ``openmetadata.yaml``, and the Helm chart's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings import former
from k8s_pipeline_client.settings.blocks import block_at, only, parse, paths_to, top_level_keys
from k8s_pipeline_client.settings.contribution import Contribution, Problem, leaves_of, meant
from k8s_pipeline_client.settings.helmfile import HELM_BLOCK, HELM_KEYS, helm_path, read_helm
from k8s_pipeline_client.settings.keys import OF_OLD_CHARTS, Given, is_known, put
from k8s_pipeline_client.settings.serverfile import SERVER_BLOCK, read_server, substituted
from k8s_pipeline_client.settings.unfit import refuse_other_files

_OTHERS_OF_THE_SERVER = frozenset(
    {"authenticationConfiguration", "authorizerConfiguration", "jwtTokenConfiguration", "migrationConfiguration"}
)

_LOGIN = ("username", "password")


def read_text(text: str, origin: str, environ: Mapping[str, str]) -> Contribution:
    """Read a file, of whichever shape it is.

    Args:
        text: The file.
        origin: Its name, for people.
        environ: The variables that the server's file may refer to.

    Raises:
        SettingsError: It is of none of the shapes, of one that is no more, or not to be parsed.
    """
    refuse_other_files(text, origin)
    keys = top_level_keys(text, origin)
    if SERVER_BLOCK in keys:
        return read_server(text, origin, environ)
    if former.SERVER_BLOCK in keys:
        content = parse([only(text, {former.SERVER_BLOCK}), text], origin)
        raise former.server_error(block_at(content, (former.SERVER_BLOCK,), origin), origin)
    if keys & HELM_KEYS:
        return read_helm(text, origin)
    if keys & _OTHERS_OF_THE_SERVER:
        raise SettingsError(
            f"settings file {origin} is the server's, and has no {SERVER_BLOCK}",
            hint="name the file that has it; the variables that it reads are read here too",
        )
    content = parse([text], origin)
    if _has_helm_block(content):
        return read_helm(text, origin)
    return _read_own(content, origin)


def blocks_of_a_server(text: str, origin: str, environ: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the block about the pipeline service of ``openmetadata.yaml`` or of the chart's values; else nothing.

    Args:
        text: A settings file of any shape.
        origin: Its name, for people.
        environ: The variables that it may refer to; references to others stay as they are.
    """
    keys = top_level_keys(text, origin)
    if SERVER_BLOCK in keys:
        found = substituted(text, origin, environ)
        block = block_at(found.content, (SERVER_BLOCK,), origin)
        _refuse_broken(block_at(block, ("parameters",), origin), found.broken, origin)
        return block
    content = parse([text, only(text, set(HELM_KEYS))], origin)
    path = helm_path(content, origin) if _has_helm_block(content) else None
    return block_at(content, path, origin) if path else {}


def _refuse_broken(parameters: Mapping[str, Any], broken: Mapping[str, Sequence[str]], origin: str) -> None:
    """Refuse a login whose variables could not be replaced."""
    for key in _LOGIN:
        for token, names in broken.items():
            if token in str(parameters.get(key)):
                named = " and ".join(names)
                raise SettingsError(
                    f"settings file {origin}: parameters.{key}: the value of {named} is not valid YAML",
                    hint="put quotes into the value itself, as the server needs them",
                )


def _has_helm_block(content: Any) -> bool:
    return next(paths_to(content, HELM_BLOCK), None) is not None


def _read_own(content: Any, origin: str) -> Contribution:
    if not isinstance(content, Mapping | None):
        raise SettingsError(
            f"settings file {origin} does not contain a mapping of settings to values",
            hint="write one setting a line, such as namespace: pipelines",
        )
    found = Contribution()
    for path, written, value in leaves_of(content or {}):
        where = f"{origin}: {'.'.join(written)}"
        if not is_known(path) or written in OF_OLD_CHARTS:
            found.problems.append(Problem(".".join(written), f"no such key{meant(written[-1])}", where))
        elif path in found.layer:
            found.problems.append(Problem(".".join(path), f"it is given twice, also as {'.'.join(written)}", where))
        else:
            put(found.layer, path, Given(value, where))
    return found
