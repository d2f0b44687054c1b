"""Has cluster, images and helm, before tests with a time limit: `python -m tests.cluster.support.prepare`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.cluster.local.errors import ClusterError
from tests.cluster.local.helm import ensure_helm
from tests.cluster.support.access import Access, connect
from tests.images.build import NAMES, build
from tests.images.errors import ImageBuildError

OF_A_STORY = ("ingestion", "postgres", "standin")
"""The images with which the published ingestion reads a database and reports to OpenMetadata."""


def prepare(names: Sequence[str] = NAMES, *, with_helm: bool = True) -> tuple[Access, dict[str, str]]:
    """Return access to the cluster, and the references of images, which the cluster then has.

    Args:
        names: The images; each takes a while to build the first time.
        with_helm: Have helm as well, which takes two minutes to build.

    Raises:
        ClusterError: There is no cluster to be had.
        ImageBuildError: An image cannot be built.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        # Beside the cluster's first build: the one waits for the network while the other compiles.
        building = pool.submit(lambda: ([build(name) for name in names], ensure_helm() if with_helm else None))
        access = connect()
        building.result()
    return access, {name: access.image(name) for name in names}


def main() -> int:
    """Prepare; return an exit code."""
    try:
        prepare()
    except (ClusterError, ImageBuildError) as error:
        print(f"error: no cluster for the cluster tests: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
