"""Reads the values of OpenMetadata's Helm chart, also those of a chart that has it as a dependency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings import former
from k8s_pipeline_client.settings.blocks import block_at, only, parse, paths_to, refuse_beside, value_at
from k8s_pipeline_client.settings.contribution import Contribution
from k8s_pipeline_client.settings.keys import KNOWN, OF_RUNS, KeyPath
from k8s_pipeline_client.settings.server import AIRFLOW_CLASS, OWN_CLASS
from k8s_pipeline_client.settings.serverfile import Reader

HELM_BLOCK = "pipelineServiceClientConfig"
HELM_PATH = ("openmetadata", "config", HELM_BLOCK)
HELM_KEYS = frozenset({"openmetadata", "global", HELM_BLOCK})
"""Top-level keys by which values are recognised."""

_INNER_BLOCKS = ("airflow", "k8s", "parameters")
_BELONG_INTO_IT = frozenset({*KNOWN, *_INNER_BLOCKS})


def read_helm(text: str, origin: str) -> Contribution:
    """Read Helm values.

    Raises:
        SettingsError: They cannot be parsed, are of an older chart, or their block is not where the chart reads it.
    """
    content = parse([text, only(text, set(HELM_KEYS))], origin)
    prefix = helm_path(content, origin)
    if prefix is None:
        old = former.helm_block(content)
        if old is not None:
            raise former.helm_error(*old, origin)
        parse([text], origin)  # what could not be parsed may be what is looked for
        return Contribution(warnings=[f"{origin} has no {'.'.join(HELM_PATH)}, so nothing of it is used"])
    return _Values(block_at(content, prefix, origin), prefix, origin).read()


def helm_path(content: Any, origin: str) -> KeyPath | None:
    """Return where the block stands; None where there is none.

    The values of a chart that has this one as a dependency have it below the dependency's name or alias.

    Raises:
        SettingsError: It stands where the chart does not read it, or in several places.
    """
    found = [path for path in paths_to(content, HELM_BLOCK) if path[:1] != ("global",)]
    read = [path for path in found if path == (HELM_BLOCK,) or path[-len(HELM_PATH) :] == HELM_PATH]
    filled = [path for path in read if value_at(content, path) is not None]
    if len(filled) > 1:
        raise SettingsError(
            f"settings file {origin} has several: {', '.join('.'.join(path) for path in filled)}",
            hint="give a file that has one of them, such as helm get values RELEASE prints",
        )
    if filled:
        return filled[0]
    for path in read:
        refuse_beside(value_at(content, path[:-1]), _BELONG_INTO_IT, path, origin)
    if not read and found:
        raise SettingsError(
            f"settings file {origin}: the chart does not read {'.'.join(found[0])}",
            hint=f"write it as {'.'.join(HELM_PATH)}",
        )
    return None


class _Values:
    """One block of values, read."""

    def __init__(self, block: Mapping[str, Any], prefix: KeyPath, origin: str) -> None:
        self._where = f"{origin}: {'.'.join(prefix)}"
        self._inner = {kind: dict(block_at(block, (kind,), self._where)) for kind in _INNER_BLOCKS}
        self._common = {key: value for key, value in block.items() if key not in _INNER_BLOCKS}
        for kind in _INNER_BLOCKS:
            if kind != "airflow" and kind in block and block[kind] is None:
                refuse_beside(self._common, OF_RUNS, (*prefix, kind), origin)
        self._kind = block.get("type") or ("airflow" if self._inner["airflow"] else None)
        self._prefix = prefix
        self._reader = Reader(origin)

    def read(self) -> Contribution:
        airflow, kubernetes, parameters = (self._inner[kind] for kind in _INNER_BLOCKS)
        self._check_namespace()
        if "metadataApiEndpoint" in self._common:
            airflow.pop("metadataApiEndpoint", None)
            kubernetes.pop("metadataApiEndpoint", None)
        self._read(self._common)
        self._read(parameters, "parameters")
        if self._kind == "airflow":
            airflow.pop("enabled", None)  # which no template of the chart reads
            self._read({"className": AIRFLOW_CLASS, **airflow}, "airflow")
            kubernetes.pop("className", None)  # that of a client which is not chosen
        elif self._kind == "k8s":
            kubernetes = {"className": OWN_CLASS, **kubernetes}
        self._read(kubernetes, "k8s")
        return self._reader.found

    def _read(self, block: Mapping[str, Any], *below: str) -> None:
        self._reader.read(block, (*self._prefix, *below), below=below)

    def _check_namespace(self) -> None:
        kubernetes = self._inner["k8s"]
        if isinstance(namespace := kubernetes.get("namespace"), str) and not namespace.strip():
            del kubernetes["namespace"]
        blocks = (self._common, self._inner["parameters"], kubernetes)
        if all(block.get("namespace") is None for block in blocks):
            self._reader.found.without_namespace = self._where
