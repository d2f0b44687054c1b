"""The list of differences cannot rot: each one is needed, each one has its reason."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from .cases import Case, Document, run_pipelines
from .differences import SERVER_FORM, WITH_CONNECTION, Difference, apart_from
from .published import Published

EVERY = {difference.__name__: difference for difference in (*SERVER_FORM, *WITH_CONNECTION)}
# What 2.0 does no more, and what 1.12 does not know yet.
ONLY_WITH = {"filter_patterns_of_connection": "1.12", "profiler_metrics": "2.0"}


Compared = Sequence[tuple[tuple[Difference, ...], Case, Document, Document]]


@pytest.fixture(scope="module")
def documents(published: Published) -> Compared:
    """Ours and theirs, in both forms, of cases that make every difference appear."""
    theirs = [(case, published.build(case.pipeline, case.service)) for case in _cases(published.release)]
    return [
        (known, case, case.ours(with_connection=known is WITH_CONNECTION and case.has_connection), document)
        for known in (SERVER_FORM, WITH_CONNECTION)
        for case, document in theirs
    ]


@pytest.mark.parametrize("name", EVERY)
def test_without_it_the_comparison_fails(name: str, published: Published, documents: Compared) -> None:
    for known, case, ours, theirs in documents:
        assert _same(known, case, ours, theirs)
    alone = [
        _same(tuple(other for other in known if other is not EVERY[name]), case, ours, theirs)
        for known, case, ours, theirs in documents
        if EVERY[name] in known
    ]
    assert all(alone) if ONLY_WITH.get(name, published.release) != published.release else not all(alone)


@pytest.mark.parametrize("difference", EVERY.values(), ids=EVERY)
def test_it_has_its_reason(difference: Difference) -> None:
    assert difference.__doc__ and ";" in difference.__doc__  # theirs; ours


def _cases(release: str) -> list[Case]:
    """Samples, and variants of them for what no sample has."""
    cases = {case.name: case.known_to(release) for case in run_pipelines()}
    plain, application = cases["01_postgres_metadata_daily"], cases["20_application_external"]
    runner = {"id": plain.service["id"], "type": "ingestionRunner", "name": "eu-west"}
    config = {"sourcePythonClass": "a.B", "appConfig": {"free": {"form": None}}, "type": "Application"}
    metrics = {"type": "Profiler", "metrics": ["mean"]} if release == ONLY_WITH["profiler_metrics"] else {}
    return [
        plain,
        plain.with_changes("metrics", pipelineType="profiler", sourceConfig={"config": {"type": "Profiler"} | metrics}),
        plain.with_changes("null", raiseOnError=None),
        plain.with_changes("runner", service={"ingestionRunner": runner}),
        application.with_changes("free form", sourceConfig={"config": config}),
        cases["07_postgres_autoclassification"],
        cases["10_tableau_metadata_on_demand"],
    ]


def _same(differences: tuple[Difference, ...], case: Case, ours: Document, theirs: Document) -> bool:
    pair = apart_from(differences, case, ours, theirs)
    return pair.ours == pair.theirs
