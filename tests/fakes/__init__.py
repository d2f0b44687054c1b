"""Stands in for what is outside: in memory, at once, and as often as one likes."""

from tests.fakes.cluster import FakeCluster
from tests.fakes.journal import Request
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.openmetadata_wire import OpenMetadataRequest

__all__ = ["FakeCluster", "FakeOpenMetadata", "OpenMetadataRequest", "Request"]
