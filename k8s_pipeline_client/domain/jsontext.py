"""Reads JSON that a stranger has sent, as strictly as its standard allows. Pure."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from k8s_pipeline_client.domain.depth import MAX_DEPTH, is_too_deep

_TOO_DEEP = f"it is nested more than {MAX_DEPTH} levels deep"
_MOST = 60


class UnusableJsonError(ValueError):
    """A text that is not read; ``str()`` says why in a clause, and shows no value."""


def load_json(body: bytes) -> Any:
    """Return the value of a JSON text.

    Python's own reader takes the last of two equal keys, and NaN, and ends in a `RecursionError` where nesting is deep.

    Raises:
        UnusableJsonError: It is none, not UTF-8, too deep, or has a key twice in an object.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableJsonError(f"it is not UTF-8 (byte {error.start})") from None
    try:
        found = json.loads(text, object_pairs_hook=_without_twins, parse_constant=_refuse)
    except RecursionError:
        raise UnusableJsonError(_TOO_DEEP) from None
    except json.JSONDecodeError as error:
        if not text.strip():
            raise UnusableJsonError("it is empty") from None
        where = f"line {error.lineno}, column {error.colno}"
        raise UnusableJsonError(f"it is not JSON: {error.msg} ({where})") from None
    except UnusableJsonError:
        raise
    except ValueError:  # a number of more digits than Python reads
        raise UnusableJsonError("it holds a number that is too long") from None
    if is_too_deep(found):
        raise UnusableJsonError(_TOO_DEEP)
    return found


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    twin = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    raise UnusableJsonError(f"duplicate key {twin[:_MOST]!r} in one object")


def _refuse(text: str) -> NoReturn:
    raise UnusableJsonError(f"it is not JSON: {text} is no number")
