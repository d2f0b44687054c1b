"""Stands in for what is outside: in memory, at once, and as often as one likes."""

from tests.fakes.cluster import FakeCluster
from tests.fakes.journal import Request

__all__ = ["FakeCluster", "Request"]
