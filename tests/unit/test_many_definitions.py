"""Thousands of definitions take seconds: no more than some times what parsing their YAML takes, however many."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from k8s_pipeline_client.domain.yamltext import load_documents
from tests.cluster.support.program import call
from tests.openmetadata import pipeline, token
from tests.unit.console import NIGHTLY, SERVICE

MOST_TIMES = {"validate": 20, "render": 40}
"""Of processor time, which is about four times as much as is needed: 5 and 11 where this was written."""
FEW, MANY = 40, 200


def _cpu(act: Callable[[], object]) -> float:
    begun = time.process_time()
    act()
    return time.process_time() - begun


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """As many definitions as the key says, each with a schedule of its own."""
    connection = {**NIGHTLY["openMetadataServerConnection"], "securityConfig": {"jwtToken": token()}}
    found = {}
    for count in (FEW, MANY):
        found[count] = tmp_path_factory.mktemp(f"of{count}")
        (found[count] / "service.yaml").write_text(yaml.safe_dump(SERVICE))
        for number in range(count):
            schedule = {"scheduleInterval": f"{number % 60} {number // 60} * * *"}
            entity = pipeline(f"p{number}", SERVICE, openMetadataServerConnection=connection, airflowConfig=schedule)
            (found[count] / f"{number}.yaml").write_text(yaml.safe_dump(entity))
    return found


@pytest.mark.parametrize("command", MOST_TIMES)
def test_a_command_takes_no_more_than_some_times_what_parsing_takes(folders: dict[int, Path], command: str) -> None:
    texts = [path.read_text() for path in folders[MANY].glob("*.yaml")]
    call([command, "-f", str(folders[FEW]), "-o", "name"])  # what is imported is imported once

    def run() -> None:
        assert call([command, "-f", str(folders[MANY])]).code == 0

    parsing = min(_cpu(lambda: [load_documents(text) for text in texts]) for _ in range(3))
    assert min(_cpu(run) for _ in range(2)) < MOST_TIMES[command] * parsing


def test_what_one_takes_does_not_grow_with_their_number(folders: dict[int, Path]) -> None:
    def each(count: int) -> float:
        return min(_cpu(lambda: call(["validate", "-f", str(folders[count]), "-o", "name"])) for _ in range(2)) / count

    call(["validate", "-f", str(folders[FEW]), "-o", "name"])
    assert each(MANY) < 3 * each(FEW)
