"""Removes pipelines: one, several, or those that a server does not have any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.deploying.compare import Comparison
from k8s_pipeline_client.deploying.delete import delete_pipeline
from k8s_pipeline_client.deploying.tokens import remove_unused
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import PipelineError, UnknownNameError, WaitTimeoutError
from k8s_pipeline_client.inventory.read import Named, Reader

DELETE_TIMEOUT = 300.0


class Deleting:
    """The part of `Pipelines` that removes them."""

    _cluster: Cluster
    _reader: Reader

    def delete(self, name: Named, *, timeout: float = DELETE_TIMEOUT) -> str:
        """Delete a pipeline and all that belongs to it; return its resource name once nothing is left.

        With the last one of a bot goes the Secret with the bot's token. One that was cut short is completed.

        Raises:
            UnknownNameError: There is nothing of that name.
            WaitTimeoutError: Something is left.
        """
        (resource,) = self.delete_all([name], timeout=timeout)
        return resource

    def delete_all(
        self,
        names: Sequence[Named],
        *,
        timeout: float = DELETE_TIMEOUT,
        on_done: Callable[[Named, str], None] = lambda name, resource_name: None,
    ) -> list[str]:
        """Delete pipelines one after the other; return their resource names.

        All are looked up first: where one is unknown, nothing is deleted. The tokens that are not in use any more are
        looked for once, when nothing of the last one can start any more. Errors are those of `delete`; the first one
        ends it.

        Args:
            names: The pipelines.
            timeout: How long to wait for each until nothing is left.
            on_done: Called with the name and the resource name of each as it is gone.
        """
        try:
            wanted = {self.resource_name(name): name for name in names}
            last = next(reversed(wanted), None)
            for resource, name in wanted.items():
                retired = self.remove_unused_tokens if resource == last else _nothing
                delete_pipeline(self._cluster, resource, timeout, retired=retired)
                on_done(name, resource)
        except (UnknownNameError, WaitTimeoutError):
            self.remove_unused_tokens()  # those of the ones that are deleted, or of a delete that was cut short
            raise
        return list(wanted)

    def remove_unused_tokens(self) -> None:
        """Remove the Secrets with tokens that nothing uses any more: a delete that was killed may have left one."""
        remove_unused(self._cluster, selector=self._reader.selector(labels.TOKEN))

    def delete_orphans(
        self,
        orphans: Sequence[Comparison],
        *,
        timeout: float = DELETE_TIMEOUT,
        on_done: Callable[[Comparison, bool | PipelineError], None],
    ) -> None:
        """Delete pipelines as `compare` found them; one that has become another since is left alone.

        What `delete_all` says of tokens holds here, too.

        Args:
            orphans: As `compare` found them.
            timeout: How long to wait for each until nothing is left.
            on_done: Called with each, and whether it was deleted, or why it could not be: none holds up the others.
        """
        for orphan in orphans:
            on_done(orphan, self._deleted(orphan, timeout))
        self.remove_unused_tokens()

    def _deleted(self, orphan: Comparison, timeout: float) -> bool | PipelineError:
        try:
            return delete_pipeline(self._cluster, str(orphan.resource_name), timeout, only=orphan.is_still)
        except PipelineError as error:
            return error

    def resource_name(self, name: Named) -> str:
        """Return the resource name of the pipeline or one-shot run, or what a delete has left of it."""
        return self._reader.resource_name(name)


def _nothing() -> None:
    """Do nothing."""
