"""Entities of any shape that the published schema allows: our documents are those of the published builders."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from . import differences
from .cases import Case, Document, document_of
from .conftest import Count
from .differences import without_nulls
from .generated import NOT_BROKEN, NOT_OURS, SOURCE_CONFIGS, automations, entities, source_configs
from .published import Published, Refused
from .schemas import Generator

EXAMPLES = int(os.getenv("CONFORMANCE_EXAMPLES", "20"))
MANY = settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def generator(published: Published) -> Generator:
    return Generator(published.schema("pipeline"), NOT_BROKEN)


@pytest.mark.parametrize("kind", SOURCE_CONFIGS)
def test_same_as_their_builder(kind: str, published: Published, generator: Generator, compared: Count) -> None:
    @MANY
    @given(entities(generator, kind), st.booleans())
    def same(case: Case, with_connection: bool) -> None:
        assume(_accepted(published, "pipeline", case.pipeline))
        theirs = published.build(case.pipeline, case.service if case.has_connection else None)
        ours = case.ours(with_connection=with_connection)
        known = differences.WITH_CONNECTION if with_connection else differences.SERVER_FORM
        pair = differences.apart_from(known, case, ours, theirs)
        assert pair.theirs == pair.ours
        kept = published.parse("application" if kind == "application" else "workflow", ours)
        pair = differences.apart_from(differences.OF_MODELS, case, ours, kept)
        assert pair.theirs == pair.ours
        compared.one()

    same()
    assert compared.documents >= EXAMPLES / 2  # what is thrown away is the exception


def test_every_source_config_is_of_one_type(generator: Generator) -> None:
    ends = (*SOURCE_CONFIGS.values(), *NOT_OURS)
    assert {name: sum(name.endswith(end) for end in ends) for name in source_configs(generator)} == dict.fromkeys(
        source_configs(generator), 1
    )
    assert all(source_configs(generator, kind) for kind in SOURCE_CONFIGS)


def test_automations(published: Published, compared: Count) -> None:
    @MANY
    @given(automations(Generator(published.schema("automation"))))
    def same(automation: Document) -> None:
        assume(_accepted(published, "automation", automation))
        # What their model makes of the entity is what it makes of our document.
        ours = document_of(automation, "generated")
        assert published.parse("automation", ours) == without_nulls(published.parse("automation", automation))
        compared.one()

    same()
    assert compared.documents >= EXAMPLES / 2


def _accepted(published: Published, model: str, entity: Document) -> bool:
    """Whether the published model takes an entity: some of its checks are not in its schema."""
    try:
        return bool(published.parse(model, entity))
    except Refused:
        return False
