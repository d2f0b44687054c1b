"""Every command line that the program suggests in a test is one that can be typed as it stands."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

import click

from k8s_pipeline_client.cli.main import cli
from k8s_pipeline_client.cli.options import Globals

_BEGINNING = re.compile(r"(?<!['`/.\w-])(?:k8s-pipeline|kubectl ompipeline) (?=[a-z])")
_PLACE = ("--config", "-n", "--namespace", "--kubeconfig", "--context")
_OF_CLICK = ("Usage: ", "Try ")


def suggested(text: str) -> Iterator[list[str]]:
    """Yield the words of each command line in an output, without the program's own name."""
    for line in text.splitlines():
        if line.startswith(_OF_CLICK):
            continue
        if line.startswith('{"error"'):
            line = json.loads(line)["error"]["hint"] or ""
        for found in _BEGINNING.finditer(line):
            yield list(_words(line[found.end() :]))


def _words(text: str) -> Iterator[str]:
    words = shlex.shlex(text, posix=True, punctuation_chars=";")
    words.whitespace_split, words.commenters = True, ""
    return takewhile(lambda word: word != ";", words)


def check_suggestions(typed: Sequence[str], text: str) -> None:
    """Fail if a suggested command line could not be typed, or is about another place than the one that was typed."""
    place = {value for option, value in pairwise(typed) if option in _PLACE}
    for words in suggested(text):
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None, f"no such command is there to suggest: {words}"
        assert not {"NAME", "FILE", "RUN", "ID", "JOB"} & set(words), f"a placeholder is no word to type: {words}"
        try:
            command.make_context(words[0], list(words[1:]), obj=Globals())
        except click.ClickException as error:
            raise AssertionError(f"{words} cannot be typed: {error.message}") from error
        assert place <= set(words), f"{words} is about another place than {typed}"
