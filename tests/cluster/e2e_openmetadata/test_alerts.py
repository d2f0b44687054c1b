"""An alert on what the reporter tells the server of."""

from __future__ import annotations

import pytest

from tests.cluster.e2e_openmetadata.alerts import alerting
from tests.cluster.e2e_openmetadata.driver import Driver
from tests.cluster.support.space import until
from tests.openmetadata_contract.servers import ADMIN_TOKEN, URL

pytestmark = pytest.mark.thorough

ID = "real server" if URL else "not shown: the stand-in has no alerts, and OPENMETADATA_URL is not set"


@pytest.mark.parametrize(
    "driver", [pytest.param(True, id=ID, marks=[] if URL else pytest.mark.skip(reason=ID))], indirect=True
)
def test_an_alert_says_that_a_run_failed(driver: Driver) -> None:
    if not ADMIN_TOKEN:
        pytest.skip("OPENMETADATA_ADMIN_TOKEN is not set: only an admin makes alerts")
    with alerting(driver.server, "failed") as alert:
        pipeline = driver.deployed({"hardExit": 3})
        run_id = pipeline.trigger()
        pipeline.reaches(run_id, "failed")
        until(lambda: run_id in alert.events(), "the alert has it")
        assert pipeline.fqn in alert.events()
