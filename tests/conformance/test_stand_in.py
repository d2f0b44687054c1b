"""The entities of the tests' stand-in for the OpenMetadata API are of the published shapes."""

from __future__ import annotations

from tests.openmetadata import fleet

from .conftest import Count
from .published import Published


def test_entities_of_the_stand_in(published: Published, compared: Count) -> None:
    for collection, entities in fleet(len(fleet(0)["entities"]) * 2)["entities"].items():
        kind = collection.rpartition("/")[2].removesuffix("s")
        for entity in entities:
            kept = published.parse("pipeline" if kind == "ingestionPipeline" else kind, entity)
            assert kept["id"] == entity["id"]
            compared.one()
