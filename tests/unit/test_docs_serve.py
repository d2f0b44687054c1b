"""The pages about the service name every option of ``serve``, and none that it has not."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from k8s_pipeline_client.cli.options import common_options
from k8s_pipeline_client.cli.serve import serve_command

DOCS = Path(__file__).parents[2] / "docs"
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def options_of(command: click.Command) -> set[str]:
    """Return the long options of a command, without the ones that switch another off."""
    found = [option for parameter in command.params for option in parameter.opts]
    return {option for option in found if option.startswith("--")}


@click.command("none")
@common_options
def _none() -> None: ...


@pytest.mark.parametrize("page", ["how-to/serve.md", "reference/service.md"])
def test_a_page_names_every_option(page: str) -> None:
    text = (DOCS / page).read_text()
    own = options_of(serve_command) - options_of(_none)
    assert len(own) > 8
    assert own - set(OPTION.findall(text)) == set()


def test_the_table_has_no_other_options() -> None:
    section = (DOCS / "reference/service.md").read_text().partition("\n## Options\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    named = {option for row in rows for option in OPTION.findall(row.split("|")[1])}
    assert named - options_of(serve_command) == set()
