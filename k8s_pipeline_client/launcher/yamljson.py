"""Serializes a document as JSON that every YAML parser reads as the same values.

The stock entry points parse the document with PyYAML. JSON is YAML, except for a few cases: numbers such as ``1e-07``
are text in YAML 1.1, line separators fold inside quotes, and some characters have to be escaped.
"""

from __future__ import annotations

import json
import re
from typing import Any

# A string, so that nothing inside it matches as a number; or a number with an exponent but without a point.
_STRING_OR_EXPONENT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(?<![0-9.])(-?[0-9]+)(e[+-]?[0-9]+)')
_TO_ESCAPE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def dumps(document: dict[str, Any]) -> str:
    """Return the document as one line of JSON.

    Raises:
        TypeError: It contains a value that is not JSON.
        ValueError: It contains a number that is not finite.
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    # Surrogate pairs from YAML escapes are joined, as in every JSON parser.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _STRING_OR_EXPONENT.sub(_for_yaml, text)


def _for_yaml(match: re.Match[str]) -> str:
    if match[1] is not None:
        return f"{match[1]}.0{match[2]}"
    return _TO_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", match[0])
