"""Parses lists and mappings that are written as text: in environment variables, and in the server's own files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_document

_SHAPES = ("{", "[", "- ")
"""A text that begins with one of these is JSON or YAML, and none of the shorter forms."""
_VARIABLE = re.compile(r"(?!\s*[a-z]+://)\s*([A-Za-z_][A-Za-z0-9_]*)\s*([:=])(//)?")
"""What after a comma may be the next variable: a name and a sign, but not ``https://``."""
_LIST = "write a list, in a variable as JSON"


def structure(value: Any) -> Any:
    """Read JSON or YAML that stands in a text; anything else is returned as it is.

    Raises:
        ValueError: It begins like a list or a mapping, and is none.
    """
    if not isinstance(value, str) or not value.lstrip().startswith(_SHAPES):
        return value
    try:
        return load_document(value)
    except UnusableTextError as error:
        raise ValueError(str(error)) from error


def listed(value: Any) -> Any:
    """Take a list, or a text that is one in JSON or YAML; nothing at all is an empty list.

    Raises:
        ValueError: It is a text of another kind.
    """
    found = structure(value)
    if isinstance(found, str):
        if found.strip():
            raise ValueError("a list is needed, or its text in JSON or YAML")
        return []
    return found


def pairs(value: Any) -> Any:
    """Take ``key=value,key2=value2`` as well as a mapping, or its text in JSON.

    Raises:
        ValueError: An entry has no ``=``, or a key is there twice.
    """
    found = structure(value)
    if not isinstance(found, str):
        return found
    result: dict[str, str] = {}
    for number, entry in enumerate(found.split(","), start=1):
        if not entry.strip():
            continue
        key, sign, text = (part.strip() for part in entry.partition("="))
        if not sign or not key:
            raise ValueError(
                f"entry {number} is not key=value; where a value has a comma, write a mapping, in a variable as JSON"
            )
        _once(key, result)
        result[key] = text
    return result


def environment(value: Any) -> dict[str, str]:
    """Take ``KEY:value`` and ``KEY=value``, whichever sign stands first, in a list or a text, as well as a mapping.

    Raises:
        ValueError: It is none of these, it could be read in two ways, or a name is there twice.
    """
    value = structure(value)
    if isinstance(value, str):
        value = _split(value)
    if isinstance(value, Mapping):
        return {str(key): _entry(str(key), item) for key, item in value.items()}
    if not isinstance(value, list):
        raise ValueError("give a list of KEY:value, or a mapping")
    return _variables(value)


def _variables(entries: Iterable[Any]) -> dict[str, str]:
    result: dict[str, str] = {}
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, Mapping) and "name" in entry:
            raise ValueError(
                f"entry {number} has the form of a pod's env (name, value): write NAME:value in quotes; for values of a"
                " Secret or ConfigMap use envFrom, or env in a podTemplate"
            )
        if not isinstance(entry, str):
            raise ValueError(f"entry {number} is not text: put KEY:value, without a space in between, in quotes")
        match = re.fullmatch(r"([^:=]+)[:=](.*)", entry, re.DOTALL)
        if match is None:
            raise ValueError(f"entry {number} has neither ':' nor '=' after its name")
        name = match[1].strip()
        _once(name, result)
        result[name] = match[2]
    return result


def _split(text: str) -> list[str]:
    """Split a text at the commas behind which a variable begins; the others belong to values.

    A variable begins there with a name in capitals and the sign (``:`` or ``=``) of the first one. What could be a
    variable and could be the rest of a value is refused: to guess would break one of the two.
    """
    entries: list[str] = []
    sign = None
    if not text.strip():
        return entries
    for number, part in enumerate(text.split(","), start=1):
        match = _VARIABLE.match(part)
        if number == 1:
            entries.append(part.strip())
            sign = match[2] if match else None
        elif not part.strip():
            raise ValueError(f"nothing follows comma {number - 1}: remove it, or {_LIST}")
        elif match is None:
            entries[-1] += f",{part}"
        elif match[1].isupper() and match[2] == sign and not match[3]:
            entries.append(part.strip())
        else:
            raise ValueError(
                f"what follows comma {number - 1} may be a variable, or the rest of the value before it: {_LIST}"
            )
    return entries


def _entry(key: str, value: Any) -> str:
    if value is None:
        raise ValueError(f'{key} has no value; write "" for an empty one')
    if isinstance(value, bool | float):
        raise ValueError(f"{key} is not text, and could be written in several ways: put it in quotes")
    if not isinstance(value, str | int):
        raise ValueError(f"{key} is a mapping or a list, and a variable holds text")
    return str(value)


def _once(key: str, found: Mapping[str, str]) -> None:
    if key in found:
        raise ValueError(f"{key} is given twice")
