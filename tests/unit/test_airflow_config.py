"""What becomes of every key of ``airflowConfig``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.resolve import resolve
from k8s_pipeline_client.errors import DefinitionError, PipelineError
from k8s_pipeline_client.render import plan
from k8s_pipeline_client.render.job import run_job
from k8s_pipeline_client.settings import Settings
from tests.data import sample

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAILY = {"scheduleInterval": "@daily"}


def pipeline(now: datetime | None = NOW, **airflow: Any) -> Pipeline:
    """Return a pipeline with this airflowConfig, beside its schedule."""
    entity = sample("pipelines/01_postgres_metadata_daily.json") | {"airflowConfig": DAILY | airflow}
    found = [item for document in (entity, sample("services/postgres.json")) for item in recognise(document, "x.json")]
    return resolve(found, now=now)[0]


def spec(settings: Settings | None = None, **airflow: Any) -> dict[str, Any]:
    """Return the spec of the CronJob."""
    manifests = plan(pipeline(**airflow), settings or Settings()).manifests()
    found: dict[str, Any] = manifests[-1]["spec"]
    return found


WITHOUT_EFFECT: tuple[dict[str, Any], ...] = (
    {"retries": 0},
    {"retries": None},
    {"retryDelay": 60},
    {"retryDelay": None, "retries": None},
    {"workflowTimeout": None},
    {"workflowTimeout": 0},
    {"maxActiveRuns": 1},
    {"maxActiveRuns": None},
    {"concurrency": 8},
    {"pausePipeline": None},
    {"pipelineCatchup": False},
    {"pipelineCatchup": None},
    {"startDate": None, "endDate": None},
    {"startDate": ""},
    {"startDate": "2020-01-01T00:00:00Z"},
    {"startDate": "2020-01-01"},
    {"startDate": 1577836800000},
    {"startDate": "2026-06-01T14:00:00+02:00"},
    {"workflowDefaultView": "tree", "workflowDefaultViewOrientation": "LR"},
    {"something": {"new": 1}},
)


@pytest.mark.parametrize("airflow", WITHOUT_EFFECT, ids=str)
def test_what_changes_nothing_and_needs_no_word(airflow: dict[str, Any]) -> None:
    assert spec(**airflow) == spec()
    assert pipeline(**airflow).notes == ()


def test_retries_are_those_of_the_job() -> None:
    job = spec(retries=5, retryDelay=300)["jobTemplate"]["spec"]
    assert job["backoffLimit"] == 5
    assert pipeline(retries=5, retryDelay=300).notes == ()


def test_a_delay_between_retries_is_said_to_be_kubernetes_own() -> None:
    (note,) = pipeline(retries=1, retryDelay=60).notes
    assert "retryDelay 60 is not supported" in note
    assert "10 s" in note


def test_a_timeout_is_the_deadline_of_the_run() -> None:
    settings = Settings(start_timeout_seconds=30, termination_grace_period_seconds=10)
    job = spec(settings, workflowTimeout=600)["jobTemplate"]["spec"]
    assert job["template"]["spec"]["activeDeadlineSeconds"] == 600
    assert job["activeDeadlineSeconds"] == 640


def test_an_override_of_the_settings_is_above_the_definition() -> None:
    override = {"match": {"service": "pg_*"}, "settings": {"activeDeadlineSeconds": 60, "backoffLimit": 0}}
    settings = Settings.model_validate({"overrides": [override]})
    job = spec(settings, workflowTimeout=600, retries=4)["jobTemplate"]["spec"]
    assert (job["template"]["spec"]["activeDeadlineSeconds"], job["backoffLimit"]) == (60, 0)


def test_several_active_runs_are_any_number() -> None:
    assert spec(maxActiveRuns=2)["concurrencyPolicy"] == "Allow"
    assert spec()["concurrencyPolicy"] == "Forbid"
    (note,) = pipeline(maxActiveRuns=2).notes
    assert "maxActiveRuns 2" in note


def test_an_end_that_is_over_suspends_the_schedule() -> None:
    assert spec(endDate="2026-05-31T00:00:00Z")["suspend"] is True
    planned = plan(pipeline(endDate="2026-05-31T00:00:00Z"), Settings())
    (note,) = planned.notes
    assert note == "airflowConfig.endDate 2026-05-31T00:00:00Z has passed, so the schedule is suspended"
    assert planned.cronjob["metadata"]["annotations"]["k8s-pipeline/notes"] == note
    assert "--within" not in arguments(planned.cronjob)


def arguments(cronjob: dict[str, Any]) -> list[str]:
    found: list[str] = cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]
    return found


@pytest.mark.parametrize(
    ("airflow", "window"),
    [
        ({"startDate": "2026-06-02T00:00:00Z"}, "2026-06-02T00:00:00Z/"),
        ({"startDate": 1780400000000}, "2026-06-02T11:33:20Z/"),
        ({"endDate": "2026-12-31T00:00:00"}, "/2026-12-31T00:00:00Z"),
        ({"endDate": "2026-12-31T00:00:00.123+02:00"}, "/2026-12-30T22:00:00Z"),
        ({"endDate": "9999-12-31T23:59:59-12:00"}, "/9999-12-31T23:59:59Z"),
        ({"startDate": "2026-06-02", "endDate": "2026-07-01"}, "2026-06-02T00:00:00Z/2026-07-01T00:00:00Z"),
    ],
    ids=str,
)
def test_scheduled_runs_keep_to_dates_that_are_to_come(airflow: dict[str, Any], window: str) -> None:
    planned = plan(pipeline(**airflow), Settings())

    words = arguments(planned.cronjob)
    assert words[words.index("--within") + 1] == window
    assert all("scheduled runs" in note for note in planned.notes)
    assert len(planned.notes) == len(airflow)
    asked_for = run_job(planned.cronjob["spec"]["jobTemplate"], name="x", namespace="y", run_id="z", owners=[])
    assert not {"--within", window} & set(arguments({"spec": {"jobTemplate": asked_for}}))


def test_dates_are_left_to_the_runs_where_the_time_is_not_known() -> None:
    planned = plan(pipeline(None, startDate="2020-01-01", endDate="2021-01-01"), Settings())
    assert "2020-01-01T00:00:00Z/2021-01-01T00:00:00Z" in arguments(planned.cronjob)
    assert planned.suspend is False


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("scheduleIntervall", "scheduleInterval"),
        ("ScheduleInterval", "scheduleInterval"),
        ("schedule", "scheduleInterval"),
        ("timezone", "pipelineTimezone"),
        ("retrie", "retries"),
    ],
)
def test_a_key_that_nobody_reads_is_noted_with_what_was_meant(key: str, meant: str) -> None:
    misspelled: dict[str, Any] = {key: "1"}
    (note,) = pipeline(**misspelled).notes
    assert f"airflowConfig.{key} " in note
    assert f"did you mean {meant}?" in note


def test_mail_is_said_not_to_be_sent() -> None:
    (note,) = pipeline(email="data@example.com").notes
    assert "email has no effect" in note


def test_what_kubernetes_cannot_express_is_refused() -> None:
    with pytest.raises(DefinitionError) as caught:
        pipeline(pipelineCatchup=True)
    assert caught.value.message.startswith("x.json: airflowConfig.pipelineCatchup is true")
    assert caught.value.code == "CatchupUnsupported"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("retries", "2"),
        ("retries", True),
        ("retries", -1),
        ("retries", 1.5),
        ("retries", 1001),
        ("retryDelay", "PT5M"),
        ("workflowTimeout", -60),
        ("workflowTimeout", 2**31),
        ("workflowTimeout", "1h"),
        ("maxActiveRuns", 0),
        ("concurrency", []),
        ("pipelineCatchup", "perhaps"),
        ("pausePipeline", {}),
        ("startDate", True),
        ("startDate", "soon"),
        ("startDate", "20300101"),
        ("endDate", {}),
        ("endDate", "2026-02-30"),
        ("email", 7),
        ("scheduleInterval", 5),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_by_its_key(key: str, value: Any) -> None:
    with pytest.raises(DefinitionError) as caught:
        pipeline(**{key: value})
    assert "x.json" in str(caught.value)
    assert f"airflowConfig.{key}" in str(caught.value)


def test_a_plain_workflow_document_is_judged_alike() -> None:
    document = {
        "source": {"type": "mysql", "serviceName": "shop"},
        "workflowConfig": {"openMetadataServerConfig": {"hostPort": "http://om:8585/api"}},
        "airflowConfig": {"endDate": "2020-01-01", "retries": 2, "maxActiveRuns": 3},
    }
    (found,) = resolve(recognise(document, "w.yaml"), now=NOW)
    assert (found.enabled, found.own_settings, found.may_overlap) == (False, {"backoffLimit": 2}, True)
    assert len(found.notes) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"raiseOnError": False}, ["main.py"]),
        ({"raiseOnError": True}, []),
        ({"raiseOnError": None}, []),
        ({"openMetadataServerConnection": {"storeServiceConnection": False}}, ["give the service with its connection"]),
        ({"openMetadataServerConnection": {"storeServiceConnection": False}, "pipelineType": "application"}, []),
    ],
    ids=str,
)
def test_what_else_is_said_of_a_definition(changes: dict[str, Any], words: list[str]) -> None:
    entity = sample("pipelines/01_postgres_metadata_daily.json") | changes
    found = [item for document in (entity, sample("services/postgres.json")) for item in recognise(document, "x.json")]
    notes = resolve(found, now=NOW)[0].notes
    assert len(notes) == len(words)
    assert all(word in note for word, note in zip(words, notes, strict=True))


_KEYS = ("retries", "retryDelay", "workflowTimeout", "maxActiveRuns", "concurrency", "startDate", "endDate", "other")
_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(_KEYS), _VALUES))
def test_whatever_stands_there_is_used_or_refused_by_name(airflow: dict[str, Any]) -> None:
    try:
        found = pipeline(**airflow)
    except PipelineError as error:
        assert any(f"airflowConfig.{key}" in str(error) for key in airflow)
    else:
        assert found.own_settings.keys() <= {"backoffLimit", "activeDeadlineSeconds"}


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)), st.timedeltas(timedelta(seconds=1), timedelta(days=900)))
def test_a_date_is_over_or_to_come(moment: datetime, later: timedelta) -> None:
    """At any time, by any distance: what is over is settled at once, what is to come is left to the runs."""
    try:
        after = moment + later
    except OverflowError:
        return
    ended, begun = pipeline(after, endDate=moment.isoformat()), pipeline(after, startDate=moment.isoformat())
    assert (ended.enabled, begun.enabled) == (False, True)
    assert (ended.window, begun.window, begun.notes) == ("", "", ())
    for key in ("startDate", "endDate"):
        found = pipeline(moment, **{key: after.isoformat()})
        assert found.enabled
        assert found.window.strip("/") == after.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
