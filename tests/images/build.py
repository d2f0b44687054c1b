"""`build(name)`: the archive of an image, from the cache or made now."""

import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from k8s_pipeline_client.version import __version__
from tests.cluster.local.archive import architecture, write_docker_archive

from . import cache, containerfile, debian
from .image import Image
from .recipes import HERE, Recipe, ingestion, postgres, python, standin

REPOSITORY = "k8s-pipeline.local"

_RUN = (standin.RECIPE, ingestion.RECIPE, postgres.RECIPE)
_BASES = (python.BUILD_RECIPE, python.BARE_RECIPE)
RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (*_RUN, *_BASES)}
NAMES = (*(recipe.name for recipe in _RUN), containerfile.NAME)
"""What a cluster is given; the others are only built on."""


def describe(name: str) -> Image:
    """Where an image is, or will be, without building it."""
    if name == containerfile.NAME:
        bases = [describe(base).reference for base in containerfile.BASES.values()]
        key = cache.content_key(containerfile.inputs(), base=containerfile.ROOT, extra=(*bases, architecture()))
        return _named(name, f"{__version__}-{key}")
    recipe = RECIPES[name]
    key = cache.content_key(
        recipe.inputs, base=HERE, extra=(recipe.name, recipe.version, *recipe.packages, architecture())
    )
    return _named(name, f"{recipe.version}-{key}" if recipe.version else key)


def _named(name: str, tag: str) -> Image:
    return Image(cache.directory() / f"{name}-{tag}.tar", f"{REPOSITORY}/{name}:{tag}")


def build(name: str) -> Image:
    """Build unless it is there already. Safe to call from several processes at once."""
    image = describe(name)
    if image.archive.exists():
        # The time of last use, which decides what is pruned.
        image.archive.touch()
        return image
    with cache.locked(cache.directory() / f".{name}.lock"):
        if not image.archive.exists():
            cache.remove_leftovers(name)
            if name == containerfile.NAME:
                _say(f"{name}: the Containerfile, with buildah")
                containerfile.make(image, build)
            else:
                _build(RECIPES[name], image)
            cache.prune(name)
    return image


def _build(recipe: Recipe, image: Image) -> None:
    debian.ensure_tools()
    start = time.monotonic()
    # Beside the archive: it is large, and /tmp may be in memory.
    scratch = Path(tempfile.mkdtemp(prefix=cache.scratch_prefix(recipe.name), dir=cache.directory()))
    try:
        root = scratch / "root"
        _say(f"{recipe.name}: Debian packages")
        debian.bootstrap(root, recipe.packages)
        _say(f"{recipe.name}: contents ({time.monotonic() - start:.0f} s)")
        recipe.assemble(root)
        _say(f"{recipe.name}: archive ({time.monotonic() - start:.0f} s)")
        debian.pack(root, scratch / "layer.tar")
        write_docker_archive(scratch / "layer.tar", image.archive, tag=image.reference, config=dict(recipe.config))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    size = image.archive.stat().st_size / 1024 / 1024
    _say(f"{recipe.name}: {image.reference}, {size:.0f} MiB in {time.monotonic() - start:.0f} s")


def _say(text: str) -> None:
    print(f"[images] {text}", file=sys.stderr, flush=True)
