"""Notes about what several pipelines share: each is reported once."""

from __future__ import annotations

import threading


class SharedNotes:
    """Remembers the notes that have been reported; thread-safe."""

    def __init__(self) -> None:
        """Begin with none."""
        self._reported: set[str] = set()
        self._lock = threading.Lock()

    def first(self, note: str) -> bool:
        """Return whether a note is to be reported: it is not empty, and has not been reported yet."""
        with self._lock:
            is_new = bool(note) and note not in self._reported
            self._reported.add(note)
        return is_new
