"""A worker for each release, and the count of what was compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from .environment import RELEASES
from .published import Published

_COMPARED = "compared documents"


class Count:
    """How many documents a test has compared."""

    def __init__(self) -> None:
        self.documents = 0

    def one(self) -> None:
        self.documents += 1


@pytest.fixture(scope="session", params=RELEASES)
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """A release's packages at work."""
    with Published.start(request.param, tmp_path_factory.mktemp(request.param)) as published:
        yield published


@pytest.fixture
def compared(request: pytest.FixtureRequest) -> Iterator[Count]:
    """Counts what is printed at the end."""
    count = Count()
    yield count
    release = request.node.callspec.params["published"]
    request.node.user_properties.append((_COMPARED, {release: count.documents}))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/conformance/" in item.nodeid:
            item.add_marker(pytest.mark.conformance)


class _ByRelease(LoadScopeScheduling):  # type: ignore[misc]
    """A process for each release: the start of their workers takes most of the time, and is so side by side."""

    def _split_scope(self, nodeid: str) -> str:
        return next((release for release in RELEASES if f"[{release}" in nodeid), "")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByRelease:
    return _ByRelease(config, log)


class _Summary:
    """Adds up what the tests have counted, also those of other processes."""

    def __init__(self) -> None:
        self._documents = dict.fromkeys(RELEASES, 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "teardown":
            return
        for name, value in report.user_properties:
            if name == _COMPARED and isinstance(value, dict):
                for release, documents in value.items():
                    self._documents[release] += documents

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if total := sum(self._documents.values()):
            each = ", ".join(f"{documents} with {release}" for release, documents in self._documents.items())
            terminalreporter.write_line(f"compared {total} documents with OpenMetadata's published packages: {each}")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Summary(), "conformance-summary")
