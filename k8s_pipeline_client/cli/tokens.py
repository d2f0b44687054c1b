"""rotate-token: a bot's new token, for all pipelines that use it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from k8s_pipeline_client.cli.options import Globals, common_options, pass_globals
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.errors import InputError

if TYPE_CHECKING:
    from k8s_pipeline_client.settings import Settings


@click.command("rotate-token")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="File with the bot's new token; - is standard input. [default: serverToken, serverTokenFile]",
)
@click.option("--secret", metavar="NAME", help="The Secret to write, where the token does not tell which.")
@click.option(
    "--force",
    is_flag=True,
    help="Take a token of another bot, one that has expired, or a Secret that another field manager writes.",
)
@common_options
@pass_globals
def rotate_token_command(values: Globals, token_file: Path | None, secret: str | None, force: bool) -> None:
    """Have pipelines log in with their bot's new token, from their next runs on; nothing is deployed again."""
    from k8s_pipeline_client.cli.output import emit, print_table

    token = _token(values.settings(), token_file)
    done = values.client().rotate_token(token, secret=secret, force=force)
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
