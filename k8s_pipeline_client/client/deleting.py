"""Deletes pipelines: one, several, or those that no longer exist in OpenMetadata."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from k8s_pipeline_client.cluster.port import Cluster, Object
from k8s_pipeline_client.deploying.compare import Comparison
from k8s_pipeline_client.deploying.delete import delete_pipeline
from k8s_pipeline_client.deploying.deleted import is_as_it_was
from k8s_pipeline_client.deploying.tokens import remove_unused
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import PipelineError, UnknownNameError, WaitTimeoutError
from k8s_pipeline_client.inventory.read import Named, Reader
from k8s_pipeline_client.polling import Countdown

DELETE_TIMEOUT = 300.0


class Deleting:
    """The part of `Pipelines` that deletes them."""

    _cluster: Cluster
    _reader: Reader

    def delete(
        self,
        name: Named,
        *,
        timeout: float = DELETE_TIMEOUT,
        wait: bool = True,
        announce: Callable[[str], None] = lambda text: None,
    ) -> str:
        """Delete a pipeline and its objects; return its resource name once they are gone.

        The Secret with a bot's token is deleted with the last pipeline that uses it. An interrupted delete is
        completed.

        Args:
            name: The pipeline.
            timeout: Seconds to wait until nothing is left.
            wait: False: return once the API server has accepted that nothing of it can start and all of it is ending;
                again is fine.
            announce: Without waiting, called for each object that a finalizer of somebody else's keeps.

        Raises:
            UnknownNameError: NAME matches nothing.
            WaitTimeoutError: Objects still exist after the timeout, or, without waiting, a run can still start.
        """
        (resource,) = self.delete_all([name], timeout=timeout, wait=wait, announce=announce)
        return resource

    def delete_as_read(
        self,
        cronjob: Object,
        *,
        timeout: float = DELETE_TIMEOUT,
        wait: bool = True,
        announce: Callable[[str], None] = lambda text: None,
    ) -> bool:
        """Delete a pipeline as it was read; one that has been redeployed or switched since then stays as it is.

        For whoever decides by what was read, such as after asking OpenMetadata; a run that has begun since is no
        change. Otherwise as `delete`.

        Args:
            cronjob: Its CronJob, as it was read.
            timeout: Seconds to wait until nothing is left.
            wait: See `delete`.
            announce: See `delete`.

        Returns:
            Whether it was there, and is deleted.

        Raises:
            WaitTimeoutError: As of `delete`.
        """
        is_there = False

        def is_meant(found: Object) -> bool:
            nonlocal is_there
            is_there = is_as_it_was(found, cronjob)
            return is_there

        name, retired = str(cronjob["metadata"]["name"]), self.remove_unused_tokens
        try:
            delete_pipeline(self._cluster, name, timeout, only=is_meant, retired=retired, wait=wait, announce=announce)
        except WaitTimeoutError:
            self._try_to_remove_unused_tokens()
            raise
        return is_there

    def delete_all(
        self,
        names: Sequence[Named],
        *,
        timeout: float | None = None,
        on_done: Callable[[Named, str], None] = lambda name, resource_name: None,
        wait: bool = True,
        announce: Callable[[str], None] = lambda text: None,
    ) -> list[str]:
        """Delete pipelines one after the other; return their resource names.

        All are looked up first: if one is unknown, nothing is deleted. Unused tokens are deleted once, when no run of
        the last one can start any more. Raises the errors of `delete`; stops at the first one.

        Args:
            names: The pipelines.
            timeout: Seconds to wait in all, until the objects of all of them are gone; if None, five minutes for each.
            on_done: Called with the name and the resource name of each deleted one.
            wait: See `delete`.
            announce: See `delete`.
        """
        try:
            wanted = {self.resource_name(name): name for name in names}
            limit = Countdown(timeout)
            last = next(reversed(wanted), None)
            for resource, name in wanted.items():
                retired = self.remove_unused_tokens if resource == last else _nothing
                left = limit.left(DELETE_TIMEOUT)
                delete_pipeline(self._cluster, resource, left, retired=retired, wait=wait, announce=announce)
                on_done(name, resource)
        except (UnknownNameError, WaitTimeoutError):
            self._try_to_remove_unused_tokens()
            raise
        return list(wanted)

    def remove_unused_tokens(self) -> None:
        """Delete unused Secrets with tokens: an interrupted delete may have left one."""
        remove_unused(self._cluster, selector=self._reader.selector(labels.TOKEN))

    def _try_to_remove_unused_tokens(self) -> None:
        """Delete them after a delete that has failed, whose error is the one to raise."""
        with suppress(PipelineError):
            self.remove_unused_tokens()

    def delete_orphans(
        self,
        orphans: Sequence[Comparison],
        *,
        timeout: float | None = None,
        on_done: Callable[[Comparison, bool | PipelineError], None],
    ) -> None:
        """Delete pipelines that `compare` found; one that has been replaced since is kept.

        Unused tokens are deleted as by `delete_all`.

        Args:
            orphans: The result of `compare`.
            timeout: See `delete_all`.
            on_done: Called with each, and whether it was deleted, or the error; the others are deleted nevertheless.
        """
        limit = Countdown(timeout)
        for orphan in orphans:
            on_done(orphan, self._deleted(orphan, limit.left(DELETE_TIMEOUT)))
        self.remove_unused_tokens()

    def _deleted(self, orphan: Comparison, timeout: float) -> bool | PipelineError:
        try:
            return delete_pipeline(self._cluster, str(orphan.resource_name), timeout, only=orphan.is_still)
        except PipelineError as error:
            return error

    def resource_name(self, name: Named) -> str:
        """Return the resource name of the pipeline or one-shot run, or of the rest of an interrupted delete."""
        return self._reader.resource_name(name)


def _nothing() -> None:
    """Do nothing."""
