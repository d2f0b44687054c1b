"""Bad ends of the published ingestion package, and what OpenMetadata is told of them by a reporter beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.support.access import Access
from tests.cluster.support.program import Program
from tests.cluster.support.shop import Shop
from tests.cluster.support.space import Space
from tests.e2e.case import Case, write
from tests.e2e.cases import CASES
from tests.e2e.servers import Real, Recording
from tests.e2e.stage import Stage, folder_of, stage_in
from tests.openmetadata_contract.servers import URL, why_unreached

pytestmark = [pytest.mark.real_ingestion, pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest,
    access: Access,
    standin: str,
    postgres: str,
    real_ingestion: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """One for all cases of a server: it has faults for one at a time."""
    folder = tmp_path_factory.mktemp("end-to-end")
    with Space.open(access, folder) as space:
        shop = Shop.open(space.access, space.namespace, database_image=postgres, server_image=standin)
        programs = [
            Program(space, image=real_ingestion, folder=folder_of(folder, name)) for name in ("runs", "reporter")
        ]
        with stage_in(programs[0], programs[1], shop, Real() if request.param else Recording(shop)) as stage:
            yield stage


def _params() -> Iterator[Any]:
    for case in CASES:
        yield pytest.param(False, case, id=f"{case.name}-stand-in", marks=() if case.is_short else pytest.mark.e2e)
    why_not = why_unreached()
    marks = [pytest.mark.e2e, *([pytest.mark.skip(reason=why_not)] if why_not else [])]
    for case in CASES:
        if URL and not case.needs_fault:
            yield pytest.param(True, case, id=f"{case.name}-real server", marks=marks)


@pytest.mark.parametrize(("stage", "case"), [*_params()], indirect=["stage"])
def test_openmetadata_is_told_how_a_run_ended(stage: Stage, case: Case) -> None:
    """A case knows what is to come of it, and fails if that does not."""
    write(case.played(stage))
