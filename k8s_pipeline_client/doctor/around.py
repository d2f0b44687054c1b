"""Judges cluster and namespace: reachable, permissions, clock, time zones, other clients, the reporter. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from k8s_pipeline_client.cluster.access import NEEDED, VITAL, Operation, Rights
from k8s_pipeline_client.doctor.facts import ClusterFacts, Unknown
from k8s_pipeline_client.doctor.finding import Finding, ok, problem, unknown, warning
from k8s_pipeline_client.doctor.trial import NO_DRY_RUN, is_untold, words_of
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import LoginError, PipelineError

SKEW_SECONDS = 5.0
"""The clock of two machines that ask the same time server differs by less; the Date header has whole seconds."""
LARGE_SKEW_SECONDS = 120.0
"""Beyond this tokens are taken for expired, or not valid yet."""
SILENT_SECONDS = 300.0
"""A reporter that is well looks once a minute."""
_OTHERS = ("om-cronjob-", "om-cronomjob-")
_ROLE = "kubectl apply -k rbac/, or a smaller Role of docs/reference/rights.md"
_DOCTOR = "apply rbac/doctor.yaml"
_CLOCKS = "synchronize both clocks by NTP"


def reachable(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge whether the API server responds, and as whom it knows us."""
    error = facts.unreachable
    if error is not None:
        check = "login" if isinstance(error, LoginError) else "cluster"
        yield problem(check, error.code, error.message, error.hint or "check the kubeconfig, and your network")
        return
    yield ok("cluster", f"the API server is version {facts.version}")
    if isinstance(facts.identity, Unknown):
        yield unknown("identity", f"cannot tell who we are: {facts.identity.why}")
    elif not facts.identity:
        yield unknown("identity", "cannot tell who we are: the API server does not say")
    elif facts.identity == "system:anonymous":
        text = "not authenticated: the API server sees system:anonymous"
        yield problem("identity", "Anonymous", text, "log in, or use another kubeconfig or context")
    else:
        yield ok("identity", f"logged in as {facts.identity}")


def namespace(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge whether the namespace is there."""
    if facts.exists is None and facts.trial.unknown:
        yield unknown("namespace", f"the account may not read namespace {facts.namespace}", _DOCTOR)
    elif not is_missing(facts):
        yield ok("namespace", f"namespace {facts.namespace} exists")
    else:
        hint = f"kubectl create namespace {facts.namespace}, or use another one"
        yield problem("namespace", "NamespaceMissing", f"there is no namespace {facts.namespace}", hint)


def is_missing(facts: ClusterFacts) -> bool:
    """Return whether there is no such namespace; a dry run tells it to those who may not read it."""
    return facts.exists is False or any(error.code == "NamespaceMissing" for error in facts.trial.refusals)


def rights(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge each operation by the permissions that it is declared to need."""
    denied = facts.denied
    if isinstance(denied, Unknown):
        yield unknown("rights", f"which rights we have is not known: {denied.why}")
        return
    if not denied:
        yield ok("rights", f"every command has the permissions that it needs in namespace {facts.namespace}")
        return
    fine = [operation for operation in Operation if not NEEDED[operation] & denied]
    for operation in Operation:
        missing = NEEDED[operation] & denied
        if not missing:
            continue
        text = f"{operation} lacks permissions in namespace {facts.namespace}: {_listed(missing)}"
        make = problem if operation is Operation.DEPLOY or operation is Operation.RUN else warning
        if not missing & VITAL:
            make = warning
        yield make(f"rights: {operation}", "RightsMissing", text, _ROLE)
    if fine:
        yield ok("rights", f"these have all permissions that they need: {', '.join(fine)}")


def _listed(missing: Rights) -> str:
    return ", ".join(f"{verb} {resource}" for verb, resource in sorted(missing, key=lambda item: item[::-1]))


def clock(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge by how much our clock differs from the API server's, whose controller starts what is due."""
    if isinstance(facts.skew_seconds, Unknown):
        yield unknown("clock", f"by how much clocks differ is not known: {facts.skew_seconds.why}")
        return
    skew = abs(facts.skew_seconds)
    if skew <= SKEW_SECONDS:
        yield ok("clock", "this machine's clock and the API server's agree within seconds")
        return
    side = "ahead of" if facts.skew_seconds > 0 else "behind"
    text = f"this machine's clock is {skew:.0f} s {side} the API server's"
    make = problem if skew > LARGE_SKEW_SECONDS else warning
    yield make("clock", "ClockSkew", f"{text}: ages, next runs and the ends of tokens are wrong by that", _CLOCKS)


def zones(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge whether the API server takes the time zones of schedules."""
    taken: list[str] = []
    for zone, refusal in facts.zones.items():
        if isinstance(refusal, Unknown):
            yield unknown("time-zones", f"cannot tell whether schedules in {zone} are accepted: {refusal.why}")
        elif refusal is None:
            taken.append(zone)
        else:
            yield _zone_refused(zone, refusal)
    if taken:
        yield ok("time-zones", f"the API server accepts schedules in {', '.join(taken)}")


def _zone_refused(zone: str, refusal: PipelineError) -> Finding:
    if is_untold(refusal):
        return unknown("cronjobs", f"cannot tell whether a CronJob is accepted: {words_of(refusal)}", NO_DRY_RUN)
    if "timeZone" in refusal.message or "time zone" in refusal.message:
        hint = "install complete time zone data in the control plane, or set another pipelineTimezone"
        text = f"the API server refuses schedules in {zone}: {words_of(refusal)}"
        return problem("time-zones", "TimeZoneRefused", text, hint)
    hint = "change the policy or webhook that the message names so that it allows CronJobs"
    return problem("cronjobs", "CronJobRefused", f"a CronJob is refused: {words_of(refusal)}", refusal.hint or hint)


def leftovers(facts: ClusterFacts) -> Iterator[Finding]:
    """Judge whether another client of OpenMetadata schedules the same pipelines."""
    found: list[str] = []
    if isinstance(facts.cronjobs, Unknown):
        yield unknown("leftovers", f"cannot check for CronJobs of other clients: {facts.cronjobs.why}")
    else:
        found += [
            item["metadata"]["name"]
            for item in facts.cronjobs
            if item["metadata"]["name"].startswith(_OTHERS)
            and labels.PIPELINE not in (item["metadata"].get("labels") or {})
            and not (item.get("spec") or {}).get("suspend")
        ]
    if isinstance(facts.operated, Unknown):
        yield unknown("leftovers", f"cannot check for OMJobs and CronOMJobs: {facts.operated.why}", _DOCTOR)
    else:
        found += [f"{item.get('kind', 'OMJob')} {item['metadata']['name']}" for item in facts.operated]
    if found:
        text = f"another client of OpenMetadata left schedules in namespace {facts.namespace}: {_first(found)}"
        hint = "suspend or delete them, so that no pipeline runs twice; docs/how-to/migrate.md says how"
        yield warning("leftovers", "OtherClient", text, hint)
    elif not isinstance(facts.cronjobs, Unknown):
        yield ok("leftovers", "no CronJob of another client of OpenMetadata is scheduled here")


def _first(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def reporter(facts: ClusterFacts, now: datetime) -> Iterator[Finding]:
    """Judge when a reporter last looked, by the API server's clock: the reporter has noted that."""
    now -= timedelta(seconds=0.0 if isinstance(facts.skew_seconds, Unknown) else facts.skew_seconds)
    hint = "run it in the cluster: docs/how-to/report-runs.md"
    if isinstance(facts.last_pass, Unknown):
        yield unknown("reporter", f"cannot tell when a reporter last ran: {facts.last_pass.why}")
    elif facts.last_pass is None:
        text = f"no reporter has ever run in namespace {facts.namespace}: OpenMetadata is not told of OOM kills"
        yield warning("reporter", "NoReporter", text, hint)
    elif (age := (now - facts.last_pass).total_seconds()) > SILENT_SECONDS:
        text = f"the last reporter pass was {age / 60:.0f} min ago: OpenMetadata is not told how runs end"
        yield problem("reporter", "ReporterSilent", text, f"check its log, or {hint}")
    else:
        yield ok("reporter", "a reporter runs in the namespace")
