"""Values that fit a published JSON schema, for Hypothesis.

Only the keywords that the published models use are known; another one is an error, so that none is missed in silence.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from k8s_pipeline_client.domain.recognise import MASKED

Schema = Mapping[str, Any]
Values = st.SearchStrategy[Any]

_SAID_ELSEWHERE = {"title", "description", "default", "examples", "writeOnly", "deprecated"}
_DEPTH = 3
_OPTIONAL = 5
# Half a character is none, and a NUL is refused: no environment can hold one. So is what stands for a masked secret,
# which Hypothesis finds in our source and tries.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def _text(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(_CHARACTERS, min_size=least, max_size=most).filter(lambda text: text != MASKED)


TEXT = _text(0, 12)
_WORD = st.text(string.ascii_lowercase, min_size=1, max_size=8)
_JSON = st.recursive(
    st.booleans() | st.integers(-1000, 1000) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_WORD, inner, max_size=2),
    max_leaves=4,
)
_FORMATS: Mapping[str, Values] = {
    "uuid": st.uuids().map(str),
    "date": st.dates().map(str),
    "date-time": st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    "email": _WORD.map("{}@example.com".format),
    "uri": st.tuples(_WORD, st.sampled_from(["", ":8585"]), _WORD).map(lambda parts: "http://{}{}/{}".format(*parts)),
    "password": TEXT,
}


class Generator:
    """Strategies over the definitions of one schema.

    `instead` has the strategies of properties, by definition and name, that are narrower than the schema says.
    """

    def __init__(self, schema: Schema, instead: Mapping[tuple[str, str], Values] | None = None) -> None:
        self.schema = schema
        self._definitions: Schema = schema.get("$defs", {})
        self._instead = instead or {}
        self._known: dict[tuple[str, int], Values] = {}

    def definition(self, name: str, depth: int = _DEPTH) -> Values:
        """Values of a definition; below `depth` only what is required."""
        if (name, depth) not in self._known:
            self._known[name, depth] = st.deferred(lambda: self._of(self._definitions[name], depth, name))
        return self._known[name, depth]

    def properties(self, name: str | None = None, depth: int = _DEPTH) -> dict[str, Values]:
        """The strategy of each property: of a definition, else of the schema itself."""
        owner = str(self.schema.get("title")) if name is None else name
        schema = self.schema if name is None else self._definitions[name]
        return {key: self._property(owner, key, part, depth) for key, part in schema["properties"].items()}

    def _property(self, owner: str, key: str, schema: Schema, depth: int) -> Values:
        instead = self._instead.get((owner, key))
        return self._of(schema, depth, f"{owner}.{key}") if instead is None else instead

    def _of(self, schema: Schema, depth: int, where: str) -> Values:
        if "$ref" in schema:
            return self.definition(schema["$ref"].rpartition("/")[2], depth)
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return st.one_of(*(self._of(part, depth, where) for part in schema[several]))
        rest = {key: value for key, value in schema.items() if key not in _SAID_ELSEWHERE}
        kind = rest.pop("type", None)
        if kind is None:
            return self._nothing_left(rest, where, _JSON)
        strategy: Values = getattr(self, f"_{kind}")(rest, depth, where)
        return self._nothing_left(rest, where, strategy)

    def _nothing_left(self, rest: Schema, where: str, strategy: Values) -> Values:
        if rest:
            raise NotImplementedError(f"{where}: the schema's {', '.join(rest)} is not known here")
        return strategy

    def _null(self, rest: dict[str, Any], depth: int, where: str) -> Values:
        return st.none()

    def _boolean(self, rest: dict[str, Any], depth: int, where: str) -> Values:
        return st.booleans()

    def _integer(self, rest: dict[str, Any], depth: int, where: str) -> Values:
        least, most = rest.pop("minimum", -(2**31)), rest.pop("maximum", 2**31)
        return st.integers(int(least), int(most))

    def _number(self, rest: dict[str, Any], depth: int, where: str) -> Values:
        step = rest.pop("multipleOf", None)
        least, most = rest.pop("minimum", -1e6), rest.pop("maximum", 1e6)
        if step is not None:
            return st.integers(int(least / step), int(min(most, 1e3) / step)).map(lambda times: round(times * step, 6))
        return st.floats(least, most, allow_nan=False)

    def _string(self, rest: dict[str, Any], depth: int, where: str) -> Values:
        least, most = rest.pop("minLength", 0), rest.pop("maxLength", None)
        if "pattern" in rest:
            return st.from_regex(rest.pop("pattern"))
        form = rest.pop("format", None)
        if form is not None:
            return _FORMATS[form].filter(lambda text: len(text) >= least)
        return _text(least, min(least + 12, most or 64))

    def _array(self, rest: dict[str, Any], depth: int, where: str) -> Values:
        least = rest.pop("minItems", 0)
        rest.pop("maxItems", None)
        unique = rest.pop("uniqueItems", False)
        items = self._of(rest.pop("items", {}), depth - 1, where)
        most = max(least, 2 if depth > 0 else 0)
        return st.lists(items, min_size=least, max_size=most, unique_by=repr if unique else None)

    def _object(self, rest: dict[str, Any], depth: int, where: str) -> Values:
        more = rest.pop("additionalProperties", False)
        required = rest.pop("required", [])
        properties = rest.pop("properties", None)
        if properties is None:
            values = self._of(more, depth - 1, where) if isinstance(more, Mapping) else _JSON
            return st.dictionaries(_WORD, values, max_size=2)
        parts = {
            key: self._property(where, key, part, depth - 1)
            for key, part in properties.items()
            if depth > 0 or key in required
        }
        return chosen(parts, required)


@st.composite
def chosen(draw: st.DrawFn, parts: Mapping[str, Values], required: list[str]) -> dict[str, Any]:
    """An object with what is required and a few of the rest, so that large ones stay readable."""
    optional = [key for key in parts if key not in required]
    few = draw(st.lists(st.sampled_from(optional), unique=True, max_size=_OPTIONAL)) if optional else []
    return {key: draw(parts[key]) for key in parts if key in required or key in few}
