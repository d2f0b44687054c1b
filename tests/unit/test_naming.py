"""Names fit Kubernetes, whatever OpenMetadata calls things; unlike things get unlike names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.domain import naming

ANY = st.text(max_size=300)


@given(ANY, ANY, ANY, ANY)
def test_a_resource_name_is_one_that_a_cronjob_may_have(instance: str, fqn: str, service: str, kind: str) -> None:
    name = naming.resource_name(instance=instance, fqn=fqn, service=service, pipeline_type=kind)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
    assert len(name) <= 52
    assert len(naming.run_name(name, "01234567-89ab-cdef-0123-456789abcdef")) <= 63


@given(st.lists(st.tuples(ANY, ANY), unique=True, min_size=2, max_size=20))
def test_no_two_pipelines_share_a_name(keys: list[tuple[str, str]]) -> None:
    names = {
        naming.resource_name(instance=instance, fqn=fqn, service="s", pipeline_type="metadata")
        for instance, fqn in keys
    }
    assert len(names) == len(keys)


@given(ANY)
def test_label_values_are_such(text: str) -> None:
    for value in (naming.label_value(text), naming.instance_label(text)):
        assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value)


@given(ANY, ANY)
def test_a_token_s_secret_has_one_name_whether_the_instance_is_known_or_its_label(instance: str, bot: str) -> None:
    name = naming.token_secret_name(instance=instance, bot=bot)
    assert naming.token_secret_name(instance=naming.instance_label(instance), bot=bot) == name
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name)


def test_the_name_tells_a_person_what_it_is() -> None:
    name = naming.resource_name(instance="openmetadata", fqn="Prod DB.x", service="Prod DB", pipeline_type="metadata")
    assert name.startswith("om-prod-db-metadata-")


@pytest.mark.parametrize(
    ("fqn", "parts"),
    [
        ("pg.nightly", ["pg", "nightly"]),
        ('"a.b".c', ["a.b", "c"]),
        ('pg."x ""y"" z"', ["pg", 'x "y" z']),
        ("alone", ["alone"]),
    ],
)
def test_a_fully_qualified_name_is_split_at_its_dots(fqn: str, parts: list[str]) -> None:
    assert naming.fqn_parts(fqn) == parts
