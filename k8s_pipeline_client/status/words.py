"""Words for numbers and sentences of a status."""

from __future__ import annotations

from datetime import timedelta


def duration_in_words(value: timedelta) -> str:
    """For example ``2 h``, ``1 h 30 min``, ``45 s``."""
    seconds = int(value.total_seconds())
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def mebibytes(value: int) -> str:
    """For example ``503 MiB``."""
    return f"{value // 2**20} MiB"


def inline(sentence: str) -> str:
    """A sentence to follow a colon: its first letter in lower case, unless it begins a name (``OOMKilled``)."""
    first_word = sentence.split(" ", 1)[0]
    return sentence[:1].lower() + sentence[1:] if first_word.istitle() else sentence
