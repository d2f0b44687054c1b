"""What `doctor` has not really found out it never calls good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from k8s_pipeline_client.doctor.facts import Trial, Unknown
from k8s_pipeline_client.doctor.finding import Level
from k8s_pipeline_client.domain.connection import Claims, claims_of
from tests.unit.test_doctor import NOW, POD, REACHED, WELL, examined, node, of, quota, refusal

APART = {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "kubernetes.io/hostname"}]}


@pytest.mark.parametrize(
    ("claims", "level", "code"),
    [
        (claims_of("opaque"), Level.WARNING, "TokenUnreadable"),
        (Claims("ingestion-bot", unreadable="its claim exp is no time"), Level.WARNING, "TokenUnreadable"),
        (Claims("ingestion-bot"), Level.OK, "Ok"),
    ],
    ids=["no JWT", "an end that is no time", "no end"],
)
def test_a_token_whose_end_is_not_known_is_not_called_good(claims: Claims, level: Level, code: str) -> None:
    found = of("token-end", examined(server=replace(REACHED, token=claims)))

    assert (found.level, found.code) == (level, code)
    assert bool(found.hint) is (level is not Level.OK)


def test_a_token_that_is_none_and_that_openmetadata_rejects_is_a_problem() -> None:
    server = replace(REACHED, token=claims_of("opaque"), accepted=False)

    assert of("token", examined(server=server)).code == "TokenRejected"


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"denied": Unknown("it was refused")}, "rights"),
        ({"skew_seconds": Unknown("its responses have no Date")}, "clock"),
        ({"identity": ""}, "identity"),
        ({"quotas": (quota({"pods": "0"}, {}, scopeSelector={"matchExpressions": []}),)}, "quota"),
        ({"trial": Trial(POD | {"schedulerName": "mine"})}, "nodes"),
        ({"trial": Trial(POD | {"topologySpreadConstraints": [{"maxSkew": 1}]})}, "nodes"),
        ({"trial": Trial(POD | {"affinity": {"podAntiAffinity": APART}})}, "nodes"),
    ],
    ids=["rights", "clock", "identity", "scope selector", "scheduler", "spread", "anti-affinity"],
)
def test_what_was_not_found_out_is_never_called_good(changes: dict[str, Any], check: str) -> None:
    assert of(check, examined(replace(WELL, **changes))).level is Level.UNKNOWN


def test_what_a_dry_run_said_before_it_broke_off_is_told() -> None:
    told = refusal('error looking up service account a/b: serviceaccount \\"b\\" not found')

    found = examined(replace(WELL, trial=Trial(POD, (told,), "it is away")))

    assert of("service-account", found).level is Level.PROBLEM
    assert of("pod", found).level is Level.UNKNOWN


def test_a_webhook_that_takes_no_part_in_dry_runs_has_refused_nothing() -> None:
    told = refusal('admission webhook \\"a.example.com\\" does not support dry run', 400)

    found = examined(replace(WELL, trial=Trial(POD, (told,)), zones={"UTC": told}))

    assert {of(check, found).level for check in ("admission", "cronjobs")} == {Level.UNKNOWN}


def test_a_quota_on_jobs_has_a_say_too() -> None:
    full = quota({"count/jobs.batch": "3"}, {"count/jobs.batch": "3"})

    assert of("quota", examined(replace(WELL, quotas=(full,)))).code == "QuotaFull"


@pytest.mark.parametrize(("amount", "code"), [(None, "NoNodeFits"), ("1", "NoNodeFits"), ("2", "Ok")])
def test_a_node_needs_what_is_asked_for_of_any_resource(amount: str | None, code: str) -> None:
    pod = {"containers": [{"name": "main", "resources": {"limits": {"example.com/gpu": "2"}}}]}
    has = {"cpu": "4", "memory": "8Gi"} | ({"example.com/gpu": amount} if amount else {})

    found = examined(replace(WELL, trial=Trial(pod), nodes=(node(allocatable=has),)))

    assert of("nodes", found).code == code


@pytest.mark.parametrize("ahead", [-3600, 3600])
def test_when_a_reporter_last_looked_is_told_by_the_clock_of_the_cluster(ahead: int) -> None:
    """Ours is an hour off."""
    then = NOW - timedelta(seconds=ahead)

    def level(minutes: int) -> Level:
        known = replace(WELL, skew_seconds=float(ahead), last_pass=then - timedelta(minutes=minutes))
        return of("reporter", examined(known)).level

    assert (level(1), level(20)) == (Level.OK, Level.PROBLEM)
