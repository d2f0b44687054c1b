"""Deploy, trigger, watch, kill."""

from __future__ import annotations

from tests.cluster.e2e_openmetadata.driver import Driver
from tests.cluster.support.space import until


def test_the_service_is_healthy_to_the_server(driver: Driver) -> None:
    answer = driver.health()
    assert (answer.status, answer.body["code"]) == (200, 200), answer


def test_a_run_from_its_trigger_to_its_end(driver: Driver) -> None:
    """Here nobody but the reporter inside the service tells the server of the run."""
    pipeline = driver.deployed({"log": "a first line"}, {"sleep": 6}, {"log": "a last line"})
    assert pipeline.entity()["deployed"] is True
    assert pipeline.cronjob()["spec"]["suspend"] is True, "it has no schedule"
    run_id = pipeline.trigger()
    assert run_id in {row["runId"] for row in until(pipeline.rows, "it is listed")}
    until(lambda: "a first line" in pipeline.log(), "its log is shown while it runs")
    assert "a last line" not in pipeline.log()
    row = pipeline.reaches(run_id, "success")
    assert row["startDate"] <= row["endDate"]
    text = pipeline.log()
    assert run_id in text.splitlines()[0]
    assert "a last line" in text
    assert [each["runId"] for each in pipeline.rows()] == [run_id]


def test_a_run_that_tells_the_server_itself(reporting: Driver) -> None:
    pipeline = reporting.deployed({"sleep": 5}, report=True)
    run_id = pipeline.trigger()
    pipeline.reaches(run_id, "running")
    pipeline.reaches(run_id, "success")
    assert [each["runId"] for each in pipeline.rows()] == [run_id]


def test_a_failing_run_says_why(driver: Driver) -> None:
    pipeline = driver.deployed({"log": "it will not do"}, {"hardExit": 3})
    run_id = pipeline.trigger()
    row = pipeline.reaches(run_id, "failed")
    (step,) = row["status"]
    assert "3" in step["failures"][0]["error"]
    assert pipeline.entity()["deployed"] is True


def test_a_failing_run_that_had_told_of_itself(reporting: Driver) -> None:
    """Killed from within, it leaves a row that says that it runs: the reporter ends it."""
    pipeline = reporting.deployed({"sleep": 2}, {"hardExit": 137}, report=True)
    run_id = pipeline.trigger()
    row = pipeline.reaches(run_id, "failed")
    assert row["status"], "with its cause"


def test_a_trigger_while_a_run_is_active_starts_no_other(driver: Driver) -> None:
    pipeline = driver.deployed({"sleep": 600})
    run_id = pipeline.trigger()
    answer = pipeline.press("trigger")
    assert (answer.status, answer.body["code"]) == (200, 200)
    assert run_id in answer.body["reason"]
    assert len(pipeline.jobs()) == 1
    pipeline.press("kill")


def test_a_kill_ends_the_run(driver: Driver) -> None:
    pipeline = driver.deployed({"sleep": 600})
    run_id = pipeline.trigger()
    pipeline.runs(run_id)
    answer = pipeline.press("kill")
    assert (answer.status, answer.body["code"]) == (200, 200), answer
    assert run_id in answer.body["reason"]
    row = pipeline.reaches(run_id, "failed")
    assert row["status"], "with its cause"
    until(lambda: not pipeline.active(), "it has ended")
    second = pipeline.press("kill")
    assert second.status == 400, "there is nothing to kill"


def test_what_was_never_deployed_cannot_be_triggered(driver: Driver) -> None:
    pipeline = driver.create({"log": "never"})
    assert pipeline.press("trigger").status == 400
    assert pipeline.jobs() == []


def test_autopilots_sequence_comes_to_its_end(driver: Driver) -> None:
    """It deploys, triggers at once, and lists until no row is unfinished."""
    pipeline = driver.deployed({"sleep": 1})
    pipeline.trigger()

    def is_over() -> bool:
        rows = pipeline.rows()
        return bool(rows) and all(row["pipelineState"] in ("success", "failed", "partialSuccess") for row in rows)

    assert pipeline.rows(), "the first list, at once, is not empty: it would be over before it has begun"
    until(is_over, "no row is unfinished")
    assert [row["pipelineState"] for row in pipeline.rows()] == ["success"]
