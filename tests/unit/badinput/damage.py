"""Damages of a file: to what it says, and to its text. Each takes what is damaged, and says what it did."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import yaml

Place = tuple[str | int, ...]

TEXTS = (
    *("", " ", "...", "…", "<value>", "<service>.<pipeline>", "{{ x }}", "${X}", "${", "$(X)"),
    *("a: b", "- a", "@a", "*a", "nul\0", "esc\x1b[31m", "line\nend", "\u202eright", "\ud800"),
    *("x" * 5000, "ünïcödé", "😀", "/", "../..", "a/b/c", "."),
    *("0 0 30 2 *", "* * * *", "@every -5m", "@reboot", "Europe/Berln", "true", "null", "1e9", "0x1F", "-1", "1.2.3"),
)
NUMBERS = (-1, 0, 1, 2**31, 2**63, 2**70, 1.5, -0.5, 1e300)
EMPTY: tuple[Any, ...] = (None, True, False, [], {})
OTHERS: tuple[Any, ...] = (*EMPTY, [None], [[]], {"": 1}, {"a": {"b": {}}}, [1, "a", {}], {"name": 5})
INSERTED = ("\t", '"', "'", "{", "[", "}", "]", ": ", "!", "*a", "&a ", "<<: *a\n", "%", "@", "`", "|", ">")
HOWS = (
    *("cut", "line gone", "line twice", "indent", "outdent", "insert", "insert", "insert", "bytes", "utf-16", "bom"),
    *("document", "nul", "mixed", "empty", "binary"),
)


def _places(value: Any, above: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*above, key)
            yield from _places(item, (*above, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield (*above, number)
            yield from _places(item, (*above, number))


def _at(document: Any, place: Place) -> Any:
    for part in place:
        document = document[part]
    return document


def _put(chance: random.Random, values: tuple[Any, ...]) -> Callable[[Any], str]:
    def damage(document: Any) -> str:
        place = chance.choice(list(_places(document)))
        value = chance.choice(values)
        _at(document, place[:-1])[place[-1]] = value
        return f"{place} is {value!r:.60}"

    return damage


def _remove(chance: random.Random) -> Callable[[Any], str]:
    def damage(document: Any) -> str:
        place = chance.choice(list(_places(document)))
        del _at(document, place[:-1])[place[-1]]
        return f"{place} is gone"

    return damage


def _rename(chance: random.Random) -> Callable[[Any], str]:
    def damage(document: Any) -> str:
        place = chance.choice([found for found in _places(document) if isinstance(found[-1], str) and found[-1]])
        above, key = _at(document, place[:-1]), str(place[-1])
        cut = chance.randrange(len(key))
        less = key[:cut] + key[cut + 1 :]
        name = chance.choice([less, less, key.upper(), f"{key}s", f" {key}", key[::-1], f"{key}\0", "5"])
        above[name] = above.pop(key)
        return f"{place} is called {name!r:.60}"

    return damage


def _wrap(chance: random.Random) -> Callable[[Any], str]:
    def damage(document: Any) -> str:
        place = chance.choice(list(_places(document)))
        above = _at(document, place[:-1])
        value = above[place[-1]]
        how = chance.choice(["list", "mapping", "text", "twice", "deep"])
        wrapped: Any = {"list": [value], "mapping": {"value": value}, "twice": [value, value]}.get(how, value)
        if how == "text":
            wrapped = json.dumps(value)
        for _ in range(150 if how == "deep" else 0):
            wrapped = [wrapped]
        above[place[-1]] = wrapped
        return f"{place} is wrapped: {how}"

    return damage


def _whole(chance: random.Random) -> Callable[[Any], str]:
    def damage(document: Any) -> str:
        values = dict(document)
        document.clear()
        how = chance.choice(["data", "kind", "spec", "items", "nothing"])
        if how == "kind":
            document.update(apiVersion="v1", kind="ConfigMap", data=values)
        elif how != "nothing":
            document[how] = [values] if how in ("data", "items") else values
        return f"the whole is below {how}"

    return damage


def meaning(chance: random.Random) -> Callable[[Any], str]:
    """Return a damage to what a document says; the document is changed in place."""
    kinds = [_put(chance, TEXTS)] * 4 + [_put(chance, NUMBERS)] * 2 + [_put(chance, OTHERS)] * 4
    kinds += [_remove(chance)] * 3 + [_rename(chance)] * 3 + [_wrap(chance)] * 3 + [_whole(chance)]
    return chance.choice(kinds)


def text(chance: random.Random, content: str) -> tuple[bytes, str]:
    """Return a text with a damage, and what it is."""
    lines = content.split("\n")
    number = chance.randrange(len(lines))
    line = lines[number]
    column = chance.randrange(len(line) + 1)
    inserted, how = chance.choice(INSERTED), chance.choice(HOWS)
    if how in ("line gone", "line twice"):
        lines[number : number + 1] = [line] * (0 if how == "line gone" else 2)
    elif how in ("indent", "outdent"):
        lines[number] = f" {line}" if how == "indent" else line[1:]
    elif how == "document":
        lines.insert(number, chance.choice(["---", "...", "--- 5", "---\n---"]))
    elif how in ("insert", "nul"):
        lines[number] = line[:column] + ("\0" if how == "nul" else inserted) + line[column:]
    damaged = "\n".join(lines)
    place = f"{how} at {number + 1}:{column + 1} ({inserted!r})"
    if how == "cut":
        damaged = damaged[: chance.randrange(len(damaged))]
    if how == "mixed":
        damaged = damaged.replace("\n", "\r", chance.randrange(5))
    if how == "empty":
        damaged = chance.choice(["", "\n", "# nothing", "---", "null", "[]", "{}", "5", "text", "- a"])
    raw = damaged.encode("utf-16" if how == "utf-16" else "utf-8", "surrogatepass")
    if how == "bytes":
        at = chance.randrange(len(raw))
        raw = raw[:at] + bytes([chance.randrange(128, 256)]) + raw[at:]
    if how == "bom":
        raw = chance.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\xef\xbb\xbf\xef\xbb\xbf"]) + raw
    return (bytes(chance.randrange(256) for _ in range(200)) if how == "binary" else raw), place


def as_text(chance: random.Random, documents: list[Any], *, is_yaml: bool = False) -> str:
    """Return documents as JSON or YAML, as people have them; YAML always where it has to be."""
    if len(documents) == 1 and not is_yaml and chance.random() < 0.3:
        return json.dumps(documents[0], indent=chance.choice([None, 2]))
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return "---\n".join(_yaml(item, dumper) for item in documents)


def _yaml(document: Any, dumper: Any) -> str:
    try:
        return str(yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True))
    except UnicodeError:  # half a surrogate pair: JSON can hold it
        return json.dumps(document) + "\n"
