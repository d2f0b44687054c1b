"""Copies of JSON documents."""

from __future__ import annotations

import pickle
from typing import TypeVar

_Document = TypeVar("_Document")


def copied(document: _Document) -> _Document:
    """Return a copy that shares nothing with a JSON document; several times as fast as `copy.deepcopy`."""
    result: _Document = pickle.loads(pickle.dumps(document, pickle.HIGHEST_PROTOCOL))
    return result
