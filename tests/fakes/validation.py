"""What the API server refuses: fields that there are not, values of another type, values that may not be or change.

Of the values only what the product relies on being refused; the rest is the business of the real API server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from k8s_pipeline_client.cluster.port import Kind, Object
from tests.fakes.schema import Field

_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "datetime": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
}
_NAMES = {"str": "string", "datetime": "string", "int": "numeric (int or float)", "bool": "boolean", "float": "numeric"}
_QUANTITIES = re.compile(r"\.(limits|requests|sizeLimit|divisor)$")
_NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_NAME}')"
)
_IMMUTABLE = "field is immutable"
_IMMUTABLE_WHEN = "Forbidden: field is immutable when `immutable` is set"
_MUTABLE_OF_JOBS = ("activeDeadlineSeconds", "backoffLimit", "parallelism", "suspend", "ttlSecondsAfterFinished")
_MUTABLE_OF_PODS = ("activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations")


def unknown_fields(value: Any, field: Field, path: str = "") -> Iterator[str]:
    """Yield the paths of what there is no such field for."""
    for below_path, below, its in _below(value, field, path):
        if its is None:
            yield below_path
        else:
            yield from unknown_fields(below, its, below_path)


def type_problems(value: Any, field: Field, path: str = "") -> Iterator[str]:
    """Yield what an apply says of values that are of another type than their fields."""
    wanted = _TYPES.get(field.type)
    if wanted and value is not None and not _QUANTITIES.search(field.owner):
        if not isinstance(value, wanted) or (isinstance(value, bool) and field.type != "bool"):
            yield f"{path}: expected {_NAMES[field.type]}, got &value.valueUnstructured{{Value:{_go(value)}}}"
        return
    for below_path, below, its in _below(value, field, path):
        if its is None:
            yield f"{below_path}: field not declared in schema"
        elif not _QUANTITIES.search(field.owner):
            yield from type_problems(below, its, below_path)


def known(value: Any, field: Field) -> Any:
    """Return a value without what there is no such field for."""
    if field.is_list and isinstance(value, list):
        return [known(item, field.item) for item in value]
    if isinstance(value, dict) and (field.is_structure or field.is_map):
        return {key: known(item, its) for key, item in value.items() if (its := field.below(key))}
    return value


def _below(value: Any, field: Field, path: str) -> Iterator[tuple[str, Any, Field | None]]:
    if isinstance(value, list) and field.is_list:
        yield from ((f"{path}[{number}]", item, field.item) for number, item in enumerate(value))
    elif isinstance(value, dict) and (field.is_structure or field.is_map):
        yield from ((f"{path}.{key}", item, field.below(key)) for key, item in value.items())


def _go(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def problems(item: Object, live: Object | None) -> list[str]:
    """Return what is wrong with an object's values, or with how they changed."""
    found = [*_of_metadata(item["metadata"])]
    if live is not None:
        found += _changes(item, live)
    kind = Kind(item["kind"])
    if kind is Kind.CRONJOB:
        if not item["spec"].get("schedule"):
            found.append("spec.schedule: Required value")
        found += _of_job(item["spec"]["jobTemplate"]["spec"], "spec.jobTemplate.spec")
    if kind is Kind.JOB and live is None:
        found += _of_job(item["spec"], "spec")
    return found


def _of_metadata(metadata: Object) -> Iterator[str]:
    name = metadata["name"]
    if not re.fullmatch(_NAME, name) or len(name) > 253:
        yield f'metadata.name: Invalid value: "{name}": {_NAME_RULE}'
    for owner in metadata.get("ownerReferences") or ():
        for key, what in (("apiVersion", "version "), ("kind", ""), ("name", ""), ("uid", "")):
            if not owner.get(key):
                yield f'metadata.ownerReferences.{key}: Invalid value: "": {what}must not be empty'


def _of_job(spec: Object, path: str) -> Iterator[str]:
    pod = (spec.get("template") or {}).get("spec") or {}
    if not pod.get("containers"):
        yield f"{path}.template.spec.containers: Required value"
    for number, container in enumerate(pod.get("containers") or ()):
        if not container.get("image"):
            yield f"{path}.template.spec.containers[{number}].image: Required value"
    if pod.get("restartPolicy") not in ("OnFailure", "Never"):
        yield f'{path}.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'


def _changes(item: Object, live: Object) -> Iterator[str]:
    kind, now, before = Kind(item["kind"]), item["metadata"], live["metadata"]
    if now["uid"] != before["uid"]:
        yield f'metadata.uid: Invalid value: "{now["uid"]}": {_IMMUTABLE}'
    new = sorted({*now.get("finalizers", ())} - {*before.get("finalizers", ())})
    if new and "deletionTimestamp" in before:
        shown = ", ".join(f'"{each}"' for each in new)
        yield (
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{shown}}}"
        )
    if kind in (Kind.SECRET, Kind.CONFIG_MAP):
        yield from _changes_of_data(item, live)
    mutable = {Kind.JOB: _MUTABLE_OF_JOBS, Kind.POD: _MUTABLE_OF_PODS}.get(kind, ())
    if mutable:
        specs = [
            {key: value for key, value in each.get("spec", {}).items() if key not in mutable} for each in (item, live)
        ]
        if specs[0] != specs[1]:
            changed = sorted(key for key in specs[0] | specs[1] if specs[0].get(key) != specs[1].get(key))
            yield f"spec.{changed[0]}: Invalid value: {_IMMUTABLE}"


def _changes_of_data(item: Object, live: Object) -> Iterator[str]:
    if live.get("immutable"):
        if not item.get("immutable"):
            yield f"immutable: {_IMMUTABLE_WHEN}"
        for key in ("data", "binaryData"):
            if item.get(key) != live.get(key):
                yield f"{key}: {_IMMUTABLE_WHEN}"
    if item.get("type") != live.get("type"):
        yield f'type: Invalid value: "{item.get("type")}": {_IMMUTABLE}'
