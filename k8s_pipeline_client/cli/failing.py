"""Prints errors: message and hint, with -v the causes."""

from __future__ import annotations

from typing import Any

from k8s_pipeline_client.cli.exitcodes import exit_code
from k8s_pipeline_client.cli.hints import hint_of, worded
from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.cli.output import complain, emit_errors, note, note_lines
from k8s_pipeline_client.cli.suggest import Place
from k8s_pipeline_client.errors import DefinitionsError, PipelineError

_TRACEBACK = 2
"""So many -v show one."""


def fail(values: Globals, error: PipelineError) -> None:
    """Print the error in one line, and details with -v."""
    errors = error.errors if isinstance(error, DefinitionsError) else (error,)
    if values.output == "json" and not values.has_result:
        emit_errors([_described(one, values.place) for one in errors])
    for one in errors:
        complain(worded(one, values.place))
        explain(one, values.verbose)


def _described(error: PipelineError, place: Place) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "outcome": error.outcome or None,
        "hint": hint_of(error, place) or None,
        "exitCode": exit_code(error),
    }


def explain(error: BaseException, verbose: int) -> None:
    """Print details: with -v the causes, with -vv the traceback."""
    from k8s_pipeline_client.domain.redaction import redacted, redacted_traceback

    if verbose >= _TRACEBACK:
        note_lines(redacted_traceback(error))
    elif verbose:
        said = str(error)
        while (cause := _cause(error)) is not None:
            text = " ".join(redacted(str(cause)).split())
            if text not in said:  # an error that only says more than the one it comes from
                note(f"cause: {type(cause).__name__}: {text}")
            error, said = cause, text


def _cause(error: BaseException) -> BaseException | None:
    """Return the cause of an error, unless it is suppressed because it may quote a secret."""
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)
