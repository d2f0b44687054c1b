"""The commands as people type them: other words, words that are nearly right, the version."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cli.main import ALIASES
from k8s_pipeline_client.version import __version__
from tests.cluster.support.program import call


@pytest.mark.parametrize(("alias", "command"), sorted(ALIASES.items()))
def test_other_words_are_the_same_command(alias: str, command: str) -> None:
    alike, help_of = call([alias, "--help"]), call([command, "--help"])

    assert alike.code == 0
    assert alike.out.splitlines()[1:] == help_of.out.splitlines()[1:]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("stauts", "status"), ("deply", "deploy"), ("rotate_token", "rotate-token")],
)
def test_a_word_that_is_nearly_right_is_answered_with_the_right_one(typed: str, meant: str) -> None:
    result = call([typed])

    assert result.code == 2
    assert meant in result.err


def test_another_word_is_a_usage_error() -> None:
    assert call(["frobnicate"]).code == 2


def test_the_version() -> None:
    assert call(["--version"]).out.strip() == call(["version"]).out.strip() == f"k8s-pipeline {__version__}"


def test_help_tells_the_exit_code_of_an_interrupt() -> None:
    assert "130" in call(["--help"]).out
