"""What a deploy has done so far, over all of its attempts: after a conflict it starts over. Pure.

What it has written is taken back only as long as it is there as the deploy left it: what somebody else has written
since is theirs. Once somebody else has written the CronJob, they have come to the end of a deploy of their own (it is
written last), or the pipeline is deleted. What we had written may be a part of theirs then, and stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.deploying.undo import Key, RemoveUnusedToken, Undo, by_key, key_of
from k8s_pipeline_client.domain.managers import MANAGER, SUSPEND_MANAGER
from k8s_pipeline_client.domain.objects import is_terminating
from k8s_pipeline_client.domain.ownership import fields_of, fingerprint, part


class Progress:
    """What one deploy has done.

    Attributes:
        name: The pipeline's resource name.
        attempts: How often it has begun.
        changed: Whether a field that a definition determines has changed.
        created: Whether it has created the CronJob.
        renamed: Whether it has deleted what the pipeline was under an earlier name.
        notes: What it has done, for people.
        undos: The undo operations, in the order of the steps: each leads back to what was there before all attempts.
        final: What to say where not all can be taken back any more; else empty.
        kept: What to say where what was written is left to somebody else; else empty.
    """

    def __init__(self, name: str) -> None:
        """Begin with nothing."""
        self.name = name
        self.attempts = 0
        self.changed = self.created = self.renamed = False
        self.notes: list[str] = []
        self.undos: list[Undo] = []
        self.final = self.kept = ""
        self._left: dict[Key, Object] = {}

    def begin(self, live: Live) -> None:
        """Begin an attempt, with what is there now."""
        self.attempts += 1
        self.leave_to_others(by_key(live.cronjob, live.secret, live.config_map))
        if live.cronjob is not None:
            self._left[key_of(live.cronjob)] = live.cronjob

    def wrote(self, written: Object, undo: Undo | None) -> None:
        """Note a write, and what undoes it: of several to one object, the first."""
        self._left[key_of(written)] = written
        if undo is not None and undo.what not in [item.what for item in self.undos]:
            self.undos.append(undo)

    def retired(self, final: str) -> None:
        """Note that an earlier name is deleted: there is no way back."""
        self.undos.clear()
        self.final = final

    def note(self, text: str) -> None:
        """Note what was done, once."""
        if text not in self.notes:
            self.notes.append(text)

    def places(self) -> Iterator[Key]:
        """Yield what has to be looked at before anything is taken back."""
        yield from dict.fromkeys([(str(Kind.CRONJOB), self.name), *(item.key for item in self.undos)])

    def leave_to_others(self, found: Mapping[Key, Object]) -> None:
        """Drop what is not to be taken back, since somebody else has written there.

        Args:
            found: What there is now of the pipeline.
        """
        if not self.undos:
            return
        # Whether a token is used by others is looked at when it is taken back.
        tokens: list[Undo] = [item for item in self.undos if isinstance(item, RemoveUnusedToken)]
        if self._is_as_left((str(Kind.CRONJOB), self.name), found):
            self.undos = [item for item in self.undos if item in tokens or self._is_as_left(item.key, found)]
            return
        if len(tokens) < len(self.undos):
            self.kept = (
                f"CronJob {self.name} has been changed or deleted by another process meanwhile, so what was written "
                "before has not been taken back: deploy again"
            )
        self.undos = tokens

    def _is_as_left(self, key: Key, found: Mapping[Key, Object]) -> bool:
        left, now = self._left.get(key), found.get(key)
        return left is not None and now is not None and not is_terminating(now) and _deployed(now) == _deployed(left)


def _deployed(item: Object) -> tuple[object, ...]:
    """Return what deploys and switches have written: a status, and what is not theirs, is no part of it."""
    parts = [part(item, fields_of(item, manager)) for manager in (MANAGER, SUSPEND_MANAGER)]
    return (item["metadata"]["uid"], *map(fingerprint, parts))
