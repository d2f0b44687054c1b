"""What of a definition was probably not meant: placeholders of documentation, templates, keys that nobody reads.

Nothing here is refused, but for what can be no value: whoever wrote it may have meant it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from k8s_pipeline_client.domain.validation import Place, Problem, path_text

_PLACEHOLDER = re.compile(
    r"\s*(?:\.\.\.|…|\[(?:\.\.\.|…)\]|<[^<>\n]{1,60}>(?:\.<[^<>\n]{1,60}>)*|\$\{(?:\.\.\.|…)?\})\s*"
)
_TEMPLATE = re.compile(r"\s*\{\{.*\}\}\s*", re.DOTALL)
_IN_ADDRESS = re.compile(r"(?P<template>\{\{.*?\}\})|<[^<>\n]{1,60}>|…")
_HOST = re.compile(r"\w+://(?:[^@/]*@)?(\[[^\]]*\]|[^:/?#]+)")
_LOOPBACK = re.compile(r"localhost|127\.[0-9.]+|::1|0\.0\.0\.0")
_LOOKED_AT = ("source", "workflowConfig", "openMetadataServerConnection", "ingestionPipelineFQN", "service", "request")
"""Where a placeholder is told; a description may hold dots."""
_NO_VALUE = frozenset({"jwtToken", "hostPort", "serviceName", "ingestionPipelineFQN"})
"""Keys that such a text can be no value of: where it connects to, as whom, and what it is called."""

_WORKFLOW_KEYS = frozenset(
    {
        *("source", "processor", "stage", "bulkSink", "sink", "workflowConfig", "sourcePythonClass", "appConfig"),
        *("appPrivateConfig", "ingestionPipelineFQN", "pipelineRunId", "enableStreamableLogs", "ingestionRunnerName"),
        *("name", "displayName", "enabled", "airflowConfig", "successThreshold"),
    }
)
"""Top-level keys of a workflow document, the ingestion's and ours."""
_ENTITY_KEYS = ("airflowConfig", "sourceConfig", "displayName", "enabled", "loggerLevel", "raiseOnError", "service")
_ELSEWHERE = {
    "schedule": "airflowConfig.scheduleInterval",
    "scheduleInterval": "airflowConfig.scheduleInterval",
    "cron": "airflowConfig.scheduleInterval",
    "timezone": "airflowConfig.pipelineTimezone",
    "timeZone": "airflowConfig.pipelineTimezone",
    "pipelineTimezone": "airflowConfig.pipelineTimezone",
    "retries": "airflowConfig.retries",
    "startDate": "airflowConfig.startDate",
    "endDate": "airflowConfig.endDate",
}
"""Where what people write at the top belongs."""


def impossible_values(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield where a placeholder stands that can be no value, or no part of an address."""
    for place, value in _texts(document):
        if _PLACEHOLDER.fullmatch(value) and place[-1] in _NO_VALUE:
            yield Problem(place, f"is {value.strip()!r}, which is a placeholder: replace it with the value")
        elif place[-1] == "hostPort" and (found := _IN_ADDRESS.search(value)):
            what = "a template that was not rendered" if found["template"] else "a placeholder"
            yield Problem(place, f"contains {what}, which no address can contain: replace it with the value")


def placeholder_notes(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what looks like a placeholder or a template, one sentence each, without the value."""
    for place, value in _texts(document):
        if kind := placeholder_kind(value):
            yield f"{path_text(place)} looks like {kind}"


def placeholder_kind(value: str) -> str:
    """Return what a text is that somebody was to replace; empty where it is none."""
    if _PLACEHOLDER.fullmatch(value):
        return "a placeholder that was not replaced"
    return "a template that was not rendered ({{ … }})" if _TEMPLATE.fullmatch(value) else ""


def key_notes(keys: Iterable[str], *, is_entity: bool) -> Iterator[str]:
    """Yield which top-level keys nobody reads.

    Args:
        keys: Those of the document.
        is_entity: Of an entity, to which a newer server may add what it likes, only keys that are nearly one are told.
    """
    known = _ENTITY_KEYS if is_entity else _WORKFLOW_KEYS
    for key in keys:
        if key in known:
            continue
        alike = _alike(key, is_entity=is_entity)
        if place := _ELSEWHERE.get(key):
            yield f"the key {key} is ignored; schedules are set in airflowConfig: did you mean {place}?"
        elif alike:
            yield f"unknown key {key}; did you mean {alike}?"
        elif not is_entity:
            yield f"unknown key {key} in a workflow document; it is passed to the ingestion as it is"


def scheduling_notes(unread: Iterable[str], read: tuple[str, ...]) -> Iterator[str]:
    """Yield which keys of an ``airflowConfig`` are nearly one that is read: a misspelled one schedules nothing.

    Args:
        unread: Its keys that nobody reads; a newer server may have added them.
        read: All keys that are read.
    """
    for key in unread:
        meant = _ELSEWHERE.get(key, "").removeprefix("airflowConfig.") or _closest(key, read)
        if meant:
            yield f"the key airflowConfig.{key} is ignored; did you mean {meant}?"


def _alike(key: str, *, is_entity: bool) -> str:
    return _closest(key, _ENTITY_KEYS if is_entity else tuple(sorted(_WORKFLOW_KEYS)))


@lru_cache(maxsize=1024)  # the same keys in each of thousands of entities
def _closest(key: str, known: tuple[str, ...]) -> str:
    found = [name for name in known if name.lower() == key.lower()] or get_close_matches(key, known, n=1, cutoff=0.8)
    return found[0] if found else ""


def loopback_note(address: Any) -> str:
    """Return what to know of an address of OpenMetadata that means the pod itself; empty for any other."""
    if not isinstance(address, str):
        return ""
    host = _HOST.match(address)
    if host is None or not _LOOPBACK.fullmatch(host[1].strip("[]")):
        return ""
    return (
        f"hostPort {address} is the pod itself inside a pod: use the address at which pods reach OpenMetadata, such as "
        "http://openmetadata.openmetadata:8585/api"
    )


def _texts(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if place or key in _LOOKED_AT:
                yield from _texts(item, (*place, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*place, number))
    elif isinstance(value, str) and place:
        yield place, value
