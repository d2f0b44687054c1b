"""A run whose exception and names would drive a terminal: people see escapes, in our output and in kubectl's."""

from __future__ import annotations

import json

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.unit.test_visible import NEVER_RAW

HOSTILE = "\x1b[31mcannot connect\x1b[0m \x1b]0;PWNED\x07\x1b[2J \u202eend \x9b3J"
SHOWN = r"\x1b[31mcannot connect\x1b[0m \x1b]0;PWNED\x07\x1b[2J \u202eend \x9b3J"


def test_names_and_exceptions(program: Program) -> None:
    entity = pipeline({"log": HOSTILE}, {"fail": HOSTILE}) | {"displayName": f"night {HOSTILE}"}
    deployed = program("deploy", "-f", program.file("x.json", entity, service()))
    assert "pg_prod.nightly " in deployed.out, "the display name could not be typed as it is shown"
    assert f"night {SHOWN}" in program("list", "-o", "wide").out

    failed = program("run", "nightly", "--wait", code=3)
    shown = [failed, deployed, program("list"), program("status", "nightly"), program("runs")]

    for result in shown:
        assert not (NEVER_RAW - {"\n"}) & set(result.out + result.err), result
    assert SHOWN in failed.out
    assert len(program("list").out.splitlines()) == 2
    assert json.loads(program("list", "-o", "json").out)[0]["displayName"] == f"night {HOSTILE}"
    assert HOSTILE in program("logs", "nightly").out, "what the program wrote is copied"
    path = "{.items[*].status.containerStatuses[*].state.terminated.message}"
    message = program.space.kubectl("get", "pods", "-o", f"jsonpath={path}")
    assert not NEVER_RAW & set(message), message
    assert SHOWN in json.loads(message)["cause"]
