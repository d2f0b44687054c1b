"""Writes a document as JSON that every YAML parser reads as the same values.

The stock entry points read the document with PyYAML. JSON is YAML, but for a few corners: numbers such as
``1e-07`` are text to YAML 1.1, line separators fold inside quotes, and some characters are refused unless escaped.
"""

from __future__ import annotations

import json
import re
from typing import Any

# A string, so that nothing inside it is taken for a number; or a number without a point but with an exponent.
_STRING_OR_EXPONENT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(?<![0-9.])(-?[0-9]+)(e[+-]?[0-9]+)')
_TO_ESCAPE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def dumps(document: dict[str, Any]) -> str:
    """Return the document as one line of JSON.

    Raises:
        TypeError: It holds a value that JSON has no form for.
        ValueError: It holds a number that is not finite.
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    # Two halves of a character, as YAML's escapes leave them, become one: so does every JSON parser have them.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _STRING_OR_EXPONENT.sub(_for_yaml, text)


def _for_yaml(match: re.Match[str]) -> str:
    if match[1] is not None:
        return f"{match[1]}.0{match[2]}"
    return _TO_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", match[0])
