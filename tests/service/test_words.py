"""What is shown at OpenMetadata's pages is for the person there, and every error has a status."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from k8s_pipeline_client import errors
from k8s_pipeline_client.errors import (
    ApiError,
    ForbiddenError,
    InputError,
    NotFoundError,
    PipelineError,
    ServerResponseError,
    UnknownNameError,
    WaitTimeoutError,
)
from k8s_pipeline_client.service.errors import status_of
from k8s_pipeline_client.service.words import WORDS, hint_of, worded

KINDS = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, PipelineError)]
OF_A_TERMINAL = re.compile(r"kubectl|k8s-pipeline [a-z]|(?<![\w-])--[a-z]|(?<!\w)-[a-z]\b")
DOCUMENTED = {
    code: set(re.findall(r"`(\w+)`", facts))
    for code, facts in re.findall(
        r"^\| `([A-Z]\w+)` \| .* \| (.*?) ?\|$",
        (Path(__file__).parents[2] / "docs/reference/errors.md").read_text(),
        re.MULTILINE,
    )
}


def made(kind: type[PipelineError], **more: Any) -> PipelineError:
    """Make an error of a class."""
    if issubclass(kind, ApiError | ServerResponseError):
        more["status"] = 418
    return kind("it is refused", **more)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_a_status_that_old_servers_know(kind: type[PipelineError]) -> None:
    assert status_of(made(kind)) in {400, 401, 404, 408, 409, 413, 503}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("x"), 400),
        (UnknownNameError("x"), 404),
        (UnknownNameError("x", code="AmbiguousName"), 409),
        (UnknownNameError("x", code="NamespaceMissing"), 503),
        (NotFoundError("x", status=404), 503),
        (ForbiddenError("x", status=403), 503),
        (ServerResponseError("x", status=500), 503),
        (WaitTimeoutError("x"), 503),
        (InputError("x", code="BodyTooLarge"), 413),
    ],
)
def test_what_others_have_to_put_right_is_503(error: PipelineError, status: int) -> None:
    assert status_of(error) == status


def test_the_words_are_for_codes_that_there_are_and_have_their_facts() -> None:
    for code, text in WORDS.items():
        assert code in DOCUMENTED
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= DOCUMENTED[code]


def test_none_of_them_is_for_a_terminal() -> None:
    assert [text for text in WORDS.values() if OF_A_TERMINAL.search(text)] == []


@pytest.mark.parametrize(
    "hint", ["see kubectl get pods", "kubectl delete", "give it with --force", "type -o yaml", "k8s-pipeline list"]
)
def test_a_hint_that_is_for_one_is_not_shown(hint: str) -> None:
    said = hint_of(PipelineError("x", hint=hint))
    assert said and not OF_A_TERMINAL.search(said)


def test_any_other_hint_of_the_librarys_is() -> None:
    assert worded(InputError("no", hint="give a cron expression")) == "no — give a cron expression"


def test_an_error_of_others_with_our_code_and_without_its_facts_is_worded_too() -> None:
    assert worded(InputError("no", code="NamespaceMissing", hint="make it")) == "no — make it"


def test_the_words_that_openmetadata_looks_for_in_a_400_are_not_in_it() -> None:
    assert "csrf token" not in worded(InputError("the pipeline 'CSRF Token' is no name")).lower()
