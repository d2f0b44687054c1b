"""Every command line of README and docs/ is one that can be typed, and each is executed, parsed or exempt by name."""

from __future__ import annotations

import re

import click
import pytest

from k8s_pipeline_client.cli.main import cli
from tests.demo.tour import STEPS
from tests.pages.blocks import LANGUAGES, PAGES, indented
from tests.pages.blocks import blocks as in_page
from tests.pages.commands import Command, commands, in_text
from tests.pages.fates import EXEMPT, Fate, complaint, fate


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_its_language(page: str) -> None:
    assert [f"{block.page}:{block.line}" for block in in_page(page) if block.language not in LANGUAGES] == []
    assert list(indented(page)) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_command_line_is_executed_or_parsed_or_exempt(page: str) -> None:
    assert [command.text for command in commands(page) if fate(command) is Fate.FORGOTTEN] == []


@pytest.mark.parametrize("page", PAGES)
def test_what_is_to_be_typed_can_be_typed(page: str) -> None:
    assert [found for command in commands(page) if (found := complaint(command))] == []
    assert [found for command in in_text(page) if (found := complaint(command, is_whole=False))] == []


def test_the_synopsis_has_no_option_that_a_command_lacks() -> None:
    (synopsis,) = (block.text for block in in_page("docs/reference/cli.md") if block.language == "text")
    lines = re.sub(r"\n +", " ", synopsis).splitlines()
    assert {line.split()[1] for line in lines} == set(cli.list_commands(click.Context(cli)))
    for line in lines:
        name, usage = line.split()[1], re.split(r" {3,}(?![\[-])", line.split(maxsplit=2)[-1])[0]
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        known = {word for parameter in command.params for word in (*parameter.opts, *parameter.secondary_opts)}
        assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", usage)) <= known, line


def test_the_tour_is_the_one_that_is_recorded() -> None:
    typed = [command.text for command in commands("docs/how-to/ten-things.md")]

    assert typed == [f"k8s-pipeline {words}" for _, step in STEPS for words in step]


def test_no_exemption_is_older_than_its_command_line() -> None:
    known = [command for page in PAGES for command in commands(page)]
    unused = [
        (page, beginning)
        for page, beginning in EXEMPT
        if not any(command.page == page and command.text.startswith(beginning) for command in known)
    ]
    assert unused == []


@pytest.mark.parametrize(
    "text",
    [
        "k8s-pipeline nosuch",
        "k8s-pipeline logs",
        "k8s-pipeline list --nosuch",
        "true && K=1 k8s-pipeline status x --nosuch",
        "k8s-pipeline list -o name | xargs -r k8s-pipeline delete --nosuch",
        "k8s-pipeline serve … --nosuch",
        "kubectl ompipeline run x --timeout never",
        "make nosuch",
    ],
)
def test_what_could_not_be_typed_is_seen(text: str) -> None:
    assert complaint(Command("README.md", 1, text))


def test_what_nobody_looks_at_is_seen() -> None:
    assert fate(Command("README.md", 1, "podman build .")) is Fate.FORGOTTEN
