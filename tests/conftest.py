"""How many examples property tests try: the usual number, or few with ``--hypothesis-profile=quick``."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("quick", max_examples=20)
