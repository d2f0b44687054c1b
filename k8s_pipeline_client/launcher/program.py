"""The launcher's program: reads the document, runs the entry point with it, and reports the result.

The exit code is the entry point's, or 78 (``EX_CONFIG``) if the document or the entry point are unusable, so that a
retry would fail, too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from typing import Any, TextIO

from k8s_pipeline_client.launcher import yamljson
from k8s_pipeline_client.launcher.beginning import first_line
from k8s_pipeline_client.launcher.detect import secret_values, secrets_among
from k8s_pipeline_client.launcher.ending import Ending
from k8s_pipeline_client.launcher.entry import cause_of, execute, own_part
from k8s_pipeline_client.launcher.environ import provide_config
from k8s_pipeline_client.launcher.references import Resolver
from k8s_pipeline_client.launcher.report import Report, utc
from k8s_pipeline_client.launcher.token import read_token, token_in, with_token
from k8s_pipeline_client.launcher.unusable import Unusable, read_file
from k8s_pipeline_client.launcher.visible import visible

EXIT_UNUSABLE = 78


def main(arguments: list[str]) -> int:
    """Run the entry point of the command line, and return its exit code."""
    options = _parser().parse_args(arguments)
    report = Report(options.termination_log)
    secrets: list[str] = []
    try:
        if options.announce:
            print(visible(first_line(os.environ)), flush=True)
        if why := outside(options.within):
            report.note(exitCode=0, skipped=why)
            _say(f"nothing is ingested: {why}", sys.stdout)
            return 0
        raw = read_file(options.config, "document")
        report.note(documentSha256=hashlib.sha256(raw).hexdigest())
        document = parse(raw)
        if options.resolve:
            resolver = Resolver(os.environ, options.resolve)
            document = resolver.resolve(document)
            secrets += secrets_among(resolver.values)
        # A document with a token keeps it: it was deployed before the token had a Secret, or is for one run only.
        lacks_token = bool(options.token) and token_in(document) == ""
        if lacks_token:
            document = with_token(document, read_token(options.token))
        secrets += secret_values(document)
        provide_config(_written(document) if options.resolve or lacks_token else raw)
        Ending(report, options.refresh).prepare(secrets)
        execute(options.target)
    except Unusable as error:
        report.note(exitCode=EXIT_UNUSABLE, cause=str(error))
        _say(str(error), sys.stderr)
        return EXIT_UNUSABLE
    except SystemExit as stop:
        status = _status_of(stop)
        report.note(exitCode=status, cause=cause_of(stop, secrets) if status else "")
        raise
    except BaseException as error:
        report.note(exitCode=1, cause=cause_of(error, secrets))
        trace = own_part(error.__traceback__)
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 1
    report.facts["exitCode"] = 0
    return 0


def _say(text: str, stream: TextIO) -> None:
    print(f"launcher: {visible(text)}", file=stream, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="launch.py", usage="%(prog)s --config FILE -- main.py [ARGUMENT ...]")
    parser.add_argument("--config", required=True, help="the workflow document, a JSON object")
    parser.add_argument(
        "--resolve", metavar="FOLDER", help="resolve references; those to Secrets from the files of this folder"
    )
    parser.add_argument(
        "--token", metavar="FILE", help="insert this file's text as the document's token, if that is empty"
    )
    parser.add_argument(
        "--announce", action="store_true", help="begin the log with a line that shows that it is complete"
    )
    parser.add_argument("--within", metavar="START/END", default="/", help="RFC 3339, UTC; outside of it, do nothing")
    parser.add_argument("--termination-log", default="/dev/termination-log")
    parser.add_argument("--refresh", type=float, default=3.0, help="seconds between updates of the termination message")
    parser.add_argument("target", nargs="+", help="a file, or -m and a module, with arguments")
    return parser


def outside(window: str) -> str:
    """Return why the current time is outside a window of two times (see `report.utc`); empty if it is not."""
    start, _, end = window.partition("/")
    now = utc()
    if start and now < start:
        return f"the schedule begins at {start}"
    return f"the schedule ended at {end}" if end and now > end else ""


def parse(raw: bytes) -> dict[str, Any]:
    """Return the workflow document.

    Raises:
        Unusable: It is not a JSON object; the message does not quote it, since it may be a secret.
    """
    try:
        document = json.loads(raw.decode())
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Unusable("the document is not a JSON object")
    return document


def _written(document: dict[str, Any]) -> bytes:
    try:
        return yamljson.dumps(document).encode()
    except (ValueError, RecursionError):
        raise Unusable("the document with its resolved references cannot be written as JSON") from None


def _status_of(stop: SystemExit) -> int:
    """Return Python's exit code for a SystemExit."""
    if stop.code is None:
        return 0
    return stop.code & 255 if isinstance(stop.code, int) else 1
