"""The types of single values: what Kubernetes would reject is rejected here, before anything is written."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.quantity import parse_quantity
from k8s_pipeline_client.settings import syntax

OWN_VOLUME = "k8s-pipeline"
OWN_MOUNT_PATH = "/opt/k8s-pipeline"
"""Where every run finds its document and the launcher."""
OWN_ENVIRONMENT = frozenset({"config", "pipelineType", "pipelineRunId", "ingestionPipelineFQN", "jobName", "namespace"})

_OWN_LABELS = frozenset(
    {
        labels.APP_NAME,
        labels.APP_COMPONENT,
        labels.APP_MANAGED_BY,
        labels.APP_PIPELINE,
        labels.APP_PIPELINE_TYPE,
        labels.APP_RUN_ID,
        "controller-uid",  # these two and batch.kubernetes.io/ are written by the Job controller
        "job-name",
    }
)
_MAX_ANNOTATIONS_BYTES = 192 * 1024
"""Kubernetes' limit is 256 KiB; ours have to fit in as well."""

_LABEL = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DNS_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_IMAGE = re.compile(
    r"(?:(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?"  # registry
    r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*"  # repository
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[a-z0-9:]+)?"
)
_ADDRESS = re.compile(
    r"https?://(?:[^\s/?#@]*@)?(?P<host>[\w.-]+|\[[0-9a-fA-F:.]+(?:%\w+)?\])(?::(?P<port>[0-9]{1,6}))?(?:/[^\s?#]*)?"
)
_MAX_PORT = 65535
_PLACEHOLDER = re.compile(r"(?P<variable>\$\{[^}]*\}|\$\([^)]*\))|(?P<template>\{\{.*?\}\})|(?P<placeholder><[^<>]*>)")
_PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "variable": "a variable, which nothing replaces here,",
        "template": "a template that was not rendered",
        "placeholder": "a placeholder",
    }
)
_DNS_SUBDOMAIN = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"


class Model(BaseModel):
    """A mapping with documented keys in camelCase; any other key is an error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    def manifest(self) -> dict[str, Any]:
        """Return it as Kubernetes takes it: what was given, and nothing else."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)


def is_own_label(key: str) -> bool:
    """Return whether a label of the pod is ours, or the Job controller's, and nobody else's to set."""
    return key in _OWN_LABELS or key.startswith((labels.PREFIX, "batch.kubernetes.io/"))


def is_own_path(path: str) -> bool:
    """Return whether a mount at this path would be ours, within it, or hide it."""
    # normpath keeps two slashes at the start, for POSIX gives them a meaning that Linux does not.
    normal = "/" + posixpath.normpath(path).strip("/")
    return f"{normal}/".startswith(f"{OWN_MOUNT_PATH}/") or OWN_MOUNT_PATH.startswith(f"{normal.rstrip('/')}/")


def _metadata_text(value: Any) -> Any:
    # As with variables: which text 1.10 stands for only its author knows. Booleans are refused, since they are no text.
    if isinstance(value, float):
        raise ValueError("a number with a point could be written in several ways: put it in quotes")
    return _text(value)


def _text(value: Any) -> Any:
    # YAML reads `cpu: 2` as a number, and a person means what they would write between quotes.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _number(value: Any) -> Any:
    # In Python booleans are integers, and YAML has many words for them.
    if isinstance(value, bool):
        raise ValueError("it must be a number, not a boolean (in YAML: true, false, yes, no, on, off)")
    if isinstance(value, str) and not re.fullmatch(r"[+-]?[0-9]{1,19}", value.strip()):
        raise ValueError("it must be an integer")
    return value


def _flag(value: Any) -> Any:
    # Other words that pydantic would take (yes, on, 1) are false in OpenMetadata's own client: better none than two.
    words = {"true": True, "false": False}
    found = words.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValueError("it must be true or false")
    return found


def _names(value: Any) -> Any:
    value = syntax.structure(value)
    if isinstance(value, str):
        return [name for name in (part.strip() for part in value.split(",")) if name]
    if isinstance(value, list):
        # As pods have them: {name: registry}.
        return [item["name"] if isinstance(item, Mapping) and set(item) == {"name"} else item for item in value]
    return value


def _quantity(text: str) -> str:
    parse_quantity(text)
    return text


def _dns_label(text: str) -> str:
    if not re.fullmatch(_DNS_LABEL, text):
        raise ValueError(f"{text!r} is not a name that Kubernetes accepts (a-z, 0-9, hyphens, at most 63)")
    return text


def _dns_subdomain(text: str) -> str:
    if len(text) > 253 or not re.fullmatch(_DNS_SUBDOMAIN, text):
        raise ValueError(f"{text!r} is not a name that Kubernetes accepts (a-z, 0-9, hyphens, dots)")
    return text


def _label_key(text: str) -> str:
    prefix, slash, name = text.rpartition("/")
    if not re.fullmatch(_LABEL, name) or (slash and (len(prefix) > 253 or not re.fullmatch(_DNS_SUBDOMAIN, prefix))):
        raise ValueError(f"{text!r} is not a key that Kubernetes accepts (name, or domain/name; name at most 63)")
    return text


def _label_value(text: str) -> str:
    if text and not re.fullmatch(_LABEL, text):
        raise ValueError(f"{text!r} is not a label's value (at most 63 of A-Z, a-z, 0-9, '-', '_', '.')")
    return text


def _queue_name(text: str) -> str:
    return _label_value(_dns_subdomain(text))


def _no_own_labels(value: dict[str, str]) -> dict[str, str]:
    for key in value:
        if is_own_label(key):
            raise ValueError(f"{key} is set by the run itself")
    return value


def _annotations(value: dict[str, str]) -> dict[str, str]:
    for key in value:
        _label_key(key.lower())
        if key.startswith(labels.PREFIX):
            raise ValueError(f"{key} is set by the run itself")
    if sum(len(key.encode()) + len(text.encode()) for key, text in value.items()) > _MAX_ANNOTATIONS_BYTES:
        raise ValueError(f"more than {_MAX_ANNOTATIONS_BYTES // 1024} KiB in all")
    return value


def _environment_name(text: str) -> str:
    if not re.fullmatch(r"[-._a-zA-Z][-._a-zA-Z0-9]*", text) or text == "." or text.startswith(".."):
        raise ValueError(f"{text!r} is not a name of an environment variable")
    return text


def _environment_entries(value: dict[str, str]) -> dict[str, str]:
    for name, text in value.items():
        _environment_name(name)
        if name in OWN_ENVIRONMENT:
            raise ValueError(f"{name} is set by the run itself")
        if "\0" in text:
            raise ValueError(f"the value of {name} has a NUL character, which no environment can have")
    return value


def _image(text: str) -> str:
    if not text:
        raise ValueError("it is empty; name an image")
    if "@" in text and not re.search(r"[^@]@sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$", text):
        raise ValueError("what follows '@' is not a digest (sha256: and 64 hexadecimal digits)")
    if not _IMAGE.fullmatch(text):
        raise ValueError(
            "it is not an image as in registry.example:5000/team/ingestion:1.12.0 (lower case but for the tag)"
        )
    return text


def _address(text: str) -> str:
    if found := _PLACEHOLDER.search(text):
        raise ValueError(f"{_PLACEHOLDERS[found.lastgroup or '']} is in it: replace it with the value")
    parts = _ADDRESS.fullmatch(text.strip())
    if parts is None or not any(map(str.isalnum, parts["host"])):
        raise ValueError("it is not an address such as http://openmetadata:8585/api")
    if parts["port"] and int(parts["port"]) > _MAX_PORT:
        raise ValueError(f"its port is above {_MAX_PORT}")
    return text.strip().rstrip("/")


def _relative_path(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/"):
        raise ValueError(f"{text!r} is not a relative path without '..'")
    return text


def _mount_path(text: str) -> str:
    if not text.startswith("/") or ":" in text or "\0" in text:
        raise ValueError(f"{text!r} is not an absolute path without ':'")
    if is_own_path(text):
        raise ValueError(f"{text!r} overlaps {OWN_MOUNT_PATH}, where the run finds its document")
    return text


WHOLE_NUMBER = BeforeValidator(_number)
Flag = Annotated[bool, BeforeValidator(_flag)]
Quantity = Annotated[str, BeforeValidator(_text), AfterValidator(_quantity)]
DnsLabel = Annotated[str, AfterValidator(_dns_label)]
DnsSubdomain = Annotated[str, AfterValidator(_dns_subdomain)]
QueueName = Annotated[str, AfterValidator(_queue_name)]
LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, BeforeValidator(_metadata_text), AfterValidator(_label_value)]
Names = Annotated[tuple[DnsSubdomain, ...], BeforeValidator(_names)]
Labels = Annotated[dict[LabelKey, LabelValue], BeforeValidator(syntax.pairs)]
PodLabels = Annotated[Labels, AfterValidator(_no_own_labels)]
Annotations = Annotated[
    dict[str, Annotated[str, BeforeValidator(_metadata_text)]],
    BeforeValidator(syntax.pairs),
    AfterValidator(_annotations),
]
EnvironmentName = Annotated[str, AfterValidator(_environment_name)]
Environment = Annotated[dict[str, str], BeforeValidator(syntax.environment), AfterValidator(_environment_entries)]
Image = Annotated[str, AfterValidator(_image)]
Address = Annotated[str, AfterValidator(_address)]
RelativePath = Annotated[str, Field(min_length=1), AfterValidator(_relative_path)]
MountPath = Annotated[str, AfterValidator(_mount_path)]
UserId = Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE_NUMBER]
