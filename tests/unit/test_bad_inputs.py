"""A thousand bad inputs through the command line: each is refused with file and place, or is still usable.

No traceback, no secret of the input, and nothing is written. PROPERTY_EXAMPLES=1000 tries as many as that, and names
the slowest.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.client.connecting import connect
from k8s_pipeline_client.cluster.port import Kind
from tests.cluster.support.program import Result, run_program
from tests.data import SAMPLES
from tests.fakes import FakeCluster
from tests.unit.badinput.samples import SECRET, SHARES, Case, case

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "200"))
SLOWEST_SECONDS = 3.0
"""Of processor time."""
PLACE = (
    r"(\[\d+\])*(, (line|document) \d|: [\w\"'\[]|, user | is (empty|not UTF-8)| has (no|several) "
    r"| (holds|contains|does not contain) | cannot be used: .| — services alone)"
)
"""What follows the name of a file: line, document or key; or what is wrong with the whole of it."""
WRITES = frozenset({"apply", "create", "patch", "update", "delete", "replace"})
GOOD = [
    *("-f", str(SAMPLES / "pipelines/01_postgres_metadata_daily.json")),
    *("-f", str(SAMPLES / "services/postgres.json")),
]
PARTS = 2


class Trial:
    """Gives inputs to the program, with a cluster in memory."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.cluster = FakeCluster("data")
        (folder / "good.yaml").write_text("namespace: data\n")

        def connected(settings: Any, **options: Any) -> FakeCluster:
            if options.get("kubeconfig"):
                connect(settings, **options).close()  # what reads the file is the real one
            self.cluster = FakeCluster(settings.namespace)
            return self.cluster

        monkeypatch.setattr("k8s_pipeline_client.client.pipelines.connect", connected)

    def __call__(self, kind: str, number: int) -> float:
        """Try one, and return the processor time that it took."""
        bad = case(kind, number)
        path = self.folder / f"{kind}{'.json' if bad.content[:1] == b'{' else '.yaml'}"
        path.unlink(missing_ok=True)
        path.write_bytes(bad.content)
        self.cluster = FakeCluster("data")
        begun = time.process_time()
        result = run_program(self._words(kind, path))
        took = time.process_time() - begun
        try:
            self._check(result, path)
        except AssertionError as error:
            kept = self.folder / f"{kind}-{number}{path.suffix}"
            kept.write_bytes(bad.content)
            raise AssertionError(_report(kind, number, bad, result, kept)) from error
        return took

    def _words(self, kind: str, path: Path) -> list[str]:
        good = str(self.folder / "good.yaml")
        if kind == "settings":
            return ["deploy", "--config", str(path), *GOOD]
        if kind == "kubeconfig":
            return ["list", "--config", good, "--kubeconfig", str(path)]
        return ["deploy", "--config", good, "-f", str(path)]

    def _check(self, result: Result, path: Path) -> None:
        if "the API server refused to apply CronJob" in result.err and path.stem == "settings":
            # Volumes and overlays are left to it; what was written before is taken back.
            left = [item for kind in (Kind.CRONJOB, Kind.JOB, Kind.SECRET) for item in self.cluster.list(kind)]
            assert left == []
            assert "check volumes and podTemplate in the settings" in result.err
            return
        assert result.code in ((0, 1, 2) if path.stem == "kubeconfig" else (0, 2))  # 1: nobody can log in by it
        assert "Traceback" not in result.err
        assert not re.search(r"unexpected \w+ in \S+\.py", result.err)
        assert SECRET not in result.out + result.err
        assert not re.search(r"\b(tuple|dictionary|NoneType|\.\[key\])\b", result.err)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", result.err + result.out)
        errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
        assert bool(errors) is (result.code != 0)
        if result.code:
            assert result.out == ""
            assert [request for request in self.cluster.requests if request.verb in WRITES] == []
            for line in errors:
                assert re.search(re.escape(str(path)) + PLACE, line), line
                assert len(line) < 4000


def _report(kind: str, number: int, bad: Case, result: Result, path: Path) -> str:
    said = f"exit code {result.code}\n{result.out[:500]}\n{result.err[:3000]}"
    return f"{kind} {number} ({bad.what}), kept as {path}: {said}"


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", SHARES)
def test_each_is_refused_with_file_and_place_or_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str, part: int
) -> None:
    trial = Trial(tmp_path, monkeypatch)
    numbers = range(part, round(EXAMPLES * SHARES[kind]), PARTS)
    trial(kind, numbers[0])  # what is imported is imported once
    wrong, took = [], []
    for number in numbers:
        try:
            took.append((trial(kind, number), number))
        except AssertionError as error:
            wrong.append(str(error))
    assert wrong == [], "\n\n".join(wrong[:20])
    longest, slowest = max(took)
    named = f"the slowest of {len(numbers)} {kind}: number {slowest} ({case(kind, slowest).what}), {longest:.2f} s"
    assert longest < SLOWEST_SECONDS, named
    if "PROPERTY_EXAMPLES" in os.environ:
        with capsys.disabled():
            print(named)
