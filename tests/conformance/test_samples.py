"""Every sample: our document is one that the published models take without loss, and the one that theirs build."""

from __future__ import annotations

import pytest

from . import differences
from .cases import REFUSED_KEYS, Case, automations, document_of, pipelines, run_pipelines
from .conftest import Count
from .published import Document, Published, Refused

CASES = [pytest.param(case, id=case.name) for case in run_pipelines()]
BOTH_FORMS = pytest.mark.parametrize("with_connection", [False, True], ids=["server's form", "with connection"])


@BOTH_FORMS
@pytest.mark.parametrize("case", CASES)
def test_no_loss(case: Case, with_connection: bool, published: Published, compared: Count) -> None:
    case = case.known_to(published.release)
    ours = case.ours(with_connection=with_connection)
    kept = published.parse("application" if case.kind == "application" else "workflow", ours)
    pair = differences.apart_from(differences.OF_MODELS, case, ours, kept)
    assert pair.theirs == pair.ours
    compared.one()


@BOTH_FORMS
@pytest.mark.parametrize("case", CASES)
def test_same_as_their_builder(case: Case, with_connection: bool, published: Published, compared: Count) -> None:
    case = case.known_to(published.release)
    theirs = published.build(case.pipeline, case.service if case.has_connection else None)
    known = differences.WITH_CONNECTION if with_connection else differences.SERVER_FORM
    pair = differences.apart_from(known, case, case.ours(with_connection=with_connection), theirs)
    assert pair.theirs == pair.ours
    compared.one()


@pytest.mark.parametrize("name", REFUSED_KEYS)
def test_the_keys_that_are_taken_out_are_refused(name: str, published: Published) -> None:
    (case,) = [case for case in pipelines() if case.name == name]
    if published.release in REFUSED_KEYS[name][0]:
        with pytest.raises(Refused):
            published.build(case.pipeline, case.service)
    else:
        assert published.build(case.pipeline, case.service)


@pytest.mark.parametrize(("name", "automation"), [pytest.param(*found, id=found[0]) for found in automations()])
def test_automation(name: str, automation: Document, published: Published, compared: Count) -> None:
    ours = document_of(automation, name)
    kept = published.parse("automation", ours)
    connection = kept["request"]["connection"]["config"]
    for key in connection.keys() - ours["request"]["connection"]["config"].keys():
        assert key.endswith("FilterPattern")  # the defaults that 1.12 writes out
        del connection[key]
    assert kept == ours
    compared.one()


def test_application_entity_is_as_its_pipeline(published: Published, compared: Count) -> None:
    """An App entity makes the document that its pipeline makes, but for what only the pipeline knows: its name."""
    (case,) = [case for case in run_pipelines() if case.kind == "application"]
    config = case.pipeline["sourceConfig"]["config"]
    app = {
        "name": "App",
        "appType": "external",
        "sourcePythonClass": config["sourcePythonClass"],
        "appConfiguration": config["appConfig"],
        "privateConfiguration": config["appPrivateConfig"],
        "openMetadataServerConnection": case.pipeline["openMetadataServerConnection"],
    }
    ours = document_of(app, "App")
    assert published.parse("application", ours) == ours
    theirs = published.build(case.pipeline, None)
    pair = differences.apart_from(differences.SERVER_FORM, case, ours, theirs)
    del pair.theirs["ingestionPipelineFQN"]
    assert pair.theirs == pair.ours
    compared.one()
