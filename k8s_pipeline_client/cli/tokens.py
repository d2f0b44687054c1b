"""rotate-token: a bot's new token, for all pipelines that use it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from k8s_pipeline_client.cli.everywhere import (
    all_namespaces,
    all_namespaces_option,
    check_everywhere,
    with_namespaces,
)
from k8s_pipeline_client.cli.options import Globals, common_options, pass_globals
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.errors import InputError

if TYPE_CHECKING:
    from k8s_pipeline_client.deploying.acceptance import Accepted
    from k8s_pipeline_client.settings import Settings

_ASK_TIMEOUT = 5.0


@click.command("rotate-token")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="File with the bot's new token; - is standard input. [default: serverToken, serverTokenFile]",
)
@click.option("--secret", metavar="NAME", help="The Secret to write, if the token does not tell which.")
@click.option(
    "--force",
    is_flag=True,
    help="Accept a token of another bot, one that has expired, or a Secret that another field manager writes.",
)
@click.option("--no-wait", is_flag=True, help="Do not wait until OpenMetadata accepts it.")
@common_options
@pass_globals
def rotate_token_command(
    values: Globals, token_file: Path | None, secret: str | None, force: bool, no_wait: bool
) -> None:
    """Make pipelines log in with their bot's new token, from their next runs on; nothing is redeployed.

    OpenMetadata accepts a new token about two minutes after it has made it; until then the old one stays active.
    """
    from k8s_pipeline_client.cli.output import emit, note, print_table, warn

    token = _token(values.settings(), token_file)
    accepted = _asking(values.settings())
    client = values.writer(accepted=accepted)
    done = client.rotate_token(
        token, secret=secret, force=force, only_newer=token_file is None, wait=not no_wait, announce=note
    )
    if done.action == "waiting":
        warn(
            f"the token is pending in Secret {done.secret} until OpenMetadata accepts it; the old one stays active: "
            "the reporter activates it, or this command when run again"
        )
    expires = _text(done.expires_at)
    row = [
        done.bot or "-",
        done.instance,
        expires or ("never, as it says" if done.bot else "unknown"),
        str(done.pipelines),
        str(done.action),
        done.secret,
    ]
    emit(
        {
            "secret": done.secret,
            "instance": done.instance,
            "bot": done.bot or None,
            "issuedAt": _text(done.issued_at),
            "expiresAt": expires,
            "pipelines": done.pipelines,
            "action": str(done.action),
        },
        values.format(),
        table=lambda: print_table(["BOT", "INSTANCE", "EXPIRES", "PIPELINES", "ACTION", "SECRET"], [row]),
        names=lambda: [f"secret/{done.secret}"],
    )


@click.command("tokens")
@all_namespaces_option
@common_options
@pass_globals
def tokens_command(values: Globals, everywhere: bool) -> None:
    """List the bots' tokens that pipelines log in with, and when they expire; never the tokens themselves."""
    from k8s_pipeline_client.cli.output import emit, note, print_table
    from k8s_pipeline_client.cli.text import ago, moment

    if everywhere:
        check_everywhere(values)
    found = (all_namespaces(values) if everywhere else values.client()).tokens()
    now = values.now()

    def table() -> None:
        if not found:
            note("no pipeline uses a token Secret of this program")
            return
        rows = [
            [
                *([item.namespace] if everywhere else []),
                item.bot or "-",
                item.instance,
                ago(item.issued_at, now),
                _expiry(item.expires_at, now) if item.issued_at else "unknown",
                str(item.pipelines),
                item.secret,
            ]
            for item in found
        ]
        headers = ["BOT", "INSTANCE", "ISSUED", "EXPIRES", "PIPELINES", "SECRET"]
        print_table(with_namespaces(headers, everywhere=everywhere), rows)

    def _expiry(at: datetime | None, now: datetime) -> str:
        if at is None:
            return "never"
        return f"expired {moment(at, now)}" if at <= now else moment(at, now)

    emit(
        [
            {
                "secret": item.secret,
                "instance": item.instance,
                "bot": item.bot,
                "issuedAt": _text(item.issued_at),
                "expiresAt": _text(item.expires_at),
                "pipelines": item.pipelines,
                "namespace": item.namespace,
            }
            for item in found
        ],
        values.format(),
        table=table,
        names=lambda: [f"secret/{item.secret}" for item in found],
    )


def _asking(settings: Settings) -> Accepted:
    """Return what asks OpenMetadata whether it accepts a token, where we can reach it."""

    def ask(server: str, token: str) -> bool | None:
        from k8s_pipeline_client.errors import PipelineError
        from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
        from k8s_pipeline_client.openmetadata.server import trust
        from k8s_pipeline_client.settings.given import given_certificates

        address = settings.metadata_api_endpoint or server
        if not address:
            return None
        try:
            verify = trust(settings.verify_ssl, given_certificates(settings))
            with HttpOpenMetadata(address, token, verify=verify, total_timeout=_ASK_TIMEOUT) as found:
                return found.accepts_token()
        except PipelineError:
            return None

    return ask


def _token(settings: Settings, path: Path | None) -> str:
    from k8s_pipeline_client.cli.files import read_stdin
    from k8s_pipeline_client.settings.given import given_token, read_token

    if path is not None and str(path) != "-":
        return read_token(path, "token file")
    if path is None:
        token = given_token(settings)
        if token is None:
            raise InputError(
                "there is no token to write",
                hint="use --token-file FILE, --token-file - for standard input, or serverToken",
            )
        return token
    found = read_stdin("pipe the token, or use a file").decode("utf-8-sig", "replace").strip()
    if not found:
        raise InputError("standard input is empty", hint="pipe the token, or use a file")
    return found


def _text(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
