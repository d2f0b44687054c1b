"""Label and field selectors, as the query of a list has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from k8s_pipeline_client.cluster.port import Kind, Object

Matches = Callable[[Object], bool]

_NAME = r"[A-Za-z0-9][A-Za-z0-9._/-]*"
_VALUE = r"[A-Za-z0-9._-]*"
_EXISTS = re.compile(rf"(!?)\s*({_NAME})")
_EQUALS = re.compile(rf"({_NAME})\s*(==|=|!=)\s*({_VALUE})")
_IN = re.compile(rf"({_NAME})\s+(in|notin)\s*\(([^()]*)\)")
_COMMA = re.compile(r",(?![^(]*\))")

_COMMON = ("metadata.name", "metadata.namespace")
_FIELDS = {
    Kind.SECRET: ("type",),
    Kind.JOB: ("status.successful",),
    Kind.POD: (
        "spec.hostNetwork",
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.nominatedNodeName",
        "status.phase",
        "status.podIP",
    ),
    Kind.EVENT: (
        *(f"involvedObject.{key}" for key in ("apiVersion", "fieldPath", "kind", "name", "namespace", "uid")),
        "involvedObject.resourceVersion",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
}
"""What may be selected by; the index of ``status.successful`` is ``status.succeeded``."""


class BadSelectorError(ValueError):
    """A selector that the API server refuses with 400."""


def by_labels(selector: str) -> Matches:
    """Return what tells whether an object's labels fit.

    Raises:
        BadSelectorError: It is none.
    """
    terms = [_label_term(term.strip()) for term in _COMMA.split(selector)] if selector.strip() else []
    return lambda item: all(term(item["metadata"].get("labels") or {}) for term in terms)


def _label_term(term: str) -> Callable[[Mapping[str, str]], bool]:
    if match := _EXISTS.fullmatch(term):
        absent, key = bool(match[1]), match[2]
        return lambda labels: (key in labels) is not absent
    if match := _EQUALS.fullmatch(term):
        key, negative, values = match[1], match[2] == "!=", {match[3]}
    elif match := _IN.fullmatch(term):
        key, negative, values = match[1], match[2] == "notin", {value.strip() for value in match[3].split(",")}
    else:
        raise BadSelectorError(f"unable to parse requirement: {term!r}")
    if negative:
        return lambda labels: labels.get(key) not in values
    return lambda labels: labels.get(key) in values


def by_fields(kind: Kind, selector: str) -> Matches:
    """Return what tells whether an object's fields fit.

    Raises:
        BadSelectorError: It is none, or not for this kind.
    """
    terms = [_field_term(kind, term) for term in selector.split(",") if term]
    return lambda item: all(term(item) for term in terms)


def _field_term(kind: Kind, term: str) -> Matches:
    match = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", term)
    if match is None:
        raise BadSelectorError(f"invalid selector: '{term}'; can't understand '{term}'")
    path, operator, value = match.groups()
    if path not in (*_COMMON, *_FIELDS.get(kind, ())):
        known = ", ".join(f'"{each}"' for each in _COMMON)
        raise BadSelectorError(f'"{path}" is not a known field selector: only {known}')
    return lambda item: (_value(item, path) == value) is (operator != "!=")


def _value(item: Object, path: str) -> str:
    if path == "status.successful":
        return str((item.get("status") or {}).get("succeeded") or 0)
    if path == "source":
        path = "source.component"
    found: Any = item
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return str(found).lower()
    return "" if found is None else str(found)
