"""What `diagnose` makes of a run: the cause, more exact by the log, what to do, and nothing that is secret."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.status import CauseCode, Diagnosis, State, as_step, gone_run_status, run_status
from k8s_pipeline_client.status.diagnosis import MAX_EVENTS, MAX_LOG_CHARACTERS, MAX_TEXT, diagnose
from tests.unit.status_cases.build import (
    JOB,
    JOB_UID,
    Obj,
    complete,
    event,
    failed,
    job,
    last_words,
    now,
    pod,
    running,
    terminated,
)
from tests.unit.status_cases.case import GONE, Case
from tests.unit.status_cases.ended import ATTEMPTS, ENDED
from tests.unit.status_cases.images import IMAGES
from tests.unit.status_cases.logs import LOGS, TRACE, Log
from tests.unit.status_cases.needs import NEEDS
from tests.unit.status_cases.waits import WAITS
from tests.unit.status_cases.weighed import WEIGHED

CASES = [*ENDED, *ATTEMPTS, *IMAGES, *WEIGHED, *WAITS, *NEEDS]
PASSWORD = "geheim/99 & so weiter"
GOLDEN = Path(__file__).parent / "golden" / "diagnoses.txt"
BEGUN = "launcher: run 0b6f1c9e-1f5c-4f51-9d2c-9a7f6f7b7a11 begins\n"


def found(
    of: Obj, pods: list[Obj], log: str = "", events: list[Obj] | None = None, secrets: tuple[str, ...] = ()
) -> Diagnosis:
    events = events or []
    return diagnose(run_status(of, pods, events, now()), of, pods, events, log, secrets)


def exited(log: str = "", message: str = "") -> Diagnosis:
    return found(job(failed(), failed=1), [pod(terminated(1, message=message))], log)


def with_cpu(limit: str, of: Obj) -> Obj:
    of["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": limit}}
    return of


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_the_log_tells_more_than_an_exit_code(log: Log) -> None:
    told = exited(BEGUN + log.log)
    assert told.category == log.code
    assert log.summary in told.summary
    assert bool(told.what_to_do)
    assert not told.summary.endswith(".")


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_so_do_the_launchers_words_where_the_pod_is_gone_or_its_log(log: Log) -> None:
    error = " ".join(log.log.rpartition(TRACE)[2].rpartition("} - ")[2].split())
    assert exited(message=last_words("SourceConnectionException: Failed", lastError=error)).category == log.code


def test_what_kubernetes_said_stays_as_the_detail() -> None:
    told = exited(LOGS[0].log, last_words("SourceConnectionException: Failed to run"))
    assert "exited with code 1: SourceConnectionException: Failed to run" in told.detail


@pytest.mark.parametrize(
    ("state", "code"),
    [(terminated(137, "OOMKilled"), "OOMKilled"), (terminated(137), "SigKill"), (terminated(143), "SigTerm")],
)
def test_what_kubernetes_knows_better_is_not_told_by_the_log(state: Obj, code: str) -> None:
    assert found(job(failed(), failed=1), [pod(state)], LOGS[0].log).category == code


def test_the_log_of_main_does_not_tell_why_a_sidecar_failed() -> None:
    sidecar = pod(terminated(0, "Completed"), others={"proxy": terminated(3)}, reason="Error")
    told = found(job(failed(), failed=1), [sidecar], LOGS[0].log)
    assert told.category != "SourceRefused"


def test_a_start_that_its_cpu_limit_made_slow() -> None:
    late = [pod(terminated(143, finished=7_201), reason="DeadlineExceeded")]
    of = with_cpu("200m", job(failed("DeadlineExceeded")))
    told = found(of, late, BEGUN)
    assert told.category is CauseCode.SLOW_START
    assert "CPU limit of 200m" in told.summary
    assert "resources.limits.cpu" in told.what_to_do

    further = found(of, late, f"{BEGUN}[2025-06-01 12:00:41] INFO ingesting\n")
    assert further.category is CauseCode.DEADLINE_EXCEEDED
    assert "200m" in further.what_to_do

    enough = found(with_cpu("2", job(failed("DeadlineExceeded"))), late, BEGUN)
    assert enough.category is CauseCode.DEADLINE_EXCEEDED


def test_a_run_that_is_still_starting_with_little_cpu() -> None:
    under_way = [pod(running(), "Running")]
    assert found(with_cpu("100m", job()), under_way, BEGUN).category is CauseCode.SLOW_START
    assert found(with_cpu("100m", job()), under_way, f"{BEGUN}more\n").category is None
    assert found(with_cpu("1", job()), under_way, BEGUN).category is None
    assert found(with_cpu("little", job()), under_way, BEGUN).category is None


def test_a_run_that_is_well_has_no_category() -> None:
    told = found(job(complete()), [pod(terminated(0, "Completed"), "Succeeded")])
    assert (told.state, told.category, told.summary) == (State.SUCCESS, None, "The run succeeded")


def test_a_run_that_is_tried_again_says_why_it_failed_before() -> None:
    pods = [pod(terminated(1), name=f"{JOB}-a", uid="pod-a"), pod(running(), "Running", name=f"{JOB}-b", created=60)]
    told = found(job(failed=1, backoff_limit=3), pods)
    assert (told.state, told.category) == (State.RUNNING, None)
    assert told.summary.startswith("Attempt 1 of 4 failed: ")
    assert told.summary.endswith("; the next one has begun")
    assert told.what_to_do


def test_every_attempt_is_told_in_their_order() -> None:
    pods = [
        pod(terminated(3, finished=90), name=f"{JOB}-b", uid="pod-b", created=60),
        pod(terminated(137, "OOMKilled", last_words()), name=f"{JOB}-a", uid="pod-a"),
    ]
    told = found(job(failed(), failed=2, backoff_limit=1), pods)
    assert [attempt.exit_code for attempt in told.attempts] == [137, 3]
    shown = as_step(told)["failures"][0]["stackTrace"]
    assert shown.index("failed, exit code 137") < shown.index("failed, exit code 3")
    assert "Peak memory: 503 MiB" in shown


def test_events_stand_in_their_order_and_not_all_of_them() -> None:
    events = [event("BackOff", f"number {number}", about="pod-1", seconds=number) for number in range(60)]
    told = found(job(failed(), failed=1), [pod(terminated(1))], events=events[::-1])
    assert len(told.events) == MAX_EVENTS
    assert told.events[-1].endswith("number 59")


def test_events_of_one_second_stay_in_the_order_in_which_they_happened() -> None:
    reasons = ["Scheduled", "Pulled", "Created", "Started"]
    events = [event(reason, "…", about="pod-1") for reason in reasons] + [event("SuccessfulCreate", "…")]
    events[0] |= {"lastTimestamp": None, "eventTime": "2025-06-01T12:00:10.987654Z"}  # the scheduler is more exact
    told = found(job(failed(), failed=1), [pod(terminated(1))], events=events)
    assert [line.split(": ")[1] for line in told.events] == ["SuccessfulCreate", *reasons]


def test_what_our_own_words_say_is_not_quoted_as_the_drivers() -> None:
    words = 'connection to server at "db", port 5432 failed: FATAL: database "x" does not exist'
    told = exited(message=last_words(f"StepFailed: {words}"))
    assert told.summary == f"The source rejected the login: {words}"


def test_what_is_left_of_a_job_that_is_gone_are_its_events() -> None:
    events = [event("Started", "…", about=GONE), event("BackoffLimitExceeded", "…", seconds=60)]
    told = diagnose(gone_run_status("run", JOB, JOB_UID, events), {}, (), events, "", ())
    assert told.category == "BackoffLimitExceeded"
    assert [line.split(": ")[1] for line in told.events] == ["Started", "BackoffLimitExceeded"]


def test_events_of_others_are_not_shown() -> None:
    of_others = [event("BackOff", "theirs", about="other-1"), {**event("X", "theirs"), "involvedObject": {}}]
    assert found(job(failed(), failed=1), [pod(terminated(1))], events=of_others).events == ()


def test_no_secret_of_the_run_leaves_in_any_spelling() -> None:
    quoted = "geheim%2F99%20%26%20so%20weiter"
    told = found(
        job(failed(message=f"because of {PASSWORD}"), failed=1),
        [pod(terminated(1, message=last_words(f"ValueError: {PASSWORD}", lastError=f"cannot use {PASSWORD}")))],
        f"line\nurl postgres://om:{quoted}@db {PASSWORD!r} {json.dumps(PASSWORD)}\npassword=quite-another-one\n",
        [event("Failed", f"could not use {PASSWORD}", about="pod-1")],
        (PASSWORD,),
    )
    shown = json.dumps([told.as_dict(), as_step(told)])
    assert "geheim" not in shown
    assert "quite-another-one" not in shown
    assert "*********" in shown


def test_a_secret_by_name_keeps_its_name_in_the_words_of_kubernetes() -> None:
    message = 'MountVolume.SetUp failed for volume "token" : secret "om-token" not found'
    told = found(job(failed(), failed=1), [pod(terminated(1))], events=[event("FailedMount", message, about="pod-1")])
    assert told.events[0].endswith(message)


def test_nothing_is_long() -> None:
    long = "x" * 100_000
    told = found(
        job(failed(), failed=1),
        [pod(terminated(1, message=last_words(long)))],
        f"first\n{long}\nlast",
        [event("Failed", long, about="pod-1")],
    )
    texts = [told.summary, told.detail, told.what_to_do, *told.events]
    assert max(map(len, texts)) < MAX_TEXT + 100
    assert len(told.log_tail) < MAX_LOG_CHARACTERS + 100
    assert told.log_tail.endswith("last")
    assert told.log_tail.startswith("… (")


@pytest.mark.parametrize("line", ["a" * 1_000_000, "a." * 500_000, " (" * 500_000, "HTTPConnectionPool(" * 50_000])
def test_no_log_takes_long_to_look_through(line: str) -> None:
    began = time.process_time()
    exited(f"{line}\n" * 3)
    assert time.process_time() - began < 5


def test_colours_are_taken_out() -> None:
    assert exited("\x1b[31mred\x1b[0m").log_tail == "red"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_whoever_reads_it_in_openmetadata_has_no_terminal(case: Case) -> None:
    told = found(case.job, case.pods, events=case.events)
    (failure,) = as_step(told)["failures"]
    shown = failure["error"] + failure["stackTrace"]
    assert [word for word in ("kubectl", "k8s-pipeline ", " --") if word in shown] == []
    assert failure["error"]
    assert " ;" not in failure["error"]


def test_a_step_has_the_shape_of_openmetadatas_own() -> None:
    step: dict[str, Any] = as_step(exited("the last line\n"))
    (failure,) = step.pop("failures")
    assert step == {"name": "Pod Diagnostics", "records": 0, "errors": 1}
    assert failure["name"] == "Main Container Diagnostics"
    assert failure["stackTrace"].startswith("Pod Description:\n")
    assert failure["stackTrace"].endswith("\n\nPod Logs: \nthe last line")


def test_the_words_of_every_log_and_of_a_step() -> None:
    """To be read by a person: a change shows in the golden file's diff (UPDATE_GOLDEN=1 writes it)."""
    told = [(log.name, exited(BEGUN + log.log)) for log in LOGS]
    parts = [f"{name}\n  {one.category}: {one.summary}\n  fix: {one.what_to_do}" for name, one in told]
    (failure,) = as_step(found(job(failed(), failed=1), [pod(terminated(1))], BEGUN, [event("BackOff", "…")]))[
        "failures"
    ]
    parts.append(f"as OpenMetadata shows it\n{failure['error']}\n{failure['stackTrace']}")
    text = "\n\n".join(parts) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()
