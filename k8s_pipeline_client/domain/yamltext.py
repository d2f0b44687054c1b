"""Parses untrusted JSON and YAML to JSON values.

PyYAML by itself converts unquoted text to dates and bytes, accepts duplicate keys, expands aliases without a limit, and
quotes the text, which may be a secret, in its messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from k8s_pipeline_client.domain.depth import MAX_DEPTH, is_too_deep

MAX_REPEATED = 200_000
"""The maximum number of values that aliases may repeat; a few lines could otherwise expand to billions."""
MAX_VALUES = 300_000
"""The maximum number of values of a YAML text: each takes some hundred bytes of memory while it is parsed."""

_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufeff\uff00-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.1 does not allow; the parser says neither which it is nor where."""
_TAG = "tag:yaml.org,2002:"
_TEXT = frozenset({f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}value", f"{_TAG}merge"})
_SCALARS = _TEXT | {f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float")}
_COLLECTIONS = frozenset({f"{_TAG}seq", f"{_TAG}map"})
_TAGS_OF_OTHERS = frozenset(
    {"!secret", "!env", "!env_var", "!include", "!ref", "!sub", "!getatt", "!vault", "!reference", "!var"}
)
_TOO_DEEP = f"it is nested deeper than {MAX_DEPTH} levels"


class _Mark(NamedTuple):
    line: int
    column: int


class UnusableTextError(ValueError):
    """An invalid text; ``str()`` says where and why, without values.

    Attributes:
        where: Line and column; empty if unknown.
        problem: The problem.
    """

    def __init__(self, problem: str, mark: Any = None) -> None:
        self.where = f"line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        self.problem = problem
        super().__init__(f"{self.where}: {problem}" if self.where else problem)

    def at(self, origin: str) -> str:
        """Return the message with the text's origin."""
        return f"{origin}, {self}" if self.where else f"{origin}: {self}"


def load_documents(text: str) -> list[Any]:
    """Return all documents of a JSON or YAML text.

    Raises:
        UnusableTextError: It is neither, or has values that are not JSON.
    """
    if text.lstrip()[:1] in ("{", "["):
        try:
            found = json.loads(text, object_pairs_hook=_without_twins)
        except RecursionError:
            raise UnusableTextError(_TOO_DEEP) from None
        except ValueError:
            pass  # YAML flow style, or several documents: the YAML parser handles both, with better errors
        else:
            if is_too_deep(found):
                raise UnusableTextError(_TOO_DEEP)
            return [found]
    return list(_yaml_documents(text))


def load_document(text: str) -> Any:
    """Return the only document of a text; None if it is empty.

    Raises:
        UnusableTextError: It is neither JSON nor YAML, has values that are not JSON, or several documents.
    """
    documents = load_documents(text)
    if len(documents) > 1:
        raise UnusableTextError("it has several documents; exactly one is allowed")
    return documents[0] if documents else None


def line_of(text: str, document: int, place: Sequence[str | int]) -> int | None:
    """Return the line, from 1, in which a part of a document stands; that of the nearest part around it that does.

    Args:
        text: JSON or YAML that `load_documents` could read.
        document: Which of its documents, from 0.
        place: Keys and list indices from the top of that document.
    """
    import yaml

    try:
        nodes = list(yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        node = nodes[document]
    except (yaml.YAMLError, UnicodeError, IndexError, RecursionError):
        return None
    for part in place:
        below = _below(node, part)
        if below is None:
            break
        node = below
    return int(node.start_mark.line) + 1


def _below(node: Any, part: str | int) -> Any:
    """Return the node at a key or an index; None if there is none."""
    if node.id == "mapping":
        return next((value for key, value in node.value if key.value == part), None)
    if node.id == "sequence" and isinstance(part, int) and part < len(node.value):
        return node.value[part]
    return None


def _yaml_documents(text: str) -> Iterator[Any]:
    import yaml  # imported here: most of the start-up time of commands that read no YAML

    if found := _UNPRINTABLE.search(text):
        above = text[: found.start()]
        mark = _Mark(above.count("\n"), len(above) - above.rfind("\n") - 1)
        raise UnusableTextError(f"the character U+{ord(found[0]):04X} is not allowed in YAML", mark)
    loader = None
    try:
        loader = _loader_class()(text)
        while loader.check_node():
            node = loader.get_node()
            _Check().node(node, 1)
            yield loader.construct_document(node)
    except yaml.YAMLError as error:
        # libyaml's messages are fixed texts; those of the Python parser quote the input.
        fixed = hasattr(yaml, "CSafeLoader") and getattr(error, "problem", None)
        problem = f"neither JSON nor YAML: {fixed or 'the text cannot be parsed'}"
        raise UnusableTextError(problem, getattr(error, "problem_mark", None)) from None
    except UnicodeError:  # a lone surrogate
        raise UnusableTextError("neither JSON nor YAML: the text cannot be parsed") from None
    finally:
        if loader is not None:
            loader.dispose()


@cache
def _loader_class() -> Any:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Builds plain values only."""

        _depth = 0
        _values = 0

        # Called for every value while libyaml parses, which crashes on too deep nesting.
        def descend_resolver(self, parent: Any, index: Any) -> None:
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise UnusableTextError(_TOO_DEEP, parent.start_mark)
            self._values += 1
            if self._values > MAX_VALUES:
                raise UnusableTextError(f"it has more than {MAX_VALUES:,} values", parent and parent.start_mark)

        def ascend_resolver(self) -> None:
            self._depth -= 1

        def construct_object(self, node: Any, deep: bool = False) -> Any:
            try:
                return super().construct_object(node, deep)
            except (ValueError, KeyError, AttributeError) as error:
                if isinstance(error, UnusableTextError):
                    raise
                kind = str(node.tag).removeprefix(_TAG)
                raise UnusableTextError(f"this is not a valid {kind}", node.start_mark) from None

    for tag in _TEXT:
        # Dates are text, as in JSON; so are `=` and `<<`, which are special only as keys.
        Loader.add_constructor(tag, yaml.SafeLoader.construct_yaml_str)
    return Loader


class _Check:
    """Validates the nodes of one document before values are constructed."""

    def __init__(self) -> None:
        self._above: set[int] = set()
        self._measured: dict[int, tuple[int, int]] = {}
        self._repeated = 0

    def node(self, node: Any, depth: int) -> tuple[int, int]:
        """Check a node and its children; return the number of values, and of levels."""
        if id(node) in self._above:
            raise UnusableTextError("this alias is recursive", node.start_mark)
        size, levels = self._measured.get(id(node), (0, 1))  # 0: not seen before
        if depth + levels - 1 > MAX_DEPTH:
            raise UnusableTextError(_TOO_DEEP, node.start_mark)
        self._repeated += size
        if self._repeated > MAX_REPEATED:
            raise UnusableTextError(f"its aliases repeat more than {MAX_REPEATED:,} values", node.start_mark)
        if not size:
            size, levels = self._measured[id(node)] = self._first(node, depth)
        return size, levels

    def _first(self, node: Any, depth: int) -> tuple[int, int]:
        if not isinstance(node.value, list):
            _check_tag(node, _SCALARS)
            return 1, 1
        _check_tag(node, _COLLECTIONS)
        is_mapping = node.id == "mapping"
        if is_mapping:
            _check_keys(node)
        self._above.add(id(node))
        below = [self.node(item[1] if is_mapping else item, depth + 1) for item in node.value]
        self._above.remove(id(node))
        return 1 + sum(size for size, _ in below), 1 + max((levels for _, levels in below), default=0)


def _check_tag(node: Any, known: frozenset[str]) -> None:
    if node.tag in known:
        return
    if node.tag.lower() in _TAGS_OF_OTHERS:
        raise UnusableTextError(
            f"the tag {node.tag} is another program's and is not resolved here: write ${{NAME}} for a variable, or"
            " secretRef: {name: …, key: …} for a Secret",
            node.start_mark,
        )
    # Without the tag, which may be an unquoted password.
    raise UnusableTextError(
        "a value that begins with ! must be quoted; if it is meant as a tag: tags are not resolved here",
        node.start_mark,
    )


def _check_keys(mapping: Any) -> None:
    found: set[str] = set()
    for key, value in mapping.value:
        if isinstance(key.value, list) or key.tag not in _TEXT:
            _check_tag(key, _SCALARS | _COLLECTIONS)
            if _is_template(key, value):
                raise UnusableTextError(
                    "this looks like a template that was not rendered ({{ … }}): render it first, or quote it",
                    key.start_mark,
                )
            raise UnusableTextError("a key that is not text must be quoted", key.start_mark)
        if key.value in found:
            raise UnusableTextError(f"duplicate key {key.value!r}", key.start_mark)
        if key.tag != f"{_TAG}merge":  # `<<` may be repeated
            found.add(key.value)


def _is_template(key: Any, value: Any) -> bool:
    """Return whether this is ``{{ name }}`` without quotes, which YAML reads as a mapping whose key is a mapping."""
    return key.id == "mapping" and value.value == "" and all(inner.value == "" for _, inner in key.value)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")  # the YAML parser finds it again, with its line
    return found
