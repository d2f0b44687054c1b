"""Holds what a command prints with `-o json` against the published schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from k8s_pipeline_client.cli.main import ALIASES

SCHEMA = Path(__file__).parents[3] / "docs" / "reference" / "output.schema.json"


def check_output(words: Sequence[str], text: str) -> None:
    """Fail unless the output of a command fits its schema; other formats are none of ours."""
    if "json" not in words or not text:
        return
    command = ALIASES.get(words[0], words[0])
    if command == "status" and words[1].startswith("-") and not {"--all", "-f"} & set(words):
        command = "list"  # without a name it is another word for it
    if command == "list" and "--from-server" in words:
        command = "list --from-server"
    value = json.loads(text)
    if isinstance(value, dict) and set(value) == {"errors"}:
        command = "errors"  # in the place of a result
    _validator(command).validate(value)


def commands() -> list[str]:
    """Return the commands that the schema knows."""
    return [title for title in _schema()["properties"] if " " not in title and title != "errors"]


@cache
def _schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(found)
    return found


@cache
def _validator(command: str) -> Draft202012Validator:
    schema = _schema()
    return Draft202012Validator({**schema["properties"][command], "$defs": schema["$defs"]})
