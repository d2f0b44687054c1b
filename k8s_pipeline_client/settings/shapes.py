"""Reads settings files of three shapes: our own, the server's ``openmetadata.yaml``, and the Helm chart's values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_document
from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings import former
from k8s_pipeline_client.settings.keys import (
    GROUPS,
    IRRELEVANT,
    KNOWN,
    OF_OLD_CHARTS,
    SYNONYMS,
    Given,
    KeyPath,
    Layer,
    documented,
    is_given,
    is_known,
    leaves,
    put,
)
from k8s_pipeline_client.settings.server import AIRFLOW_CLASS, OWN_CLASS
from k8s_pipeline_client.settings.substitution import CyclicVariableError, substitute

SERVER_BLOCK = "pipelineServiceClientConfiguration"
HELM_BLOCK = "pipelineServiceClientConfig"
_HELM_PATH = ("openmetadata", "config", HELM_BLOCK)
_INNER_BLOCKS = ("airflow", "k8s", "parameters")
_OTHERS_OF_THE_SERVER = frozenset(
    {"authenticationConfiguration", "authorizerConfiguration", "jwtTokenConfiguration", "migrationConfiguration"}
)
_NEVER_EMPTY = frozenset({("namespace",), ("ingestionImage",)})
_TOP_LEVEL_KEY = re.compile(r"""(["']?)([A-Za-z_][\w.-]*)\1\s*:(?:\s|$)""")
_VARIABLE = re.compile(r"\$\{([^:}$]+)")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that cannot be used.

    Attributes:
        key: Of which setting.
        why: And what would be right.
        origin: Where it stands.
    """

    key: str
    why: str
    origin: str


@dataclass
class Contribution:
    """What one file gives."""

    layer: Layer = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_text(text: str, origin: str, environ: Mapping[str, str]) -> Contribution:
    """Read a file, of whichever shape it is.

    Args:
        text: The file.
        origin: Its name, for people.
        environ: The variables that the server's file may refer to.

    Raises:
        SettingsError: It is of none of the shapes, of one that is no more, or not to be parsed.
    """
    keys = _top_level_keys(text, origin)
    if SERVER_BLOCK in keys:
        return _read_server(text, origin, environ)
    if former.SERVER_BLOCK in keys:
        content = _parse([_only(text, {former.SERVER_BLOCK}), text], origin)
        block = _block(content, (former.SERVER_BLOCK,), origin)
        raise former.server_error(block, origin)
    if keys & {"openmetadata", "global", HELM_BLOCK}:
        return _read_helm(text, origin)
    if keys & _OTHERS_OF_THE_SERVER:
        raise SettingsError(
            f"settings file {origin} is the server's, and has no {SERVER_BLOCK}",
            hint="name the file that has it; the variables that it reads are read here too",
        )
    return _read_own(text, origin)


def _read_own(text: str, origin: str) -> Contribution:
    content = _parse([text], origin)
    if not isinstance(content, Mapping | None):
        raise SettingsError(f"settings file {origin} holds no mapping of setting to value")
    found = Contribution()
    for path, written, value in _leaves(content or {}):
        where = f"{origin}: {'.'.join(written)}"
        if not is_known(path) or written in OF_OLD_CHARTS:
            found.problems.append(Problem(".".join(written), f"no such key{_meant(written[-1])}", where))
        elif path in found.layer:
            found.problems.append(Problem(".".join(path), f"it is there twice, also as {'.'.join(written)}", where))
        else:
            put(found.layer, path, Given(value, where))
    return found


def _read_server(text: str, origin: str, environ: Mapping[str, str]) -> Contribution:
    # Of the rest nothing is needed, and it need not be what our parser takes; but it may have anchors.
    texts = [_only(text, {SERVER_BLOCK}), text]
    try:
        substituted = [substitute(item, environ) for item in texts]
    except CyclicVariableError as error:
        # What only looks like a name may be part of a secret.
        is_name = str(error) in environ or f"${{{error}" in text
        variable = f"environment variable {error}" if is_name else "an environment variable"
        raise SettingsError(f"settings file {origin}: {variable} refers to itself") from None
    content = _parse([item.text for item in substituted], origin)
    block = dict(_block(content, (SERVER_BLOCK,), origin))
    parameters = _block(block, ("parameters",), f"{origin}: {SERVER_BLOCK}")
    block.pop("parameters", None)
    undefined = frozenset(token for item in substituted for token in item.undefined)
    reader = _Reader(origin, text, _unsubstituted(texts[0]), environ, undefined)
    reader.read(block, (SERVER_BLOCK,))
    reader.read(parameters, (SERVER_BLOCK, "parameters"))
    return reader.found


def _read_helm(text: str, origin: str) -> Contribution:
    content = _parse([text, _only(text, {"openmetadata", "global", HELM_BLOCK})], origin)
    prefix, block = _helm_block(content, origin)
    if block is None:
        old = former.helm_block(content)
        if old is not None:
            raise former.helm_error(*old, origin)
        return Contribution(warnings=[f"{origin} has no {'.'.join(_HELM_PATH)}, so nothing of it is used"])
    where = f"{origin}: {'.'.join(prefix)}"
    airflow, kubernetes, parameters = (dict(_block(block, (kind,), where)) for kind in _INNER_BLOCKS)
    common = {key: value for key, value in block.items() if key not in _INNER_BLOCKS}
    reader = _Reader(origin)
    if isinstance(namespace := kubernetes.get("namespace"), str) and not namespace.strip():
        del kubernetes["namespace"]
        reader.found.warnings.append(
            f"{where}.k8s.namespace is empty, which in Helm means the namespace of the release;"
            " set the namespace, for example by K8S_NAMESPACE"
        )
    if "metadataApiEndpoint" in common:
        airflow.pop("metadataApiEndpoint", None)
        kubernetes.pop("metadataApiEndpoint", None)
    reader.read(common, prefix)
    reader.read(parameters, (*prefix, "parameters"))
    kind = block.get("type") or ("airflow" if airflow else None)
    if kind == "airflow":
        airflow.pop("enabled", None)  # which no template of the chart reads
        reader.read({"className": AIRFLOW_CLASS, **airflow}, (*prefix, "airflow"))
        kubernetes.pop("className", None)  # that of a client which is not chosen
    elif kind == "k8s":
        kubernetes = {"className": OWN_CLASS, **kubernetes}
    reader.read(kubernetes, (*prefix, "k8s"))
    return reader.found


@dataclass
class _Reader:
    """Takes settings out of a block of the server's own files, which may hold more than settings of runs."""

    origin: str
    text: str = ""
    unsubstituted: Any = None
    environ: Mapping[str, str] = field(default_factory=dict)
    undefined: frozenset[str] = frozenset()
    found: Contribution = field(default_factory=Contribution)

    def read(self, block: Mapping[str, Any], prefix: KeyPath) -> None:
        for path, written, value in _leaves(block):
            where = f"{self.origin}: {'.'.join((*prefix, *written))}"
            if written[0] in IRRELEVANT or (value is None and written in GROUPS):
                continue
            if not is_known(path):
                self.found.warnings.append(f"{where} is not known, and not used{_meant(written[-1])}")
                continue
            missing = [name for name in sorted(self.undefined) if name in _text_of(value)]
            if missing:
                why = self._why_undefined(missing, (*prefix, *written))
                self.found.problems.append(Problem(".".join(path), why, where))
            elif is_given(path, value) or (value is not None and path in _NEVER_EMPTY):
                names = ", ".join(self._variables((*prefix, *written)))
                put(self.found.layer, path, Given(value, where + (f" ({names})" if names else "")))

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
        return [name for name in _VARIABLE.findall(value) if name in self.environ] if isinstance(value, str) else []


def blocks_of_a_server(text: str, origin: str, environ: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the block about the pipeline service of ``openmetadata.yaml`` or of the chart's values; else nothing.

    Args:
        text: A settings file of any shape.
        origin: Its name, for people.
        environ: The variables that it may refer to; references to others stay as they are.
    """
    keys = _top_level_keys(text, origin)
    if SERVER_BLOCK in keys:
        content = _parse([substitute(_only(text, {SERVER_BLOCK}), environ).text], origin)
        return _block(content, (SERVER_BLOCK,), origin)
    if keys & {"openmetadata", HELM_BLOCK}:
        return _helm_block(_parse([_only(text, {"openmetadata", "global", HELM_BLOCK})], origin), origin)[1] or {}
    return {}


def _leaves(block: Mapping[str, Any]) -> Iterator[tuple[KeyPath, KeyPath, Any]]:
    for key, value in block.items():
        yield from leaves((str(key),), value)


def _helm_block(content: Any, origin: str) -> tuple[KeyPath, Mapping[str, Any] | None]:
    """Return where the block stands, and the block; None where there is none."""
    # The values of a chart that has this one as a dependency stand one level deeper.
    for prefix in ((HELM_BLOCK,), _HELM_PATH, ("openmetadata", *_HELM_PATH)):
        place = content
        for key in prefix:
            place = place.get(key) if isinstance(place, Mapping) else None
        if place is not None:
            return prefix, _block(content, prefix, origin)
    return _HELM_PATH, None


def _block(content: Any, path: KeyPath, origin: str) -> Mapping[str, Any]:
    place = content
    for key in path:
        place = place.get(key) if isinstance(place, Mapping) else None
    if not isinstance(place, Mapping | None):
        raise SettingsError(f"settings file {origin}: {'.'.join(path)} holds no mapping of setting to value")
    return place or {}


def _top_level_keys(text: str, origin: str) -> set[str]:
    if text.lstrip().startswith("{"):
        content = _parse([text], origin)
        return set(content) if isinstance(content, Mapping) else set()
    return {match[2] for line in text.splitlines() if (match := _TOP_LEVEL_KEY.match(line))}


def _only(text: str, keys: set[str]) -> str:
    """Return the text with these top-level keys alone; the lines keep their numbers."""
    if text.lstrip().startswith("{"):
        return text
    lines = []
    wanted = False
    for line in text.splitlines():
        if match := _TOP_LEVEL_KEY.match(line):
            wanted = match[2] in keys
        lines.append(line if wanted else "")
    return "\n".join(lines)


def _parse(texts: Sequence[str], origin: str) -> Any:
    """Return the document of the first of some texts that can be parsed."""
    problems = []
    for text in texts:
        try:
            return load_document(text)
        except UnusableTextError as error:
            problems.append(error)
    raise SettingsError(problems[0].at(f"settings file {origin}"))


def _unsubstituted(text: str) -> Any:
    """Return the text as it was written, where it is YAML without the values of its variables; or None."""
    try:
        return load_document(text)
    except UnusableTextError:
        return None


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _meant(key: str) -> str:
    names = [*KNOWN, *(path[-1] for path in SYNONYMS.values())]
    close = [documented(key)] if documented(key) in KNOWN else get_close_matches(key, names, n=1, cutoff=0.75)
    return f"; {close[0]} is one" if close and close[0] != key else ""
