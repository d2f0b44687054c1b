"""What bash has of a line that is being typed, and how a name has to be written there."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.cli.typedline import BREAKS, typed_line


@pytest.mark.parametrize(
    ("line", "words", "last"),
    [
        ("k8s-pipeline ", (), ""),
        ("k8s-pipeline status night", ("status",), "night"),
        ("k8s-pipeline status 'my name' x", ("status", "my name"), "x"),
        ("k8s-pipeline status my\\ na", ("status",), "my na"),
        ('k8s-pipeline status "my na', ("status",), "my na"),
        ("k8s-pipeline status 'it''s", ("status",), "its"),
        ('k8s-pipeline status "a\\"b', ("status",), 'a"b'),
        ("k8s-pipeline --config=a.yaml status ", ("--config=a.yaml", "status"), ""),
        ("NO_COLOR=1 k8s-pipeline logs --run ", ("logs", "--run"), ""),
    ],
)
def test_words_are_those_that_a_program_would_get(line: str, words: tuple[str, ...], last: str) -> None:
    found = typed_line(line)

    assert (found.words, found.last) == (words, last)


@pytest.mark.parametrize(
    ("line", "word", "written"),
    [
        ("k8s-pipeline status my", "my name", "my\\ name"),
        ("k8s-pipeline status my\\ n", "my name", "my\\ name"),
        ('k8s-pipeline status "my', 'my "name" for $1', 'my \\"name\\" for \\$1'),
        ("k8s-pipeline status 'my", "my name; rm", "my name; rm"),
        ("k8s-pipeline --context=ki", "--context=kind a", "kind\\ a"),
        ("k8s-pipeline status a:", "a:b", "b"),
        ("k8s-pipeline status ", "Ночь & день", "Ночь\\ \\&\\ день"),
    ],
)
def test_what_takes_the_place_of_what_bash_replaces(line: str, word: str, written: str) -> None:
    assert typed_line(line).written(word) == written


@given(name=st.text("ab \t!\"#$%&'()*;<>?[\\]^`{|}~=:@,é", min_size=1), quote=st.sampled_from(["", "'"]))
def test_whatever_a_name_is_the_shell_reads_it_again(name: str, quote: str) -> None:
    line = f"k8s-pipeline status {quote}"

    assert shlex.split(line + typed_line(line).written(name) + quote)[-1] == name


def test_other_breaks_keep_the_option_in_the_word() -> None:
    typed = typed_line("k8s-pipeline --context=ki", BREAKS.replace("=", ""))

    assert typed.written("--context=kind") == "--context=kind"
