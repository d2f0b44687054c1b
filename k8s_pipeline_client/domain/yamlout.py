"""Writes YAML to be read: text of several lines as a block, as people write it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

_UNBOUNDED = 10_000
_NO_BLOCK = ("\r", "\t", "\x85", "\u2028", "\u2029")
"""Breaks that a block would not show as what they are, and what may not indent."""


def to_yaml(value: Any, *, sort_keys: bool = False, allow_unicode: bool = True) -> str:
    """Return YAML.

    Args:
        value: What JSON can hold; half surrogate pairs, which YAML has not, are replaced.
        sort_keys: Else in the order of the keys, as kubectl shows it.
        allow_unicode: Else what is not ASCII is escaped.
    """
    import yaml

    whole = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    text: str = yaml.dump(whole, Dumper=_dumper(), sort_keys=sort_keys, allow_unicode=allow_unicode, width=_UNBOUNDED)
    return text


@cache
def _dumper() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        """Writes blocks."""

    def text(dumper: Any, value: str) -> Any:
        is_block = "\n" in value.rstrip("\n") and not any(mark in value for mark in _NO_BLOCK)
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if is_block else None)

    Dumper.add_representer(str, text)
    return Dumper
