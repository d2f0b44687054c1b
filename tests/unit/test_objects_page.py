"""The page of objects has every label and annotation of ours."""

from __future__ import annotations

import re

from k8s_pipeline_client.domain import labels
from tests.pages.blocks import ROOT


def test_every_label_and_annotation_is_documented() -> None:
    page = (ROOT / "docs/reference/objects.md").read_text()
    names = {name: value.removeprefix(labels.PREFIX) for name, value in vars(labels).items() if _is_own(value)}

    assert len(names) > 40
    assert [name for name, value in names.items() if not re.search(rf"[`/]{re.escape(value)}(`|<)", page)] == []


def _is_own(value: object) -> bool:
    return isinstance(value, str) and value.startswith(labels.PREFIX) and value != labels.PREFIX
