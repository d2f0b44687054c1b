"""The gate of make coverage."""

from __future__ import annotations

import pytest

from tests.coverage import PACKAGE, Reached, group_of, table


@pytest.mark.parametrize(
    ("module", "docstring", "group"),
    [
        ("domain/cron.py", "The grammar.", ("domain", True)),
        ("cluster/kubeconfig/files.py", "Files.", ("cluster", False)),
        ("deploying/steps.py", "What a deploy does, as data. Pure.", ("deploying", True)),
        ("deploying/execute.py", "Does it.", ("deploying", False)),
        ("errors.py", "Errors.", ("errors", True)),
        ("polling.py", "Waits.", ("others", False)),
    ],
)
def test_what_is_pure_has_the_higher_gate(module: str, docstring: str, group: tuple[str, bool]) -> None:
    assert group_of(PACKAGE / module, f'"""{docstring}"""\n') == group
    assert Reached(*group, 100, {}).least == (95 if group[1] else 85)


def test_one_line_too_few_is_too_few_and_is_named() -> None:
    enough = Reached("cli", False, 100, {"cli/main.py": range(15)})
    too_few = Reached("runs", False, 100, {"runs/kill.py": range(16), "runs/wait.py": ()})
    assert (enough.is_enough, too_few.is_enough) == (True, False)
    shown = table([enough, too_few])
    assert shown.count("too few") == 1
    assert shown.endswith("too few\n  runs/kill.py: 16 lines not reached")
