"""Kubeconfigs of every form: honoured as kubectl honours them, or refused before any request."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.support.program import call
from tests.kubeconfigs.check import check_form
from tests.kubeconfigs.forms import REFUSED, Form, forms
from tests.kubeconfigs.standin import StandIn

DOCUMENTED = Path(__file__).parents[2] / "docs" / "reference" / "kubeconfig.md"
WITHOUT_PROGRAM = [form for form in forms() if not form.starts_a_program]


@pytest.mark.parametrize("form", WITHOUT_PROGRAM, ids=lambda form: form.form)
def test_a_form_is_honoured_as_by_kubectl_or_refused(
    form: Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_form(form, tmp_path, monkeypatch)


def test_what_kubectl_refuses_is_refused() -> None:
    for form in forms():
        assert not form.kubectl.startswith(REFUSED) or form.expected.startswith(REFUSED), form.form


def test_the_documentation_tells_every_form() -> None:
    text = DOCUMENTED.read_text()
    assert [form.form for form in forms() if form.row not in text] == []


def test_insecure_is_said_once_and_by_us(tmp_path: Path) -> None:
    form = Form("", "", cluster={"certificate-authority-data": None, "insecure-skip-tls-verify": True})
    with StandIn.open(tmp_path) as server:
        words = form.write(server, tmp_path)
        for command in (["list"], ["runs"], ["list", "-o", "json"]):
            result = call([*words, *command])
            warned = [line for line in result.err.splitlines() if "insecure-skip-tls-verify" in line]
            assert len(warned) == 1
            assert warned[0].startswith("warning: kubeconfig ")
            assert "InsecureRequestWarning" not in result.err
