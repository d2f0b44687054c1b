"""Writes a run's row, and resolves conflicts."""

from __future__ import annotations

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.errors import RowConflictError
from k8s_pipeline_client.openmetadata.port import OpenMetadata


def write(server: OpenMetadata, fqn: str, row: Document, *, replaces: bool) -> None:
    """Write the row of a run.

    A first row is refused where another run of the pipeline has its timestamp: it takes the next millisecond. Or it
    is there by now, since another reporter has written it: that one stands, and the next pass looks at it. What is
    refused after that is a run with two rows, which takes no more of them: both are deleted first.

    Args:
        server: Which has the pipeline.
        fqn: The pipeline's fully qualified name.
        row: The row.
        replaces: Whether there is one.

    Raises:
        RowConflictError: It is refused all the same.
        OpenMetadataError: It could not be written.
    """
    try:
        server.put_run_status(fqn, row)
        return
    except RowConflictError:
        if not replaces and server.run_status(fqn, row["runId"]) is not None:
            return
    if not replaces:
        row = {**row, "timestamp": row["timestamp"] + 1}
        try:
            server.put_run_status(fqn, row)
            return
        except RowConflictError:
            pass
    server.delete_run_status(str(server.pipeline(fqn)["id"]), row["runId"])
    server.put_run_status(fqn, row)
