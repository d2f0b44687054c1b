"""What a built image is."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Image:
    """A docker-archive, and the reference under which it is known once it has been loaded."""

    archive: Path
    reference: str
