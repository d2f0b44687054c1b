"""Errors are facts: they can be copied and pickled, are not changed, have documented codes, and know no commands."""

from __future__ import annotations

import ast
import copy
import inspect
import pickle
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from k8s_pipeline_client import errors
from k8s_pipeline_client.cli.exitcodes import exit_code
from k8s_pipeline_client.cli.hints import HINTS, worded
from k8s_pipeline_client.errors import (
    ApiError,
    ConflictError,
    CopiedIdError,
    InputError,
    LoginError,
    PipelineError,
    RunActiveError,
    RunFailedError,
    ServerResponseError,
    UnknownNameError,
    WaitTimeoutError,
)

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "k8s_pipeline_client"
KINDS = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, PipelineError)]


def made(kind: type[PipelineError]) -> PipelineError:
    """Make one with all that it can have."""
    more: dict[str, Any] = {"status": 409} if issubclass(kind, ApiError | ServerResponseError) else {}
    more |= {"reason": "Conflict"} if issubclass(kind, ApiError) else {}
    return kind("it is refused", hint="do that", facts={"name": "om-x", "known": ("a", "b")}, **more)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_they_can_be_copied_and_pickled(kind: type[PipelineError], twin: object) -> None:
    assert callable(twin)
    error = made(kind).with_outcome("nothing is left")
    found = twin(error)
    assert type(found) is kind
    assert str(found) == str(error) == "it is refused; nothing is left — do that"
    assert vars(found) == vars(error)
    assert found.args == error.args


def _refuse() -> None:
    raise made(ConflictError)


def test_they_come_through_a_pool_of_processes() -> None:
    with ProcessPoolExecutor(1) as pool, pytest.raises(ConflictError, match="it is refused") as caught:
        pool.submit(_refuse).result()
    assert (caught.value.status, caught.value.reason, caught.value.code) == (409, "Conflict", "Conflict")


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_not_changed(kind: type[PipelineError]) -> None:
    error = made(kind)
    for name in vars(error):
        with pytest.raises(AttributeError, match=name):
            setattr(error, name, "something else")
    with_outcome = error.with_outcome("nothing is left")
    assert (error.outcome, with_outcome.outcome) == ("", "nothing is left")
    assert with_outcome.with_outcome("or so").outcome == "nothing is left; or so"
    assert (with_outcome.message, with_outcome.code, with_outcome.facts) == (error.message, error.code, error.facts)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (PipelineError, 1),
        (RunActiveError, 1),
        (LoginError, 1),
        (ConflictError, 1),
        (InputError, 2),
        (CopiedIdError, 2),
        (UnknownNameError, 2),
        (RunFailedError, 3),
        (WaitTimeoutError, 124),
    ],
)
def test_exit_codes(kind: type[PipelineError], code: int) -> None:
    assert exit_code(made(kind)) == code


def test_the_command_line_has_words_of_its_own() -> None:
    error = RunActiveError("nightly: run 1 is active", hint="allow another beside it")
    assert str(error) == "nightly: run 1 is active — allow another beside it"
    assert worded(error, {}).endswith("start another one with --allow-overlap")


def test_an_error_of_others_with_our_code_and_without_its_facts_is_worded_too() -> None:
    assert worded(UnknownNameError("none", code="NoRuns", hint="start one"), {}) == "none — start one"


def _trees(*, outside: str = "") -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if not outside or path.relative_to(PACKAGE).parts[0] not in outside.split():
            yield path, ast.parse(path.read_text())


def _made_in_code() -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the codes that stand in calls of error classes, and the names of the facts that they are given."""
    for _, tree in _trees():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error")):
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            facts = given.get("facts")
            names = frozenset(
                key.value for key in facts.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ) if isinstance(facts, ast.Dict) else frozenset()  # fmt: skip
            kind = getattr(errors, node.func.id, None)
            if "code" not in given and kind is not None:
                yield kind.default_code, names
            for constant in ast.walk(given["code"]) if "code" in given else ():
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str) and constant.value:
                    yield constant.value, names


# Chosen by what was answered, in a function of their own.
_CHOSEN = {
    "AccessDenied", "Anonymous", "ApiServerOverloaded", "ClusterWideAccessDenied", "FieldConflict", "NamespaceMissing",
    "QuotaExceeded", "UnknownField", "WebhookFailed", "ApiServerUntrusted", "ServerUntrusted",
}  # fmt: skip


def test_every_code_is_documented() -> None:
    documented = re.findall(
        r"^\| `([A-Z]\w+)` \|", (ROOT / "docs" / "reference" / "errors.md").read_text(), re.MULTILINE
    )
    codes = {code for code, _ in _made_in_code()} | {kind.default_code for kind in KINDS} | _CHOSEN
    assert sorted(documented) == sorted(codes)


def test_every_fact_is_documented() -> None:
    rows = re.findall(
        r"^\| `([A-Z]\w+)` \| .* \| (.*?) ?\|$", (ROOT / "docs/reference/errors.md").read_text(), re.MULTILINE
    )
    documented = {code: set(re.findall(r"`(\w+)`", facts)) for code, facts in rows}
    given: dict[str, set[str]] = {}
    for code, facts in _made_in_code():
        given.setdefault(code, set()).update(facts)
    assert given
    assert {code: facts - documented[code] for code, facts in given.items() if facts - documented[code]} == {}


def test_every_hint_of_the_command_line_is_for_a_code_and_has_its_facts() -> None:
    made_in_code = list(_made_in_code())
    for code, hint in HINTS.items():
        needed = {name for _, name, _, _ in Formatter().parse(hint) if name} if isinstance(hint, str) else set()
        facts = [given for known, given in made_in_code if known == code]
        assert facts or code in _CHOSEN | {kind.default_code for kind in KINDS}, code
        assert all(needed <= given for given in facts), code


_COMMAND = re.compile(r"k8s-pipeline [a-z]|(?<![\w-])--[a-z][a-z-]+")
_OF_OTHER_PROGRAMS = re.compile(r"kubectl [^;,]*|`metadata [^`]*`|^--[a-z]+$|^ --previous$")


def test_nothing_below_the_command_line_names_its_commands_or_options() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text}"
        for path, tree in _trees(outside="cli launcher")
        for line, text in _said(tree)
        if _COMMAND.search(_OF_OTHER_PROGRAMS.sub("", text))
    ]
    assert found == []


def _said(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that are no docstrings."""
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value
