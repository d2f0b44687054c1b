"""A recording stand-in for the OpenMetadata server: it answers as far as an ingestion run asks.

Standard library only and importable by itself: the stand-in image carries this package as
`recording` (`python -m recording`), tests import it as `tests.images.recording`.
"""

from .server import RecordingServer

__all__ = ["RecordingServer"]
