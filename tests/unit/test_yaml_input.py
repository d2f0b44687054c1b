"""Text that people write: what is read is plain, and what is not is refused with its place, and never its value."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.domain import yamltext
from k8s_pipeline_client.domain.merge import set_paths
from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_document, load_documents
from k8s_pipeline_client.errors import InputError, SettingsError
from k8s_pipeline_client.settings import load_settings
from tests.cluster.support.program import Result, call

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{below}'] * 9)}]\n" for below, name in zip("abcdefg", "bcdefgh", strict=True)
)
MERGE_BOMB = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{below}'] * 9)}]}}\n"
    for below, name in zip("abcdefg", "bcdefgh", strict=True)
)
DEEP_ALIASES = "a0: &a0 [x]\n" + "".join(f"a{number}: &a{number} [*a{number - 1}]\n" for number in range(1, 99))
UNUSABLE = {
    "tag": ("a: 1\npassword: !Hunter2222", "line 2, column 11", "begins with !"),
    "tag on a mapping": ("password: !Hunter2222 {a: 1}", "line 1", "begins with !"),
    "tag on a key": ("!Hunter2222 a: 1", "line 1", "must be quoted"),
    "python": ("a: !!python/name:os.hunter2222", "line 1", "begins with !"),
    "binary": ("a: !!binary aHVudGVyMjIyMg==", "line 1", "begins with !"),
    "set": ("a: !!set {hunter2222}", "line 1", "begins with !"),
    "alias": ("password: *hunter2222", "line 1", "undefined alias"),
    "directive": ("%HUNTER2222\n---\na: 1", "line 1", ""),
    "handle": ("a: !hunter2222!x y", "line 1", ""),
    "bool": ("a: !!bool hunter2222", "line 1", "not a valid bool"),
    "int": ("a: !!int hunter2222", "line 1", "not a valid int"),
    "long number": (f"a: {'7' * 5000}", "line 1", "not a valid int"),
    "long number in JSON": (f'{{"a": {"7" * 5000}}}', "line 1", "not a valid int"),
    "key twice": ("a: 1\nb:\n  c: hunter2222\n  c: hunter2222", "line 4, column 3", "duplicate key 'c'"),
    "key twice in JSON": ('{"a":\n 1,\n "a": 2}', "line 3, column 2", "duplicate key 'a'"),
    "number as key": ("1: x", "line 1", "must be quoted"),
    "truth value as key": ("on: x", "line 1", "must be quoted"),
    "mapping as key": ("{a: 1}: x", "line 1", "must be quoted"),
    "cycle": ("x: &a [*a]", "line 1", "recursive"),
    "deep JSON": ("[" * 3000 + "]" * 3000, "", "deeper than 100 levels"),
    "quite deep JSON": ('{"a":' * 400 + "1" + "}" * 400, "", "deeper than 100 levels"),
    "deep YAML": ("- " * 5000 + "x", "", "deeper than 100 levels"),
    "deep by aliases": (DEEP_ALIASES, "line 98", "deeper than 100 levels"),
    "far too deep YAML": ("- " * 200_000 + "x", "", ""),
    "aliases": (BOMB, "line", "aliases repeat"),
    "merged aliases": (MERGE_BOMB, "line", "aliases repeat"),
    "control character": ("a: \x07", "", ""),
    "half a surrogate pair": ("a: \ud800", "", ""),
}


def validate(text: str) -> Result:
    return call(["validate", "-f", "-"], given=text)


@pytest.mark.parametrize(("text", "where", "why"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_refused_is_said_with_its_place_and_without_its_value(text: str, where: str, why: str) -> None:
    with pytest.raises(UnusableTextError) as caught:
        load_documents(text)
    assert where in str(caught.value)
    assert why in str(caught.value)
    assert "hunter2222" not in str(caught.value).lower()
    assert "77777" not in str(caught.value)


@pytest.mark.parametrize("text", ["- {}\n" * 1000, "a: 1\n---\n" * 400, "[" + "[]," * 1000])
def test_many_small_values_are_given_up_before_they_take_much_memory(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(yamltext, "MAX_VALUES", 1000)
    with pytest.raises(UnusableTextError, match="it has more than 1,000 values"):
        load_documents(text)
    load_documents("- {}\n" * 999)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 2024-02-30", {"a": "2024-02-30"}),
        ("a: 2024-01-02T03:04:05Z", {"a": "2024-01-02T03:04:05Z"}),
        ("a: !!timestamp foo", {"a": "foo"}),
        ("2024-01-02: a", {"2024-01-02": "a"}),
        ("password: =", {"password": "="}),
        ("password: <<", {"password": "<<"}),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}),
        ("{z: {y: &a {<<: {x: 0}, x: 1}}, c: {<<: *a}}", {"z": {"y": {"x": 1}}, "c": {"x": 1}}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("", None),
        ("[yes, 1, 1.5, ~, text]", [True, 1, 1.5, None, "text"]),
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ("[" * 100 + "]" * 100, json.loads("[" * 100 + "]" * 100)),
        ("- " * 99 + "x", json.loads("[" * 99 + '"x"' + "]" * 99)),
    ],
)
def test_what_is_read_is_plain(text: str, found: Any) -> None:
    assert load_document(text) == found


def test_aliases_may_nest_as_deep_as_anything_else() -> None:
    allowed = "".join(DEEP_ALIASES.splitlines(keepends=True)[:98])
    assert load_document(allowed)["a97"] == json.loads("[" * 98 + '"x"' + "]" * 98)


@given(st.text(alphabet="ab:-[]{}&*!<>|'\"%@#? \n0129.~=", max_size=40) | st.text(max_size=20))
def test_any_text_is_read_as_json_could_hold_it_or_refused(text: str) -> None:
    try:
        json.dumps(load_documents(text))
    except UnusableTextError:
        return


def test_a_date_in_a_file_and_one_that_is_set_are_the_same() -> None:
    text = date(2024, 1, 2).isoformat()
    assert set_paths({}, [f"a={text}"]) == load_document(f"a: {text}") == {"a": text}


@pytest.mark.parametrize(
    "text", ["!Hunter2222", "*hunter2222", "7" * 5000, "!!bool hunter2222", "a\n--- \nb", "{a: 1, a: 2}"]
)
def test_a_value_that_cannot_be_set_is_refused_without_it(text: str) -> None:
    with pytest.raises(InputError, match=r"the value of a\.b cannot be used") as caught:
        set_paths({}, [f"a.b={text}"])
    assert "unter2222" not in str(caught.value)


@pytest.mark.parametrize("text", ["backoffLimit: !Hunter2222", "a: *hunter2222", "namespace: a\nnamespace: b"])
def test_settings_are_read_in_the_same_way(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"settings\.yaml, line [12], column ") as caught:
        load_settings([path], environ={})
    assert "unter2222" not in str(caught.value)


@pytest.mark.parametrize("name", ["tag", "key twice", "cycle", "deep JSON", "aliases", "binary", "long number"])
def test_the_program_says_it_in_one_line(name: str) -> None:
    text, where, why = UNUSABLE[name]
    result = validate(text)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: standard input")
    assert result.err.count("\n") == 1
    assert where in result.err
    assert why in result.err


@pytest.mark.parametrize("command", ["validate", "render", "config", "deploy"])
def test_an_empty_file_name_is_not_the_current_folder(command: str) -> None:
    result = call([command, "-f", ""])
    assert (result.code, result.out) == (2, "")
    assert "it is empty" in result.err
