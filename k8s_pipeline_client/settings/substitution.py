"""Environment variables in the text of the server's configuration file, as the server itself puts them in.

The server replaces them in the text, before it is YAML, by the rules of Apache Commons Text's ``StringSubstitutor``:

- ``${NAME}`` is the variable, ``${NAME:-default}`` the default where it is not set; one that is set to nothing is set.
- What has neither a variable nor a default stays as it is.
- ``$${NAME}`` stands for ``${NAME}`` itself.
- The value of a variable, and a default, may refer to others.
- The first ``}`` ends it, whatever quotes are around it.

In one thing this goes further: the server leaves a variable within ``${…}``, such as ``${A:-${B:-x}}``, alone, and the
first ``}`` ends it. Here it is replaced, by the same library's rules for that, since it is never meant otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_BEGIN = "${"
_END = "}"
_DEFAULT = ":-"
_ESCAPE = "$"


class CyclicVariableError(ValueError):
    """A variable whose value refers to itself; ``str()`` is its name."""


@dataclass(frozen=True)
class Substituted:
    """A text with its variables replaced.

    Attributes:
        text: The text.
        undefined: What stayed in it because it is not set and has no default: ``${NAME}`` as it was written.
    """

    text: str
    undefined: frozenset[str]


def substitute(text: str, environ: Mapping[str, str]) -> Substituted:
    """Replace the variables of a text.

    Raises:
        CyclicVariableError: A variable refers to itself.
    """
    substitution = _Substitution(environ)
    return Substituted(substitution.replace(text, ()), frozenset(substitution.undefined))


@dataclass
class _Substitution:
    environ: Mapping[str, str]
    undefined: set[str] = field(default_factory=set)

    def replace(self, text: str, within: tuple[str, ...]) -> str:
        """Replace the variables of a text that came out of the variables ``within``."""
        done = ""
        rest = 0
        while (start := text.find(_BEGIN, rest)) >= 0:
            done += text[rest:start]
            inner = start + len(_BEGIN)
            end = _end_of(text, inner)
            if end is None:
                return done + text[start:]
            if done.endswith(_ESCAPE):
                done = done.removesuffix(_ESCAPE) + _BEGIN
                rest = inner
                continue
            rest = end + len(_END)
            value = self._value(self.replace(text[inner:end], ()), within)
            if value is None:
                value = text[start:rest]
                self.undefined.add(value)
            done += value
        return done + text[rest:]

    def _value(self, expression: str, within: tuple[str, ...]) -> str | None:
        name, default_is_given, default = expression.partition(_DEFAULT)
        if name in within:
            raise CyclicVariableError(name)
        value = self.environ.get(name, default if default_is_given else None)
        return None if value is None else self.replace(value, (*within, name))


def _end_of(text: str, position: int) -> int | None:
    """Return where the ``}`` stands that ends a variable; the variables within it have their own."""
    depth = 0
    while position < len(text):
        if text.startswith(_BEGIN, position):
            depth += 1
            position += len(_BEGIN)
        elif text.startswith(_END, position):
            if depth == 0:
                return position
            depth -= 1
            position += len(_END)
        else:
            position += 1
    return None
