"""Reads the server's own files: its ``openmetadata.yaml``, and the block that it shares with Helm's values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_document
from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings.blocks import block_at, only, parse, refuse_beside, top_level_keys, value_at
from k8s_pipeline_client.settings.contribution import Contribution, Problem, leaves_of, meant
from k8s_pipeline_client.settings.keys import (
    GROUPS,
    IRRELEVANT,
    KNOWN,
    OF_RUNS,
    Given,
    KeyPath,
    is_given,
    is_known,
    put,
)
from k8s_pipeline_client.settings.substitution import CyclicVariableError, Substituted, substitute

SERVER_BLOCK = "pipelineServiceClientConfiguration"
_NEVER_EMPTY = frozenset({("namespace",), ("ingestionImage",)})
_VARIABLE = re.compile(r"\$\{([^:}$]+)")
_TOKEN = re.compile(r"\$\{[^}]*\}")
_LINE = re.compile(r"line (\d+)")
_MOST_LINES = 500
"""The maximum number of lines with variables that are tried one by one; the server's own file has a tenth."""


@dataclass(frozen=True, slots=True)
class ServerText:
    """The block of an ``openmetadata.yaml``, its variables replaced.

    Attributes:
        content: The document that has it.
        undefined: What stayed as it was written, since it is not set and has no default.
        broken: What was not replaced, since the text would not be valid YAML with its value, such as
            ``${NAME:-default}``, with the names of its variables.
    """

    content: Any
    undefined: frozenset[str]
    broken: Mapping[str, Sequence[str]]


def read_server(text: str, origin: str, environ: Mapping[str, str]) -> Contribution:
    """Read an ``openmetadata.yaml``.

    Raises:
        SettingsError: It cannot be parsed, or its block is something else.
    """
    found = substituted(text, origin, environ)
    block = dict(block_at(found.content, (SERVER_BLOCK,), origin))
    if value_at(found.content, (SERVER_BLOCK,)) is None:
        refuse_beside(top_level_keys(text, origin), {*KNOWN, "parameters"}, (SERVER_BLOCK,), origin)
    parameters = block_at(block, ("parameters",), f"{origin}: {SERVER_BLOCK}")
    if "parameters" in block and block["parameters"] is None:
        refuse_beside(block, OF_RUNS, (SERVER_BLOCK, "parameters"), origin)
    block.pop("parameters", None)
    reader = Reader(origin, text, _unsubstituted(only(text, {SERVER_BLOCK})), environ, found.undefined, found.broken)
    reader.read(block, (SERVER_BLOCK,))
    reader.read(parameters, (SERVER_BLOCK, "parameters"), below=("parameters",))
    return reader.found


def substituted(text: str, origin: str, environ: Mapping[str, str]) -> ServerText:
    """Replace the variables of an ``openmetadata.yaml`` as the server does: in its text, before it is YAML.

    A value may make the text invalid YAML (a password that begins with ``@``, or contains ``: ``); the server would not
    start with it. Here such a variable stays as it was written: it does not matter unless its key is read.

    Raises:
        SettingsError: It cannot be parsed, with variables or without.
    """
    # Of the rest nothing is needed, and it need not be what our parser takes; but it may have anchors.
    texts = [only(text, {SERVER_BLOCK}), text]
    try:
        replaced = [substitute(item, environ) for item in texts]
        undefined = frozenset(token for item in replaced for token in item.undefined)
        if any(_is_yaml(item.text) for item in replaced):
            return ServerText(parse([item.text for item in replaced], origin), undefined, {})
        tolerant = [_line_by_line(item, texts[0], environ) for item in texts if _is_yaml(item)]
    except CyclicVariableError as error:
        # What only looks like a name may be part of a secret.
        is_name = str(error) in environ or f"${{{error}" in text
        variable = f"environment variable {error}" if is_name else "an environment variable"
        raise SettingsError(f"settings file {origin}: {variable} refers to itself") from None
    for found, broken in tolerant:
        if _is_yaml(found.text):
            return ServerText(parse([found.text], origin), found.undefined, broken)
    raise _not_yaml(replaced, text, origin, environ)


def _line_by_line(text: str, block: str, environ: Mapping[str, str]) -> tuple[Substituted, dict[str, list[str]]]:
    """Replace the variables of each line of the block with which, alone, the text is YAML, and return the others."""
    written = text.split("\n")
    lines, undefined, broken = list(written), set[str](), dict[str, list[str]]()
    concerned = [number for number, line in enumerate(block.split("\n")) if "${" in line]
    for number in concerned if len(concerned) <= _MOST_LINES else ():
        found = substitute(written[number], environ)
        undefined |= found.undefined
        if _is_yaml("\n".join([*written[:number], found.text, *written[number + 1 :]])):
            lines[number] = found.text
        else:
            broken |= {token: _VARIABLE.findall(token) for token in _TOKEN.findall(written[number])}
    return Substituted("\n".join(lines), frozenset(undefined)), broken


def _not_yaml(replaced: Iterable[Substituted], text: str, origin: str, environ: Mapping[str, str]) -> SettingsError:
    """Return the error for a text that is not valid YAML, with the variables of the line where parsing failed."""
    try:
        load_document(next(iter(replaced)).text)
    except UnusableTextError as error:
        line = _LINE.match(error.where)
        written = text.split("\n")
        names = _names_in(written[int(line[1]) - 1], environ) if line and int(line[1]) <= len(written) else []
        hint = f"look at the value of {' and '.join(names)}, too" if names else ""
        return SettingsError(error.at(f"settings file {origin}"), hint=hint)
    raise AssertionError("it is YAML")


def _names_in(text: str, environ: Mapping[str, str]) -> list[str]:
    return [name for name in _VARIABLE.findall(text) if name in environ]


def _is_yaml(text: str) -> bool:
    try:
        load_document(text)
    except UnusableTextError:
        return False
    return True


def _unsubstituted(text: str) -> Any:
    """Return the text as it was written, where it is YAML without the values of its variables; or None."""
    try:
        return load_document(text)
    except UnusableTextError:
        return None


@dataclass
class Reader:
    """Takes settings out of a block of the server's own files, which may hold more than settings of runs."""

    origin: str
    text: str = ""
    unsubstituted: Any = None
    environ: Mapping[str, str] = field(default_factory=dict)
    undefined: frozenset[str] = frozenset()
    broken: Mapping[str, Sequence[str]] = field(default_factory=dict)
    found: Contribution = field(default_factory=Contribution)

    def read(self, block: Mapping[str, Any], prefix: KeyPath, *, below: KeyPath = ()) -> None:
        """Read a mapping that stands at a path; ``below`` is that path within the block, for people."""
        for path, written, value in leaves_of(block):
            where = f"{self.origin}: {'.'.join((*prefix, *written))}"
            if written[0] in IRRELEVANT:
                self._passed_over((*below, written[0]))
            elif value is None and written in GROUPS:
                continue
            elif not is_known(path):
                self.found.warnings.append(f"{where} is unknown and ignored{meant(written[-1])}")
            elif why := self._why_not(value, (*prefix, *written)):
                self.found.problems.append(Problem(".".join(path), why, where))
            elif is_given(path, value) or (value is not None and path in _NEVER_EMPTY):
                names = ", ".join(self._variables((*prefix, *written)))
                put(self.found.layer, path, Given(value, where + (f" ({names})" if names else "")))

    def _passed_over(self, key: KeyPath) -> None:
        name = ".".join(key)
        if name not in self.found.passed_over:
            self.found.passed_over.append(name)

    def _why_not(self, value: Any, path: KeyPath) -> str:
        """Return why a value cannot be used; empty where it can."""
        text = _text_of(value)
        names = dict.fromkeys(name for token, names in self.broken.items() if token in text for name in names)
        if names:
            return f"the value of {' and '.join(names)} is not valid YAML here: put quotes into the value itself"
        missing = [name for name in sorted(self.undefined) if name in text]
        return self._why_undefined(missing, path) if missing else ""

    def _why_undefined(self, missing: Sequence[str], path: KeyPath) -> str:
        written = [token for token in missing if token in self.text]
        if written:
            variable = written[0].removeprefix("${").removesuffix("}")
            return f"environment variable {variable} is not set, and has no default"
        # It stands in the value of a variable, which may be a secret that has such characters in it.
        names = [name for name in self._variables(path) if substitute(f"${{{name}}}", self.environ).undefined]
        return f"the value of {' and '.join(names) or 'a variable'} refers to a variable that is not set"

    def _variables(self, path: KeyPath) -> list[str]:
        """Return the variables to which a value refers, those that are set."""
        value = self.unsubstituted
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return _names_in(value, self.environ) if isinstance(value, str) else []


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
