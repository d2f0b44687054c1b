"""For all tests: hypothesis' profiles, and less garbage collection."""

from __future__ import annotations

import gc
import os

from hypothesis import settings

# What the program says depends on them; a test that is about one sets it.
for name in ("GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(name, None)

# No deadline per example: a busy machine is not a failure.
settings.register_profile("default", deadline=None)
settings.load_profile("default")
settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("counted", deadline=None)
# The same examples for every mutant: which of them survive must not be a matter of luck.
settings.register_profile("mutants", max_examples=20, derandomize=True, database=None, deadline=None)


def pytest_collection_finish() -> None:
    """What has been imported stays: the garbage collector need not look through it again and again."""
    gc.freeze()
