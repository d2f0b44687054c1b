"""Finds the cause of a failed run in the end of its log, where Kubernetes has only an exit code.

The patterns match messages of OpenMetadata's ingestion and of the database drivers that it uses. The launcher's
termination message, which quotes the log already, is searched before the log.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import NamedTuple

from k8s_pipeline_client.domain.quantity import parse_quantity
from k8s_pipeline_client.launcher.errorlog import errors_in
from k8s_pipeline_client.status.models import Cause, CauseCode, RunStatus, State
from k8s_pipeline_client.status.run import Run

_MORE_EXACT = frozenset({CauseCode.EXIT_CODE, CauseCode.BACKOFF_LIMIT_EXCEEDED, CauseCode.UNKNOWN})
"""The causes for which the log may have a more exact one."""
_LOOKED_AT = 8
"""How many errors at the end of the log are considered: the run has survived those before."""
_LINES, _LINE = 400, 2_000
"""How many lines of a log are searched, and how many characters of each."""
_BEFORE, _AFTER = 100, 160
"""How many characters before and after a match are quoted."""
_LITTLE_CPU = parse_quantity("500m")
_EXCEPTION = re.compile(r"[\w.]{1,200}(?:Error|Exception|Refused|Timeout)\b")
"""How the last line of a traceback begins."""
_NOT_THE_DRIVERS = re.compile(r"\) |; |\n|(?:\bcode \d+(?:, \w+)?|\b[\w.]*(?:Error|Exception|Failed|Failure)): ")
"""The driver's message begins after an exception's name, or after our own summary."""
_LAUNCHER = "launcher: "

_OURS = (
    r"/api/v1/(?:system|services|permissions|bots|users|automations|metadata|apps|databases|databaseSchemas|tables)\b"
)
"""Paths of the OpenMetadata server; other servers have an ``/api/v1``, too."""


class _Pattern(NamedTuple):
    code: CauseCode
    words: re.Pattern[str]
    summary: str
    hint: str


def _pattern(code: CauseCode, words: str, summary: str, hint: str) -> _Pattern:
    return _Pattern(code, re.compile(words), summary, hint)


_IMAGE = "use an ingestion image of the server's version (setting ingestionImage)"

_PATTERNS = (
    _pattern(
        CauseCode.VERSION_MISMATCH,
        r"Server version is (?P<server>\S+) vs\.? Client version (?P<client>\d[\w.]*\w)",
        "The ingestion image has version {client}, and the OpenMetadata server version {server}",
        _IMAGE,
    ),
    _pattern(
        CauseCode.VERSION_MISMATCH,
        r"VersionMismatchException",
        "The ingestion image and the OpenMetadata server have different versions: {words}",
        _IMAGE,
    ),
    _pattern(
        CauseCode.TOKEN_REJECTED,
        r"Expired token!|Token has expired|Not Authorized! .{0,80}?(?:[Tt]oken|JWT)"
        r"|does not match the current bot's token|Invalid token, used after logout|Invalid JWT token"
        rf"|401 Client Error: .{{0,200}}?{_OURS}",
        "The OpenMetadata server rejected the run's token: {words}",
        "check in OpenMetadata whether the bot's token has expired or was revoked, and deploy the pipeline again",
    ),
    _pattern(
        CauseCode.SERVER_UNREACHABLE,
        rf"(?:Transport failure (?:on|calling) |HTTPS?ConnectionPool\(|50[234] Server Error: ).{{0,300}}?{_OURS}",
        "The run could not connect to the OpenMetadata server: {words}",
        "check that the server is running, and that the cluster can reach its address in the pipeline's definition",
    ),
    _pattern(
        CauseCode.SOURCE_REFUSED,
        r"(?:connection to server at .{1,120} failed: FATAL: +)?(?:password authentication failed|no pg_hba\.conf entry"
        r'|(?:role|database) "[^"]{1,100}" does not exist|Ident authentication failed)'
        r"|Access denied for user|Unknown database '"  # MySQL, MariaDB
        r"|Login failed for user|Cannot open database"  # SQL Server
        r"|ORA-(?:01017|01045|28000|28001|12514|12505)|DPY-(?:4001|6003)"  # Oracle
        r"|Incorrect username or password was specified|JWT token is invalid|User temporarily locked"  # Snowflake
        r"|Authentication failed|AUTHENTICATION_FAILED|SASL authentication"  # MongoDB, ClickHouse, Kafka
        r"|Invalid access token|invalid_grant|401 Client Error: |HTTP 401|error 401",  # over HTTP
        "The source rejected the login: {words}",
        "correct user, password or database name in the service's connection in OpenMetadata",
    ),
    _pattern(
        CauseCode.SOURCE_UNREACHABLE,
        r"connection to server at .{1,120} failed: |could not translate host name|could not connect to server"
        r"|Can't connect to (?:MySQL )?server on|Unknown MySQL server host|Lost connection to MySQL server at"
        r"|Login timeout expired|TCP Provider: |Unable to connect: Adaptive Server"
        r"|ORA-(?:12541|12543|12545|12547|12170)|DPY-(?:600[0-25-9]|4011)"
        r"|No servers found yet|ServerSelectionTimeoutError|NoBrokersAvailable|Failed to resolve"
        r"|Connection refused|Name or service not known|Temporary failure in name resolution"
        r"|No address associated with hostname|getaddrinfo failed|No route to host|Network is unreachable"
        r"|[Cc]onnection timed out|Connection reset by peer|NewConnectionError|ConnectTimeout",
        "The run could not connect to the source: {words}",
        "check host and port in the service's connection in OpenMetadata, that the source is running, and that it is "
        "reachable from the cluster",
    ),
)


def told_by_log(run: RunStatus, facts: Run, log: str) -> Cause | None:
    """The cause of a run, more exact if the end of its log has one.

    Args:
        run: Its status.
        facts: Its objects.
        log: The end of the log of its newest attempt.
    """
    cause = run.cause
    limit = _cpu_limit(facts)
    if cause is None:
        return _still_starting(log, limit) if run.state is State.RUNNING else None
    if cause.code is CauseCode.DEADLINE_EXCEEDED and limit:
        return _slow(cause, log, limit)
    if cause.code not in _MORE_EXACT or _is_of_a_sidecar(run):
        return cause
    return next(filter(None, (_told(text, cause) for text in _texts(cause, log))), cause)


def told_by_launcher(cause: Cause) -> Cause:
    """The cause of a failed run, more exact if the launcher's last words say that the versions do not fit.

    That is as sure without the log as with it: no retry helps, and nothing of the source is at fault.
    """
    if cause.code is not CauseCode.EXIT_CODE:
        return cause
    found = (_told(text, cause) for text in (cause.summary, cause.detail))
    return next((told for told in found if told and told.code is CauseCode.VERSION_MISMATCH), cause)


def _texts(cause: Cause, log: str) -> Iterator[str]:
    yield cause.summary
    yield cause.detail
    lines = [line[:_LINE] for line in log.splitlines()[-_LINES:]]
    ends = [line for line in lines if _EXCEPTION.match(line)]
    yield from reversed([*errors_in("\n".join(lines))[-_LOOKED_AT:], *ends[-_LOOKED_AT:]])


def _told(text: str, cause: Cause) -> Cause | None:
    for pattern in _PATTERNS:
        found = pattern.words.search(text[:_LINE])
        if found:
            summary = pattern.summary.format(**found.groupdict(), words=_around(found))
            return Cause(pattern.code, summary, _behind(cause), pattern.hint)
    return None


def _around(found: re.Match[str]) -> str:
    """The match with its context: what follows, and what precedes it in the same message."""
    text = found.string
    before = text[max(0, found.start() - _BEFORE) : found.start()]
    lead = _NOT_THE_DRIVERS.split(before)[-1]
    if found.start() > _BEFORE and lead == before:
        lead = "…" + lead.partition(" ")[2]
    after = text[found.end() : found.end() + _AFTER].split("\n", 1)[0].partition("; ")[0]
    cut = "…" if len(after) == _AFTER else ""
    return " ".join(f"{lead}{found.group()}{after}".split()).rstrip(".;,") + cut


def _behind(cause: Cause) -> str:
    """The cause by Kubernetes and the launcher, kept as the detail."""
    return f"{cause.summary}; {cause.detail}" if cause.detail else cause.summary


def _is_of_a_sidecar(run: RunStatus) -> bool:
    """Whether another container failed, so that the log of main is irrelevant."""
    return bool(run.attempts) and run.attempts[-1].exit_code == 0 and run.state is State.FAILED


def _cpu_limit(facts: Run) -> str:
    """The CPU limit of main if it is low enough to slow the start down; else empty."""
    limit = facts.job.cpu_limit
    try:
        return limit if limit and parse_quantity(limit) < _LITTLE_CPU else ""
    except ValueError:
        return ""


def _has_only_begun(log: str) -> bool:
    lines = [line for line in log.splitlines() if line.strip()]
    return bool(lines) and all(line.startswith(_LAUNCHER) for line in lines)


def _still_starting(log: str, limit: str) -> Cause | None:
    if not limit or not _has_only_begun(log):
        return None
    return Cause(
        CauseCode.SLOW_START,
        f"The run is still starting, throttled by its CPU limit of {limit}",
        "",
        _more_cpu(limit),
    )


def _slow(cause: Cause, log: str, limit: str) -> Cause:
    if not _has_only_begun(log):
        return dataclasses.replace(cause, hint=f"{cause.hint}; the run is throttled by its CPU limit of {limit}")
    summary = f"{cause.summary} while it was still starting, throttled by its CPU limit of {limit}"
    return Cause(CauseCode.SLOW_START, summary, cause.detail, _more_cpu(limit))


def _more_cpu(limit: str) -> str:
    return f"raise resources.limits.cpu from {limit} to 1 or more"
