"""Variables in the server's file: replaced as the server replaces them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.settings.substitution import CyclicVariableError, substitute

ENVIRON = {
    "A": "va",
    "EMPTY": "",
    "REF": "${A}",
    "LONGER": "${REF}",
    "SELF": "${SELF}",
    "ONE": "${TWO}",
    "TWO": "${ONE}",
    "WITH": "x}y:-z",
    "A_va": "composed",
    "X-Y": "dash",
    "DOLLAR": "$",
    "ESCAPED": "$${A}",
    "DEFAULTS": "${NO:-d}",
    "LEADS_NOWHERE": "${NO}",
}

# What Apache Commons Text 1.12 makes of these, which is what the server uses; with variables in variables allowed.
CASES = [
    ("${A}", "va"),
    ("${NO}", "${NO}"),
    ("${NO:-d}", "d"),
    ("${A:-d}", "va"),
    ("${EMPTY}", ""),
    ("${EMPTY:-d}", ""),
    ("${NO:-}", ""),
    ("$${A}", "${A}"),
    ("$$${A}", "$${A}"),
    ("$${NO:-x}", "${NO:-x}"),
    ("$A $ ${ } a}b", "$A $ ${ } a}b"),
    ("${A", "${A"),
    ("$${", "$${"),
    ("${NO:-a:-b}", "a:-b"),
    ('${NO:-""}', '""'),
    ("${NO:-'q'}", "'q'"),
    ('${NO:-"a}b"}', '"ab"}'),
    ("${NO:-http://x:8080/a?b=c}", "http://x:8080/a?b=c"),
    ("${NO:-[a,b]}", "[a,b]"),
    ("${NO:-{}}", "{}"),
    ("${NO:-{a: b}}", "{a: b}"),
    ("${NO:-multi\nline}", "multi\nline"),
    ("${NO:- d }", " d "),
    ("${NO:=d}", "${NO:=d}"),
    ("${:-x}", "x"),
    ("${}", "${}"),
    ("${X-Y}", "dash"),
    ("${A}-${NO}-${EMPTY}", "va-${NO}-"),
    ("${NO:-${A}}", "va"),
    ("${NO:-pre${A}post}", "prevapost"),
    ("${NO:-${NO2:-x}}", "x"),
    ("${NO:-${NO2:-${NO3:-z}}}", "z"),
    ("${NO:-${NO2:-}}", ""),
    ("${NO:-${NO2}}", "${NO2}"),
    ("${A:-${NO}}", "va"),
    ("${A_${A}}", "composed"),
    ("${A_${NO:-va}}", "composed"),
    ("${NO:-${A}}}", "va}"),
    ("x${NO:-${A}", "x${NO:-${A}"),
    ("${NO:-$${A}}", "va"),
    ("$${NO:-${A}}", "${NO:-va}"),
    ("$${$${A}}", "${${A}}"),
    ("${${A}}", "${${A}}"),
    ("${REF}", "va"),
    ("${LONGER}", "va"),
    ("${WITH}", "x}y:-z"),
    ("${ESCAPED}", "${A}"),
    ("${DEFAULTS}", "d"),
    ("${LEADS_NOWHERE}", "${NO}"),
    ("${DOLLAR}{A}", "${A}"),
    ("${DOLLAR}${A}", "${A}"),
    ("\\${A}", "\\va"),
]


@pytest.mark.parametrize(("text", "found"), CASES)
def test_a_text_becomes_what_the_server_makes_of_it(text: str, found: str) -> None:
    assert substitute(text, ENVIRON).text == found


@pytest.mark.parametrize("text", ["${SELF}", "a ${NO:-${SELF}} b", "${ONE}"])
def test_a_variable_that_leads_to_itself_is_refused(text: str) -> None:
    with pytest.raises(CyclicVariableError):
        substitute(text, ENVIRON)


def test_what_is_not_set_is_told_and_what_is_escaped_is_not() -> None:
    assert substitute("${NO} $${NOT} ${A} ${NO:-x} ${NO_${A}}", ENVIRON).undefined == {"${NO}", "${NO_${A}}"}


plain = st.text(st.characters(exclude_characters="${}", exclude_categories=["Cs"]), max_size=10)
name = st.text("AB_", min_size=1, max_size=4)


@given(plain)
def test_a_text_without_variables_stays(text: str) -> None:
    assert substitute(text, ENVIRON).text == text


@given(name, plain, plain, plain)
def test_a_variable_is_its_value_or_else_the_default(key: str, value: str, default: str, around: str) -> None:
    text = f"{around}${{{key}:-{default}}}{around}"
    assert substitute(text, {key: value}).text == f"{around}{value}{around}"
    assert substitute(text, {}).text == f"{around}{default}{around}"


@given(st.lists(name, min_size=1, max_size=5, unique=True), plain, st.data())
def test_the_first_of_nested_defaults_that_is_set_wins(keys: list[str], last: str, data: st.DataObject) -> None:
    text = last
    for key in reversed(keys):
        text = f"${{{key}:-{text}}}"
    environ = data.draw(st.dictionaries(st.sampled_from(keys), plain))
    expected = next((environ[key] for key in keys if key in environ), last)
    assert substitute(text, environ).text == expected


@given(name, plain)
def test_what_is_escaped_stays_without_the_escape(key: str, value: str) -> None:
    assert substitute(f"$${{{key}}}", {key: value}).text == f"${{{key}}}"
