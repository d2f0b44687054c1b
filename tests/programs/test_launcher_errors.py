"""The error in a log that tells most about why a run failed reaches the termination message."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.launcher import MASK
from k8s_pipeline_client.launcher.errorlog import KEPT_BYTES, MAX_ERROR_BYTES, ErrorLog, errors_in
from tests.programs.pod import Pod
from tests.unit.test_visible import NEVER_RAW

pytestmark = pytest.mark.timeout(60)

INGESTION_LOG = """\
/usr/lib/pydantic/_fields.py:198: UserWarning: Field name "schema" shadows an attribute in parent "BaseModel"
  warnings.warn(
[2026-11-21 16:18:39] INFO     {metadata.OMetaAPI:server_mixin:97} - client running with Server version [1.12.14]
[2026-11-21 16:18:41] WARNING  {metadata.Utils:utils:503} - Unable to fetch the Postgres Version - FATAL:  nothing
[2026-11-21 16:18:41] ERROR    {metadata.Metadata:test_connections:214} - CheckAccess-(psycopg2.OperationalError) \
connection to server at "10.213.29.208", port 5432 failed: FATAL:  password authentication failed for user "om_reader"

(Background on this error at: https://sqlalche.me/e/14/e3q8)
[2026-11-21 16:18:41] INFO     {metadata.Metadata:test_connections:228} - Test connection results: no ERROR here
Traceback (most recent call last):
  File "/ingestion/main.py", line 57, in <module>
    main()
metadata.SourceConnectionException: Failed to run the test connection step: CheckAccess
"""


def last_error(log: str) -> str:
    kept = ErrorLog()
    for line in log.encode().splitlines(keepends=True):
        kept.feed(line)
    return kept.last_error()


def test_of_a_real_ingestion() -> None:
    assert last_error(INGESTION_LOG) == (
        'CheckAccess-(psycopg2.OperationalError) connection to server at "10.213.29.208", port 5432 failed: '
        'FATAL: password authentication failed for user "om_reader"'
    )


def test_a_report_that_was_not_taken_is_not_why_a_run_fails() -> None:
    refused = "ERROR {metadata.Utils:x:1} - Unhandled error trying to update Ingestion Pipeline status [{}]\n"
    log = refused.replace("{}", "<urlopen error [Errno 111] Connection refused>")

    assert errors_in(f"ERROR: no such table\n{log}") == ["no such table"]
    assert last_error(log) == ""


@pytest.mark.parametrize(
    ("log", "errors"),
    [
        ("ERROR:root:it broke", ["root:it broke"]),
        ("ERROR it broke\nthe rest\n  of it\n\nnot this", ["it broke the rest of it"]),
        ("CRITICAL: it broke", ["it broke"]),
        ("[ERROR] it broke", ["it broke"]),
        ("\x1b[31mERROR\x1b[0m: it broke", ["it broke"]),
        ("2026-01-31 12:00:00,123 - metadata - ERROR - it broke", ["it broke"]),
        ("2026-01-31T12:00:00.123Z ERROR metadata: it broke", ["metadata: it broke"]),
        ("12:00:00 | FATAL | it broke", ["it broke"]),
        ("ERROR: first\nINFO: between\nmore of it\nERROR: second", ["first", "second"]),
        ("ERROR: first\nTraceback (most recent call last):\n  File\nValueError: x", ["first"]),
        ("ERROR:\nwhat it is", ["what it is"]),
        ("ERROR", []),
        ("INFO: an ERROR that is none", []),
        ("2026-01-31 12:00:00 INFO no ERROR: at all", []),
        ("2026-01-31 12:00:00 WARNING - ERROR - at all", []),
        ("the server says ERROR: nothing", []),
        ("ERRORS: 0\nERROR_RATE: 0\nno_ERROR: 0", []),
        ("", []),
    ],
)
def test_the_usual_formats(log: str, errors: list[str]) -> None:
    assert errors_in(log) == errors


def test_one_that_names_an_exception_tells_more_than_a_later_one_that_does_not() -> None:
    log = "ERROR: old KeyError\nERROR: (OperationalError) no route\nERROR: Step failed\nERROR: Workflow failed\n"
    assert last_error(log) == "(OperationalError) no route"
    assert last_error("ERROR: Step failed\nERROR: Workflow failed\n") == "Workflow failed"
    assert last_error("INFO: all is well") == ""


@settings(deadline=None)
@given(st.text())
def test_it_is_one_short_line_whatever_the_log_is(text: str) -> None:
    found = last_error(f"ERROR: x{text * 40}")
    assert found.startswith("x")
    assert len(found.encode()) <= MAX_ERROR_BYTES
    assert found.splitlines() == [found]
    assert not NEVER_RAW & set(found)


def test_a_long_log_costs_little_memory_and_little_time() -> None:
    kept = ErrorLog()
    began = time.process_time()
    for _ in range(200):
        kept.feed(b"[2026-11-21 16:18:41] INFO     {metadata.Metadata:test:2} - all is well\n" * 900)
    for _ in range(20_000):
        kept.feed(b"ERROR")
    assert kept.last_error() == ""
    assert time.process_time() - began < 2
    assert kept._size <= KEPT_BYTES


LOGGING = """
import logging, os, sys
logging.basicConfig(format="%(asctime)s - %(name)s - %(levelname)s - %(message)s", stream=sys.stdout)
logging.error("step %s failed: OperationalError: %s refused", 1, "s3cr3t-välue")
"""


@pytest.mark.parametrize("end", ["raise ValueError('failed')", "sys.exit(1)", "sys.exit('bye')"])
def test_it_is_in_the_message_of_a_run_that_fails(pod: Pod, end: str) -> None:
    ended = pod.run(LOGGING + end)
    assert ended.message["exitCode"] == 1
    assert ended.message["lastError"].startswith(f"step 1 failed: OperationalError: {MASK} refused")


@pytest.mark.parametrize("end", ["pass", "sys.exit(0)"])
def test_it_is_not_in_the_message_of_a_run_that_succeeds(pod: Pod, end: str) -> None:
    ended = pod.run(LOGGING + end)
    assert ended.message["exitCode"] == 0
    assert "lastError" not in ended.message


def test_a_run_that_fails_without_a_word_has_none(pod: Pod) -> None:
    assert "lastError" not in pod.run("raise ValueError").message


def test_the_message_stays_within_its_limit(pod: Pod) -> None:
    ended = pod.run("print('ERROR: ' + '\"\\\\' * 4000); raise ValueError('\"\\\\' * 4000)")
    assert pod.log.stat().st_size <= 4096
    assert ended.message["lastError"].startswith('"\\"\\')
    assert ended.message["cause"].startswith('ValueError: "\\"\\')
