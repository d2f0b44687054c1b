"""Bad ends of the published ingestion package, and what OpenMetadata is told of them by a reporter beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.cluster.support.access import Access
from tests.cluster.support.program import Program
from tests.cluster.support.shop import Shop
from tests.cluster.support.space import Space
from tests.e2e.case import Case, write
from tests.e2e.cases import CASES
from tests.e2e.servers import OpenMetadata, Real, Recording
from tests.e2e.stage import Stage, folder_of, stage_in
from tests.openmetadata_contract.servers import URL, why_unreached

pytestmark = [pytest.mark.real_ingestion, pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(1500)]


NEEDS_NO_FAULT = [case for case in CASES if not case.needs_fault]
WHY_NOT_REAL = why_unreached() if URL else "OPENMETADATA_URL is not set"

Opened = Callable[[Callable[[Shop], OpenMetadata]], AbstractContextManager[Stage]]


@pytest.fixture(scope="module")
def opened(
    access: Access, standin: str, postgres: str, real_ingestion: str, tmp_path_factory: pytest.TempPathFactory
) -> Opened:
    """Opens a stage, in a namespace of its own, for a server."""

    @contextmanager
    def opened(server: Callable[[Shop], OpenMetadata]) -> Iterator[Stage]:
        folder = tmp_path_factory.mktemp("end-to-end")
        with Space.open(access, folder) as space:
            shop = Shop.open(space.access, space.namespace, database_image=postgres, server_image=standin)
            programs = [
                Program(space, image=real_ingestion, folder=folder_of(folder, name)) for name in ("runs", "reporter")
            ]
            with stage_in(programs[0], programs[1], shop, server(shop)) as stage:
                yield stage

    return opened


# One stage for all cases: a server has faults for one at a time. Two fixtures rather than one with a parameter, for
# that would open a stage for each case.


@pytest.fixture(scope="module")
def stage(opened: Opened) -> Iterator[Stage]:
    with opened(Recording) as stage:
        yield stage


@pytest.fixture(scope="module")
def real_stage(opened: Opened) -> Iterator[Stage]:
    with opened(lambda _: Real()) as stage:
        yield stage


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name, marks=() if case.is_short else pytest.mark.e2e) for case in CASES]
)
def test_openmetadata_is_told_how_a_run_ended(stage: Stage, case: Case) -> None:
    """A case knows what is to come of it, and fails if that does not."""
    write(case.played(stage))


@pytest.mark.e2e
@pytest.mark.skipif(bool(WHY_NOT_REAL), reason=WHY_NOT_REAL or "it is named")
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in NEEDS_NO_FAULT])
def test_a_real_server_is_told_how_a_run_ended(real_stage: Stage, case: Case) -> None:
    write(case.played(real_stage))
