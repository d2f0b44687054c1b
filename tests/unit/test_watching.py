"""-w: what is shown is shown again when it has changed, and only then."""

from __future__ import annotations

import pytest

from tests.unit.console import NAME, Console, console

__all__ = ["console"]


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (["list"], "[*].lastRun.state"),
        (["status"], "[*].lastRun.state"),
        (["status", NAME], "lastRun.state"),
        (["runs"], "[*].state"),
        (["runs", NAME], "[*].state"),
    ],
)
def test_a_change_is_shown_and_nothing_else(
    console: Console, monkeypatch: pytest.MonkeyPatch, words: list[str], state: str
) -> None:
    console.deploy()
    job = console.started()
    looks: list[float] = []

    def between(seconds: float) -> None:
        """What happens between two looks: nothing, then the run ends, then somebody interrupts."""
        looks.append(seconds)
        if len(looks) == 2:
            console.end(job)
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("k8s_pipeline_client.cli.watching.time.sleep", between)
    shown = console(*words, "-w", "-o", f"jsonpath={state}", code=130)

    assert shown.out.split() == ["queued", "success"]
    assert "interrupted" in shown.err
