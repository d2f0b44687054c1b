"""The image in a pod, as the Helm chart installs it: a pipeline's life, by a server's buttons."""

from __future__ import annotations

import time

import pytest

from tests.cluster.e2e_openmetadata.driver import Driver
from tests.cluster.support.space import until

DAILY = {"scheduleInterval": "0 3 * * *", "pipelineTimezone": "UTC"}

# In `make test` the chart is installed beside a stand-in that does not call it: tests/cluster/test_beside.py.
pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_pipelines_life(installed: Driver) -> None:
    health = installed.health()
    assert (health.status, health.body["code"]) == (200, 200), health

    pipeline = installed.deployed({"log": "a line of the run"}, {"sleep": 2}, airflowConfig=DAILY, report=True)
    assert pipeline.entity()["deployed"] is True
    assert pipeline.cronjob()["spec"]["schedule"] == "0 3 * * *"
    began = time.monotonic()
    run_id = pipeline.trigger()
    pipeline.reaches(run_id, "success")
    print(f"from the trigger to success at the server: {time.monotonic() - began:.1f} s")
    assert "a line of the run" in pipeline.log()

    failing = installed.deployed({"hardExit": 3})
    row = failing.reaches(failing.trigger(), "failed")
    assert "3" in row["status"][0]["failures"][0]["error"], "the reporter inside the service says why"

    long = installed.deployed({"sleep": 600}, airflowConfig=DAILY)
    run_id = long.trigger()
    long.runs(run_id)
    began = time.monotonic()
    killed = long.press("kill")
    assert (killed.status, killed.body["code"]) == (200, 200), killed
    assert long.reaches(run_id, "failed")["status"], "with its cause"
    print(f"from the kill to failed at the server: {time.monotonic() - began:.1f} s")

    for each in (pipeline, failing, long):
        each.delete(hard=True)
        assert installed.server.call("GET", f"{each.path}?include=all").status == 404
    until(lambda: not any(each.cronjobs() + each.jobs() for each in (pipeline, failing, long)), "nothing is left")
