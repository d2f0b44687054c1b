"""Bad ends of the published ingestion package, and what OpenMetadata is told of them by a reporter beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.support.access import Access
from tests.cluster.support.program import Program
from tests.cluster.support.shop import Shop
from tests.cluster.support.space import Space
from tests.e2e.case import Case, played
from tests.e2e.cases import CASES
from tests.e2e.stage import Stage, folder_of, stage_in

pytestmark = [pytest.mark.real_ingestion, pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def stage(
    access: Access, standin: str, postgres: str, real_ingestion: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """One for all cases: the server has faults for one at a time."""
    folder = tmp_path_factory.mktemp("end-to-end")
    with Space.open(access, folder) as space:
        shop = Shop.open(space.access, space.namespace, database_image=postgres, server_image=standin)
        programs = [
            Program(space, image=real_ingestion, folder=folder_of(folder, name)) for name in ("runs", "reporter")
        ]
        with stage_in(programs[0], programs[1], shop) as stage:
            yield stage


def _params() -> Iterator[Any]:
    for case in CASES:
        marks = () if case.is_short else (pytest.mark.e2e,)
        yield pytest.param(case, id=case.name, marks=marks)


@pytest.mark.parametrize("case", [*_params()])
def test_openmetadata_is_told_how_a_run_ended(stage: Stage, case: Case) -> None:
    seen = played(case, stage)

    assert seen.state == case.state
