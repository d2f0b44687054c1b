"""Top-level keys and blocks of settings files, in their text and in what it is parsed to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_document
from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings.keys import KeyPath

_TOP_LEVEL_KEY = re.compile(r"""(["']?)([A-Za-z_][\w.-]*)\1\s*:(?:\s|$)""")
_DEEPEST = 8


def top_level_keys(text: str, origin: str) -> set[str]:
    """Return the top-level keys, without parsing YAML that need not be ours."""
    if text.lstrip().startswith("{"):
        content = parse([text], origin)
        return set(content) if isinstance(content, Mapping) else set()
    return {match[2] for line in text.split("\n") if (match := _TOP_LEVEL_KEY.match(line))}


def only(text: str, keys: set[str]) -> str:
    """Return the text with these top-level keys alone; the lines keep their numbers."""
    if text.lstrip().startswith("{"):
        return text
    lines = []
    wanted = False
    for line in text.split("\n"):
        if match := _TOP_LEVEL_KEY.match(line):
            wanted = match[2] in keys
        lines.append(line if wanted else "")
    return "\n".join(lines)


def parse(texts: Sequence[str], origin: str) -> Any:
    """Return the document of the first of some texts that can be parsed.

    Raises:
        SettingsError: None can.
    """
    problems = []
    for text in texts:
        try:
            return load_document(text)
        except UnusableTextError as error:
            problems.append(error)
    raise SettingsError(problems[0].at(f"settings file {origin}"))


def value_at(content: Any, path: Iterable[str]) -> Any:
    """Return what stands at a path of keys; None where there is nothing."""
    for key in path:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content


def block_at(content: Any, path: KeyPath, origin: str) -> Mapping[str, Any]:
    """Return the mapping at a path; an empty one where there is nothing.

    Raises:
        SettingsError: Something else stands there.
    """
    found = value_at(content, path)
    if not isinstance(found, Mapping | None):
        raise SettingsError(
            f"settings file {origin}: {'.'.join(path)} does not contain a mapping of settings to values",
            hint="write one setting a line below it, such as namespace: pipelines",
        )
    return found or {}


def paths_to(content: Any, key: str, above: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield where a key stands, in mappings within mappings; what is above comes first."""
    if not isinstance(content, Mapping) or len(above) >= _DEEPEST:
        return
    if key in content:
        yield (*above, key)
    for other, value in content.items():
        if other != key:
            yield from paths_to(value, key, (*above, str(other)))


def refuse_beside(keys: Iterable[Any], known: Iterable[str], path: KeyPath, origin: str) -> None:
    """Refuse an empty block beside which stand the keys that belong into it.

    Args:
        keys: Those that stand beside it.
        known: Those that would belong into it, and nowhere else.
        path: Of the block.
        origin: The file.

    Raises:
        SettingsError: There are some.
    """
    known = set(known)
    beside = sorted(str(key) for key in keys if key in known)
    if beside:
        raise SettingsError(
            f"settings file {origin}: {'.'.join(path)} is empty, and {', '.join(beside)} "
            f"{'is' if len(beside) == 1 else 'are'} beside it, where nothing reads {_them(beside)}",
            hint=f"indent {_them(beside)} below {path[-1]}, by two spaces more",
        )


def _them(keys: Sequence[str]) -> str:
    return "it" if len(keys) == 1 else "them"
