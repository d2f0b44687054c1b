"""Colours are where they are wanted, and nowhere else."""

from __future__ import annotations

import pytest

from tests.unit.console import NAME, Console, console

__all__ = ["console"]

ESCAPE = "\x1b["


@pytest.mark.parametrize(
    ("environment", "words", "coloured"),
    [
        ({}, (), False),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "0"}, (), False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ({"FORCE_COLOR": "1"}, ("--color", "never"), False),
        ({"NO_COLOR": "1"}, ("--color", "always"), True),
        ({"TERM": "dumb"}, ("--color", "always"), True),
        ({"FORCE_COLOR": "1"}, ("--color=auto",), True),
    ],
)
def test_colours_go_by_the_option_then_the_environment(
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    words: tuple[str, ...],
    coloured: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    console.deploy()
    console("run", NAME)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert (ESCAPE in console("runs", *words).out) is coloured
    assert (ESCAPE in console("run", NAME, *words, code=1).err) is coloured
    assert ESCAPE not in console("runs", *words, "-o", "json").out


def test_a_colour_does_not_move_the_columns(console: Console) -> None:
    console.deploy()
    console("run", NAME)

    plain, coloured = console("runs").out, console("runs", "--color", "always").out
    assert coloured.replace("\x1b[33m", "").replace("\x1b[0m", "") == plain
