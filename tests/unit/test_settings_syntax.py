"""Lists and mappings that are written as text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.settings.syntax import environment, listed, pairs


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("  ", {}),
        ("a=b", {"a": "b"}),
        (" a = b , c=d ", {"a": "b", "c": "d"}),
        ("a=b,,c=d,", {"a": "b", "c": "d"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=", {"a": ""}),
        ("prometheus.io/port=8080", {"prometheus.io/port": "8080"}),
        ('{"a": "b,c"}', {"a": "b,c"}),
        ("{a: b}", {"a": "b"}),
    ],
)
def test_pairs(text: str, found: dict[str, str]) -> None:
    assert pairs(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a=b,c", "entry 2 is not key=value; where a value has a comma, write a mapping"),
        ("a", "entry 1 is not key=value"),
        ("a:b", "entry 1 is not key=value"),
        ("=b", "entry 1 is not key=value"),
        ("a=b,a=c", "a is given twice"),
        ("{a: b", "neither JSON nor YAML"),
    ],
)
def test_pairs_that_are_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pairs(text)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", {}),
        ("A:b", {"A": "b"}),
        ("A=b", {"A": "b"}),
        ("A:b,C:d", {"A": "b", "C": "d"}),
        ("A=b, C=d", {"A": "b", "C": "d"}),
        ("NO_PROXY:localhost,127.0.0.1,.svc,A:http://p:1", {"NO_PROXY": "localhost,127.0.0.1,.svc", "A": "http://p:1"}),
        ("JAVA_OPTS:-Xmx2g,-XX:+UseG1GC,LOG_LEVEL:DEBUG", {"JAVA_OPTS": "-Xmx2g,-XX:+UseG1GC", "LOG_LEVEL": "DEBUG"}),
        ("HOSTS=db-1:5432,db-2:5432", {"HOSTS": "db-1:5432,db-2:5432"}),
        ("URLS=http://a,https://b", {"URLS": "http://a,https://b"}),
        ('["A:b,c","D=e:f"]', {"A": "b,c", "D": "e:f"}),
        ('{"A": "b,c"}', {"A": "b,c"}),
        ("- A:b\n- C:d", {"A": "b", "C": "d"}),
        (["A:b", "C=d"], {"A": "b", "C": "d"}),
        ({"A": "b"}, {"A": "b"}),
    ],
)  # fmt: skip
def test_environments(given: Any, found: dict[str, str]) -> None:
    assert environment(given) == found


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("BROKERS:h1:9092,h2:9092", "what follows comma 1 may be a variable, or the rest of the value before it"),
        ("HOSTS=a:1,b:2", "what follows comma 1 may be"),
        ("A:b,C=d", "what follows comma 1 may be"),
        ("A:b,c:d", "write a list, in a variable as JSON"),
        ("LISTENERS:SSL://a,PLAIN://b", "what follows comma 1 may be"),
        ("A:b,", "nothing follows comma 1"),
        ("A:b,,C:d", "nothing follows comma 1"),
        ("no sign", "entry 1 has neither ':' nor '='"),
        (["A:1", "A=2"], "A is given twice"),
        ('["A:b"', "neither JSON nor YAML"),
        ("[1]", "entry 1 is not text"),
        ([None], "entry 1 is not text"),
        (5, "give a list"),
    ],
)
def test_environments_that_are_none(given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        environment(given)


@pytest.mark.parametrize(
    ("given", "found"),
    [("", []), ("[]", []), ('[{"key": "a"}]', [{"key": "a"}]), ("- key: a", [{"key": "a"}]), ([1], [1]), (5, 5)],
)
def test_lists(given: Any, found: Any) -> None:
    assert listed(given) == found


def test_a_text_that_is_no_list() -> None:
    with pytest.raises(ValueError, match="a list is needed, or its text in JSON or YAML"):
        listed("key=a")


names = st.text("ABC", min_size=1, max_size=3)
plain = st.text("az09.-", min_size=1, max_size=6)
values = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
variables = st.dictionaries(names, values, max_size=5)


@given(variables)
def test_a_list_and_its_json_are_the_same_whatever_the_values_hold(wanted: dict[str, str]) -> None:
    for sign in ":=":
        entries = [f"{name}{sign}{value}" for name, value in wanted.items()]
        assert environment(entries) == environment(json.dumps(entries)) == wanted
    assert environment(json.dumps(wanted)) == wanted


@given(variables, st.sampled_from(":="))
def test_a_value_with_a_comma_is_kept_whole_or_refused(wanted: dict[str, str], sign: str) -> None:
    text = ",".join(f"{name}{sign}{value}" for name, value in wanted.items())
    try:
        found = environment(text)
    except ValueError:
        return
    joined = ",".join(f"{name}{sign}{value}" for name, value in found.items())
    assert "".join(joined.split()) == "".join(text.split())


@given(st.dictionaries(names, st.lists(plain, min_size=1, max_size=3).map(",".join), min_size=1, max_size=4))
def test_commas_within_plain_values_part_nothing(wanted: dict[str, str]) -> None:
    for sign in ":=":
        assert environment(",".join(f"{name}{sign}{value}" for name, value in wanted.items())) == wanted


@given(st.dictionaries(names, st.text("az0=/", max_size=6), max_size=4))
def test_pairs_are_what_was_joined(wanted: dict[str, str]) -> None:
    assert pairs(" , ".join(f"{key} = {value}" for key, value in wanted.items())) == wanted
