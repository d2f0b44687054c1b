"""What we refuse, the published packages do not run either."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.errors import DefinitionError

from .cases import NOT_RUN, Case, pipelines
from .published import Published, Refused

CASES = [pytest.param(case, id=case.name) for case in pipelines() if case.kind in NOT_RUN]


@pytest.mark.parametrize("case", CASES)
def test_refused_before_anything_is_written(case: Case) -> None:
    with pytest.raises(DefinitionError, match=case.kind):
        case.ours()


def test_every_type_with_a_builder_is_ours_or_has_no_source(published: Published) -> None:
    """The reindexing still has a builder; what it builds names a source that no ingestion has any more."""
    assert set(published.types()) & NOT_RUN == {"elasticSearchReindex"}
    assert not published.has_source("metadata_elasticsearch")
    assert published.has_source("atlas")


@pytest.mark.parametrize("case", CASES)
def test_no_builder_or_no_source(case: Case, published: Published) -> None:
    if case.kind in published.types():
        source = published.build(case.pipeline, case.service)["source"]
        assert not published.has_source(source["type"])
    else:
        with pytest.raises(Refused, match="KeyError"):
            published.build(case.pipeline, case.service)
