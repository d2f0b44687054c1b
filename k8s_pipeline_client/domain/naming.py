"""Builds valid Kubernetes names and label values from any text that OpenMetadata accepts."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid

MAX_CRONJOB_NAME = 52
MAX_LABEL_VALUE = 63

_HASH_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
_HASH_LENGTH = 10
_HASH_SHIFTS = range(0, 5 * _HASH_LENGTH, 5)
_HASH_BYTES = 7
RUN_DIGITS = 10
"""So many hexadecimal digits end the name of a run's Job."""


def resource_name(*, instance: str, fqn: str, service: str, pipeline_type: str) -> str:
    """Return ``om-<slug>-<hash>``: one name for a pipeline's CronJob, Secret and ConfigMap.

    The hash is over (instance, FQN), the identity of a pipeline; the slug is for people, because OpenMetadata names
    pipelines by UUID.

    Returns:
        At most 52 characters, the limit of a CronJob.
    """
    digest = _short_hash(f"{instance}\0{fqn}")
    room = MAX_CRONJOB_NAME - len("om--") - len(digest)
    text = slug(f"{service}-{pipeline_type}", limit=room)
    return f"om-{text}-{digest}" if text else f"om-{digest}"


def one_shot_name(*, service: str, pipeline_type: str, run_id: str) -> str:
    """Return the name of a run that has no CronJob; unique by its run id."""
    return resource_name(instance="one-shot", fqn=run_id, service=service, pipeline_type=pipeline_type)


def token_secret_name(*, instance: str, bot: str) -> str:
    """Return the name of the Secret with a bot's token: one for an OpenMetadata instance and bot.

    Args:
        instance: The instance, or its label value, which is all that a cluster has.
        bot: The bot's name.

    Returns:
        At most 63 characters, so that it is a valid label value.
    """
    instance = instance_label(instance)
    digest = _short_hash(f"{instance}\0{bot}")
    text = slug(f"{instance}-{bot}", limit=MAX_LABEL_VALUE - len("om-token--") - len(digest))
    return f"om-token-{text}-{digest}" if text else f"om-token-{digest}"


def run_name(pipeline_resource: str, run_id: str) -> str:
    """Return the name of a run's Job, given the run's id, or what stands for it; at most 63 characters."""
    return f"{pipeline_resource}-{run_id.replace('-', '')[:RUN_DIGITS].lower()}"


def lookup_hash(text: str) -> str:
    """Return a label value for lookups by an annotation's text; the annotation has to be compared as well."""
    return _short_hash(text)


def id_key(instance: str, identity: str) -> str:
    """Return a label value for a pipeline's id in an OpenMetadata instance."""
    digest = _short_hash(f"{instance_label(instance)}\0{identity}")
    return f"id-{digest}"


def slug(text: str, *, limit: int) -> str:
    """Return the text in lower-case ASCII letters, digits and single hyphens; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:limit].rstrip("-")


def label_value(text: str) -> str:
    """Return a label value similar to the text; a hash if nothing of it is valid.

    Like OpenMetadata's own client for a pipeline's name: lower case, everything else a hyphen,
    at most 53 characters.
    """
    cleaned = re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9-]", "-", text.lower())).strip("-")[:53].rstrip("-")
    return cleaned or f"x{_short_hash(text)}"


def instance_label(instance: str) -> str:
    """Return the instance as a label value, without collisions."""
    if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", instance):
        return instance
    return f"{slug(instance, limit=40) or 'x'}-{_short_hash(instance)}"


def identity(text: str | None) -> str | None:
    """Return an entity's id in canonical form; None if there is none.

    OpenMetadata writes UUIDs in lower case and accepts any case; other ids are only stripped.
    """
    plain = (text or "").strip()
    try:
        return str(uuid.UUID(plain))
    except ValueError:
        return plain or None


def fqn_parts(fqn: str) -> list[str]:
    """Split a fully qualified name at its dots; parts in double quotes may contain dots."""
    parts = re.findall(r'"((?:[^"]|"")*)"(?:\.|$)|([^.]*)(?:\.|$)', fqn)
    return [quoted.replace('""', '"') or plain for quoted, plain in parts if quoted or plain]


def quoted(name: str) -> str:
    """Return a name as a part of a fully qualified name: in double quotes if it contains dots or quotes."""
    if "." not in name and '"' not in name:
        return name
    return '"' + name.replace('"', '""') + '"'


def _short_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    number = int.from_bytes(digest[-_HASH_BYTES:], "big")  # no more than its digits need: several for each pipeline
    return "".join(_HASH_ALPHABET[number >> shift & 31] for shift in _HASH_SHIFTS)
