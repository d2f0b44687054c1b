"""Our models take every field of the published entities, and keep what they do not know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .cases import Document, round_trip, run_pipelines
from .generated import AIRFLOW_BOUNDS
from .published import Published
from .schemas import TEXT, Generator
from .test_generated import MANY

REQUIRED: Document = {
    "name": "p",
    "pipelineType": "metadata",
    "service": {"name": "s", "type": "databaseService"},
    "sourceConfig": {"config": {}},
    "airflowConfig": {},
}


@pytest.fixture(scope="module")
def generator(published: Published) -> Generator:
    return Generator(published.schema("pipeline"), AIRFLOW_BOUNDS)


def test_every_field_with_any_value(generator: Generator) -> None:
    fields = generator.properties()
    assert len(fields) > 25
    # A reference without a name or an id is of no use to us; `service` may be missing in the schema, not here.
    del fields["service"]
    for name, values in fields.items():
        _holds(lambda value, name=name: {**REQUIRED, name: value}, values)


def test_every_field_of_the_schedule_with_any_value(generator: Generator) -> None:
    fields = generator.properties("AirflowConfig")
    assert {"startDate", "retries", "pausePipeline"} <= fields.keys()
    for name, values in fields.items():
        _holds(lambda value, name=name: {**REQUIRED, "airflowConfig": {name: value}}, values)


def test_every_source_config(generator: Generator) -> None:
    _holds(lambda value: {**REQUIRED, "sourceConfig": value}, generator.definition("SourceConfig"))


def test_samples() -> None:
    for case in run_pipelines():
        assert round_trip(case.pipeline) == case.pipeline


@MANY
@given(st.dictionaries(st.text(min_size=1).map("x{}".format), st.recursive(st.none() | TEXT, st.lists), max_size=3))
def test_what_is_not_known_is_kept(unknown: Document) -> None:
    for part in ("airflowConfig", "service", "sourceConfig"):
        entity = {**REQUIRED, **unknown, part: {**REQUIRED[part], **unknown}}
        assert round_trip(entity) == entity


def _holds(entity_of: Any, values: st.SearchStrategy[Any]) -> None:
    """Every value makes an entity that is the same after it has been read."""

    @MANY
    @given(values)
    def holds(value: Any) -> None:
        entity = entity_of(value)
        assert round_trip(entity) == entity

    holds()
