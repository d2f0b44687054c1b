"""References in a document are resolved in the pod; what they bring in is as secret as what stands in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.launcher import MASK, yamljson
from k8s_pipeline_client.launcher.program import EXIT_UNUSABLE
from k8s_pipeline_client.launcher.references import VARIABLE, Resolver, references_in
from k8s_pipeline_client.launcher.unusable import Unusable
from tests.programs.pod import Pod, interpreters

pytestmark = pytest.mark.timeout(60)

VARIABLES = {"A": "first", "B_2": "second", "EMPTY": "", "LOOKS": "${A}"}


def resolved(value: Any, variables: dict[str, str] = VARIABLES) -> Any:
    return Resolver(variables, "/not/there").resolve({"x": value})["x"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "first"),
        ("${A}:${B_2}@${A}", "first:second@first"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$${A} is ${A}", "${A} is first"),
        ("${A:-other}", "first"),
        ("${NONE:-other}", "other"),
        ("${NONE:-}", ""),
        ("${EMPTY}", ""),
        ("${EMPTY:-other}", "other"),
        ("${NONE:-a:b/c $A}", "a:b/c $A"),
        ("$${NONE:-x}", "${NONE:-x}"),
        ("${LOOKS}", "${A}"),
        ("$A ${} ${A ${2A} $${} ${A-x} {A} $$ $(A)", "$A ${} ${A ${2A} $${} ${A-x} {A} $$ $(A)"),
    ],
)
def test_within_a_string(text: str, expected: str) -> None:
    assert resolved(text) == expected


def test_wherever_a_value_can_be() -> None:
    document = {"a": ["${A}", {"b": "${B_2}"}, 1, None, True, 1e-7], "${A}": {"c": [["x${A}"]]}}
    assert resolved(document) == {"a": ["first", {"b": "second"}, 1, None, True, 1e-7], "${A}": {"c": [["xfirst"]]}}


@settings(deadline=None)
@given(st.text(st.sampled_from("${}:-AB_ \n"), max_size=40) | st.text())
def test_any_text_can_be_written_so_that_it_stays(text: str) -> None:
    written = VARIABLE.sub(lambda found: "$" + found[0], text)
    assert resolved(written, {}) == text


@settings(deadline=None)
@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,3}", fullmatch=True), st.text(), min_size=1), st.text())
def test_any_value_arrives_as_it_is(variables: dict[str, str], before: str) -> None:
    before = before.rstrip("$")
    names = list(variables)
    text = "".join(f"${{{name}}}" for name in names)
    expected = resolved(before, variables) if not VARIABLE.search(before) else ""
    if expected == before:
        document = {"x": before + text}
        result = Resolver(variables, "").resolve(document)
        assert result["x"] == before + "".join(variables.values())
        assert yaml.safe_load(yamljson.dumps(result)) == json.loads(yamljson.dumps(result)) == result


def test_a_key_of_a_secret(tmp_path: Path) -> None:
    (tmp_path / "shop-db").mkdir()
    (tmp_path / "shop-db" / "pass.word").write_text("  hünter\n2\n")
    resolver = Resolver({}, str(tmp_path))
    reference = {"secretRef": {"name": "shop-db", "key": "pass.word"}}
    assert resolver.resolve({"a": [reference], "b": reference}) == {"a": ["  hünter\n2\n"], "b": "  hünter\n2\n"}
    assert set(resolver.values) == {"  hünter\n2\n"}


def test_all_that_is_missing_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "binary").write_bytes(b"\xff")
    document = {
        "source": {"config": [{"password": "${PW} ${A} ${USER_2:-x}"}]},
        "sink": {"secretRef": {"name": "s", "key": "none"}},
        "more": {"secretRef": {"name": "s", "key": "binary"}},
    }
    with pytest.raises(Unusable) as raised:
        Resolver({"A": "a-value"}, str(tmp_path)).resolve(document)
    assert str(raised.value) == (
        "the document's references cannot be resolved: source.config[0].password: environment variable PW is not set; "
        "sink: key none of Secret s cannot be read: No such file or directory; more: key binary of Secret s is not text"
    )


def test_where_references_are() -> None:
    reference = {"secretRef": {"name": "n", "key": "k"}}
    document = {"a": [0, "${A}", "$A"], "b": {"c": reference, "d": "$${A}"}, "e": {"secretRef": "?", "more": "${B}"}}
    assert list(references_in(document)) == [
        ("a[1]", "${A}"),
        ("b.c", reference),
        ("b.d", "$${A}"),
        ("e", document["e"]),
    ]


@pytest.mark.parametrize("python", interpreters())
def test_what_the_entry_point_gets_and_what_the_log_shows(pod: Pod, python: str) -> None:
    pod.python = python
    folder = pod.folder / "mount" / "secrets"
    (folder / "shop").mkdir(parents=True)
    (folder / "shop" / "pw").write_text("from-the-secret\nof-two-lines")
    pod.options = ["--resolve", str(folder)]
    pod.document = json.dumps(
        {
            "user": "${DB_USER}",
            "note": {"secretRef": {"name": "shop", "key": "pw"}},
            "url": "x://${DB_USER}:${DB_PW:-by-default}@h",
            "text": "$${DB_USER}",
            "short": "${SHORT}",
            "smiley": "😀\u2028",
            "number": 1e-07,
        }
    ).encode()
    ended = pod.run(
        """
        import json, os
        document = json.loads(os.environ["config"])
        assert document == {
            "user": "reader-1", "note": "from-the-secret\\nof-two-lines", "url": "x://reader-1:by-default@h",
            "text": "${DB_USER}", "short": "on", "smiley": "😀\\u2028", "number": 1e-07,
        }, document
        print(document)
        print("of-two-lines", os.environ["DB_USER"])
        raise ValueError(document["note"])
        """,
        env={"DB_USER": "reader-1", "SHORT": "on"},
    )
    assert ended.message["cause"] == f"ValueError: {MASK}"
    shown = re.sub("\\s+", " ", ended.out)
    assert "'text': '${DB_USER}', 'short': 'on'" in shown
    assert "reader-1" not in ended.out + ended.err and "the-secret" not in ended.out + ended.err
    assert shown.endswith(f"{MASK} {MASK} ")


def test_without_the_option_it_is_handed_over_as_it_is(pod: Pod) -> None:
    pod.document = b'{"a": "${A}", "b": {"secretRef": {"name": "n", "key": "k"}}}'
    ended = pod.run("import os; print(os.environ['config'])", env={"A": "first"})
    assert ended.out.encode() == pod.document + b"\n"


def test_what_cannot_be_resolved_is_not_started(pod: Pod) -> None:
    pod.options = ["--resolve", "/not/there"]
    pod.document = b'{"a": {"b": "${NOT_SET_1} ${SET_1}"}}'
    ended = pod.run("print('started')", env={"SET_1": "a-value"})
    assert (ended.code, ended.out) == (EXIT_UNUSABLE, "")
    cause = "the document's references cannot be resolved: a.b: environment variable NOT_SET_1 is not set"
    assert ended.message["cause"] == cause
    assert ended.err == f"launcher: {cause}\n"


@pytest.mark.parametrize("document", [b'{"a": NaN}', b'{"a": %s}' % (b"[" * 900 + b"]" * 900)])
def test_what_cannot_be_written_is_not_started_or_handed_over(pod: Pod, document: bytes) -> None:
    pod.options = ["--resolve", "/not/there"]
    pod.document = document
    ended = pod.run("print('started')")
    assert (ended.code, ended.out) in [(EXIT_UNUSABLE, ""), (0, "started\n")]
    assert "Traceback" not in ended.err
