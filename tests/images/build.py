"""`build(name)`: the archive of an image, from the cache or made now."""

import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.local.archive import architecture, write_docker_archive

from . import cache, debian
from .recipes import HERE, Recipe, ingestion, postgres, standin

REPOSITORY = "k8s-pipeline.local"

RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (standin.RECIPE, ingestion.RECIPE, postgres.RECIPE)}
NAMES = tuple(RECIPES)


@dataclass(frozen=True)
class Image:
    """A docker-archive, and the reference under which it is known once it has been loaded."""

    archive: Path
    reference: str


def describe(name: str) -> Image:
    """Where an image is, or will be, without building it."""
    recipe = RECIPES[name]
    key = cache.content_key(
        recipe.inputs, base=HERE, extra=(recipe.name, recipe.version, *recipe.packages, architecture())
    )
    tag = f"{recipe.version}-{key}" if recipe.version else key
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
