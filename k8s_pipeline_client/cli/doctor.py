"""doctor: checks what pipelines need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from k8s_pipeline_client.cli.exitcodes import EXAMINED
from k8s_pipeline_client.cli.fromserver import server_options
from k8s_pipeline_client.cli.options import Duration, Globals, common_options, pass_globals

if TYPE_CHECKING:
    from k8s_pipeline_client.cluster.port import Cluster
    from k8s_pipeline_client.doctor import Examination, Service
    from k8s_pipeline_client.errors import ClusterError

PASSWORD = "K8S_PIPELINE_SERVICE_PASSWORD"


@click.command("doctor")
@server_options
@click.option("--probe", is_flag=True, help="Start a short-lived pod that checks whether it reaches OpenMetadata.")
@click.option("--probe-timeout", type=Duration(), default="90s", show_default=True, help="How long to wait for it.")
@click.option("--service-url", metavar="URL", help="The HTTP service that OpenMetadata's server calls, if installed.")
@click.option("--service-user", default="admin", show_default=True, help="The user that the server logs in as.")
@click.option(
    "--service-password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"File with the password. [default: the variable {PASSWORD}]",
)
@common_options
@pass_globals
def doctor_command(
    values: Globals,
    server: str | None,
    server_token_file: Path | None,
    probe: bool,
    probe_timeout: float,
    service_url: str | None,
    service_user: str,
    service_password_file: Path | None,
) -> int:
    """Check what pipelines need, and report what is missing and what to do.

    Nothing is changed. Exit code by the worst finding: 0 nothing worse than unknown, 4 a warning, 1 a problem.
    """
    from k8s_pipeline_client.cli.output import emit, progress
    from k8s_pipeline_client.doctor import examine
    from k8s_pipeline_client.settings.given import read_token

    settings = values.settings()
    token = read_token(server_token_file, "--server-token-file") if server_token_file else None
    service = _service(service_url, service_user, service_password_file)
    with progress("checking cluster and OpenMetadata"):
        found = examine(
            _cluster(values),
            settings,
            address=server,
            token=token,
            service=service,
            probe=probe,
            probe_timeout=probe_timeout,
        )
    emit(
        found.as_dict(),
        values.format(),
        table=lambda: _print(found),
        names=lambda: [finding.check for finding in found.findings],
    )
    return EXAMINED[found.worst.value]


def _cluster(values: Globals) -> Cluster | ClusterError:
    from k8s_pipeline_client.errors import ClusterError

    try:
        return values.cluster()
    except ClusterError as error:
        return error


def _service(url: str | None, user: str, password_file: Path | None) -> Service | None:
    from k8s_pipeline_client.doctor import Service
    from k8s_pipeline_client.settings.given import read_token

    if url is None:
        if password_file is not None:
            raise click.UsageError("--service-password-file requires --service-url")
        return None
    if password_file is not None:
        return Service(url, user, read_token(password_file, "--service-password-file"))
    return Service(url, user, os.environ.get(PASSWORD, ""))


_HINTS = {
    "NotProbed": "check from a pod with --probe",
    "NoAddress": "set metadataApiEndpoint, or use --server URL",
}
"""What to type, by code; the library says it without."""
_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red", "unknown": None}


def _print(found: Examination) -> None:
    from k8s_pipeline_client.cli.output import say

    for finding in found.findings:
        say(f"{finding.level.value:<8} {finding.check}: {finding.message}", colour=_COLOURS[finding.level.value])
        if hint := _HINTS.get(finding.code, finding.hint):
            say(f"{'':<8}   fix: {hint}")
    counts = {level: sum(item.level.value == level for item in found.findings) for level in _COLOURS}
    say()
    say(", ".join(f"{number} {level}" for level, number in counts.items() if number))
