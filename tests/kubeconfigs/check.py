"""Holds the program against a form of a kubeconfig."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.support.program import Result, call
from tests.kubeconfigs.forms import REFUSED, Form
from tests.kubeconfigs.standin import StandIn


def check_form(form: Form, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail unless the program does with a form what it is to do."""
    config, temporary = folder / "kube", folder / "tmp"
    config.mkdir()
    temporary.mkdir()
    for name, value in {"HOME": str(folder), "TMPDIR": str(temporary), **form.environment(config)}.items():
        monkeypatch.setenv(name, value)
    with StandIn.open(folder, tls=form.tls, names=(form.server_name,)) as server:
        result = call([*form.write(server, config), "list", "-o", "json"])
        came_as = server.who()
        said = result.err.replace(f"{config}/", "").replace(server.address, "<address>")
    if form.expected.startswith(REFUSED):
        assert came_as == "", "a request was made"
        assert result.code == form.code
        assert form.expected.removeprefix(REFUSED) in said
    else:
        assert (came_as, result.code) == (form.expected, 0), said
    check_quiet(result)
    assert list(temporary.iterdir()) == []


def check_quiet(result: Result) -> None:
    """Fail if more was said than lines of ours, or a secret among them."""
    said = result.out + result.err
    for secret in ("geheim", "PRIVATE KEY", "Traceback", "system:anonymous", "ERROR:root", "InsecureRequest"):
        assert secret not in said
    lines = [line for line in result.err.splitlines() if not line.startswith(("reading ", "no pipelines"))]
    assert len(lines) <= 1
    assert all(line.startswith(("error: ", "warning: ")) for line in lines)
