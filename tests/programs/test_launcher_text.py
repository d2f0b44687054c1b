"""What the launcher writes for people holds nothing that a terminal would obey; what the program writes is its own."""

from __future__ import annotations

import json

import pytest

from tests.programs.pod import Pod
from tests.unit.test_visible import NEVER_RAW

pytestmark = pytest.mark.timeout(60)

HOSTILE = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \u202eexe.txt \u2066x\u2069 adm\u200bin \x7f"
SHOWN = r"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \u202eexe.txt \u2066x\u2069 adm\u200bin \x7f"


@pytest.mark.parametrize("end", [f"raise ValueError({HOSTILE!r})", f"import sys; sys.exit({HOSTILE!r})"])
def test_an_exception_in_the_termination_message(pod: Pod, end: str) -> None:
    ended = pod.run(end)
    assert SHOWN in ended.message["cause"]
    assert not NEVER_RAW & set(pod.log.read_text()), "kubectl describe shows it as it is"


def test_the_last_error_of_the_log(pod: Pod) -> None:
    ended = pod.run(f"print('ERROR: OperationalError ' + {HOSTILE!r}); raise ValueError")
    assert ended.message["lastError"] == "OperationalError " + SHOWN.replace(r"\x1b[31m", "").replace(r"\x1b[0m", "")


def test_half_a_surrogate_pair(pod: Pod) -> None:
    assert r"half \ud800" in pod.run("raise ValueError('half \\ud800')").message["cause"]


def test_its_own_lines(pod: Pod) -> None:
    pod.document = json.dumps({"password": "$(secretKeyRef:\u202ename/\x1bkey)"}).encode()
    ended = pod.run("", f"no\u202esuch\x1b[2J\n{HOSTILE}.py")
    (line,) = ended.err.splitlines()
    assert r"no\u202esuch\x1b[2J\n" in line
    assert not NEVER_RAW & set(line)
    assert not NEVER_RAW & set(pod.log.read_text())


def test_what_the_program_writes_is_handed_on_as_it_is(pod: Pod) -> None:
    assert pod.run(f"print({HOSTILE!r})").out == f"{HOSTILE}\n"
