"""What is wrong with a document, path by path, in the words of YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Place = tuple[str | int, ...]
"""Keys and list indices, from the top of a document."""

_WANTED = {
    "string_type": "text",
    "string_sub_type": "text",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "iterable_type": "a list",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
"""What a value has to be, by pydantic's type of error."""


class Problem(NamedTuple):
    """One thing that is wrong.

    Attributes:
        place: Where in the document.
        why: In words; holds no value of the document, which may be a secret.
    """

    place: Place
    why: str


def problems_of(error: ValidationError, document: Any) -> list[Problem]:
    """Return what pydantic found in a document."""
    return list(_problems(error, document))


def path_text(place: Place) -> str:
    """Return a place as people write it: ``source.steps[0].name``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def kind_of(value: Any) -> str:
    """Return what a value is, in the words of YAML."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def quoting_advice(value: Any, wanted: str) -> str:
    """Return what to do about a number or a truth value that is to be text; YAML makes them of what is not quoted."""
    unquoted = isinstance(value, bool | int | float)
    return ": put it in quotes" if unquoted and wanted == "text" else ""


def worded(item: ErrorDetails) -> str:
    """Return what one of pydantic's errors says, to follow the place: "it is a number, and text is needed"."""
    kind, value = item["type"], item["input"]
    context = item.get("ctx", {})
    if kind == "missing":
        return "it is missing"
    if kind == "extra_forbidden":
        return "no such key"
    if kind == "string_too_short" or (kind == "too_short" and not context.get("actual_length")):
        return "it is empty"
    if wanted := _WANTED.get(kind):
        return f"it is {kind_of(value)}, and {wanted} is needed{quoting_advice(value, wanted)}"
    if kind in ("literal_error", "enum"):
        return f"it must be {context['expected']}{_case_advice(value, str(context['expected']))}"
    return item["msg"].removeprefix("Value error, ").replace("Input should be", "it must be")


def _case_advice(value: Any, expected: str) -> str:
    is_near = isinstance(value, str) and f"'{value.lower()}'" in expected.lower()
    return " (case-sensitive)" if is_near else ""


def _problems(error: ValidationError, document: Any) -> Iterator[Problem]:
    seen: set[Place] = set()
    for item in error.errors(include_url=False):
        place = _within(item["loc"], document)
        if place in seen:  # of a value that may be of several kinds each says why it is none of its own
            continue
        seen.add(place)
        wanted, value = _WANTED.get(item["type"]), item["input"]
        if item["type"] == "missing":
            yield Problem(place, "is missing")
        elif item["type"] == "string_too_short":
            yield Problem(place, "is empty")
        elif wanted:
            yield Problem(place, f"is {kind_of(value)}, and {wanted} is needed{quoting_advice(value, wanted)}")
        else:
            yield Problem(place, item["msg"].removeprefix("Value error, ").replace("Input should be", "should be"))


def _within(location: tuple[str | int, ...], document: Any) -> Place:
    """Return a location without what pydantic adds for its own kinds (``str``, ``function-after[…]``)."""
    place: list[str | int] = []
    value = document
    for number, part in enumerate(location):
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            # A kind of pydantic's; but the last part, within a mapping, is a key that is missing.
            if number != len(location) - 1 or not isinstance(value, Mapping):
                continue
        place.append(part)
    return tuple(place)
