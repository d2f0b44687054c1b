"""Every object that a recorded session names is one that its own lines account for: nothing is put in by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from k8s_pipeline_client.domain.naming import one_shot_name, resource_name, run_name, token_secret_name
from tests.pages.blocks import PAGES, blocks

INSTANCE = "openmetadata"
_RUN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OBJECT = re.compile(r"\bom-[a-z0-9-]+[a-z0-9]")
_DEPLOYED = re.compile(r"^(\S+) +(?:created|updated|unchanged|renamed) +(om-\S+)$", re.MULTILINE)
_LISTED = re.compile(r"^(\S+) +(\w+) +(metadata|usage|lineage|profiler|dbt) ", re.MULTILINE)
_TYPED = re.compile(r"^\$ k8s-pipeline (?:run|retry) (\w+)")
_NEXT = re.compile(r"next: k8s-pipeline \w+ (\S+)")
SESSIONS = {
    page: text
    for page in PAGES
    if (text := "".join(block.text for block in blocks(page) if block.language == "console"))
}


def strangers(session: str) -> Iterator[str]:
    """Yield the objects of a session that belong to none of its pipelines, runs and tokens."""
    deployed = {resource for _, resource in _DEPLOYED.findall(session)}
    known = deployed | {token_secret_name(instance=INSTANCE, bot="ingestion-bot")}
    for run in set(_RUN.findall(session)):
        known |= {run_name(resource, run) for resource in deployed}
        slugs = {name.rsplit("-", 1)[0].removeprefix("om-") for name in deployed}
        known |= {one_shot_name(service=slug, pipeline_type="", run_id=run) for slug in slugs}
    for name in sorted(set(_OBJECT.findall(session))):
        if name not in known and re.sub(r"-[a-z0-9]{5}$", "", name) not in known:  # the latter is a pod's Job
            yield name


def mistaken(session: str) -> Iterator[str]:
    """Yield the lines that suggest a command for another run than the one that they are about."""
    resources = dict(_DEPLOYED.findall(session))
    pipeline = run = ""
    for line in session.splitlines():
        typed = _TYPED.match(line)
        pipeline = typed[1] if typed else pipeline
        run = found[0] if (found := _RUN.search(line)) else run
        suggested = _NEXT.search(line)
        if suggested and pipeline in resources and suggested[1] != run_name(resources[pipeline], run):
            yield line


@pytest.mark.parametrize("page", SESSIONS)
def test_every_object_of_a_session_belongs_to_it(page: str) -> None:
    assert list(strangers(SESSIONS[page])) == []


@pytest.mark.parametrize("page", SESSIONS)
def test_what_is_suggested_is_about_the_run_of_the_line(page: str) -> None:
    assert list(mistaken(SESSIONS[page])) == []


@pytest.mark.parametrize("page", SESSIONS)
def test_a_pipeline_has_the_name_that_the_program_gives_it(page: str) -> None:
    listed = {name: (service, kind) for name, service, kind in _LISTED.findall(SESSIONS[page])}
    for name, resource in _DEPLOYED.findall(SESSIONS[page]):
        if name in listed:
            service, kind = listed[name]
            fqn = f"{service}.{name}"
            assert resource == resource_name(instance=INSTANCE, fqn=fqn, service=service, pipeline_type=kind)


def test_what_is_put_in_by_hand_is_seen() -> None:
    session = """\
$ k8s-pipeline deploy -f a
stock  created  om-pg-prod-metadata-pubbm1286f
slow   created  om-pg-prod-metadata-gorht16shk
$ k8s-pipeline run stock
run 9ea504bb-092f-4309-846a-3661103fe82c is queued
next: k8s-pipeline logs {} -f
"""
    right = session.format("om-pg-prod-metadata-pubbm1286f-9ea504bb09")
    stranger = session.format("om-shop-metadata-9c0n3t5b2a-9ea504bb09")
    other = session.format("om-pg-prod-metadata-gorht16shk-9ea504bb09")

    assert [*strangers(right), *mistaken(right)] == []
    assert list(strangers(stranger)) == ["om-shop-metadata-9c0n3t5b2a-9ea504bb09"]
    assert len(list(mistaken(other))) == len(list(mistaken(stranger))) == 1
