"""Rotates bots' tokens, and tells of those in use."""

from __future__ import annotations

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.deploying import acceptance, resume
from k8s_pipeline_client.deploying.rotate import WAIT_SECONDS, Rotation, Token, rotate, tokens_in_use
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.inventory.read import Reader
from k8s_pipeline_client.settings import Settings


class Rotating:
    """The part of `Pipelines` that is about tokens."""

    _cluster: Cluster
    _reader: Reader
    _settings: Settings
    _accepted: acceptance.Accepted

    def rotate_token(
        self,
        token: str,
        *,
        secret: str | None = None,
        force: bool = False,
        only_newer: bool = False,
        wait: bool = True,
        announce: resume.Announce = lambda text: None,
    ) -> Rotation:
        """Rotate a bot's token for all its pipelines, from their next runs on, without deploying them.

        Args:
            token: The new token.
            secret: The Secret to write; found by the token's bot if None.
            force: Accept the token of another bot, an expired one, and one that OpenMetadata does not accept yet; and
                overwrite another field manager's.
            only_newer: Refuse a token that was issued before the one that is there.
            wait: Where OpenMetadata does not accept it yet, wait until it does, for three minutes at most.
            announce: Called before such a wait.

        Returns:
            What became of it; the action is ``waiting`` where it is not accepted yet.

        Raises:
            InputError: The token cannot be used by the pipelines.
            UnknownNameError: No Secret, or more than one, could hold it.
            ConflictError: Another field manager writes the Secret, and ``force`` is not set.
            WaitTimeoutError: The Secret is being deleted, but still exists, or others keep changing it.
            SettingsError: ``tokenSecret`` is set, which this program never writes.
        """
        if (named := self._settings.token_secret) is not None:
            raise SettingsError(
                f"tokenSecret is set to Secret {named.name}, which is managed elsewhere, not by this program",
                hint="write the token to that Secret; the next runs use it",
            )
        selector = self._reader.selector(labels.TOKEN)
        return rotate(
            self._cluster,
            token.strip(),
            selector=selector,
            name=secret,
            force=force,
            only_newer=only_newer,
            accepted=self._accepted,
            timeout=WAIT_SECONDS if wait else 0.0,
            announce=announce,
        )

    def tokens(self) -> list[Token]:
        """Return the bots' tokens that pipelines use, without the tokens themselves."""
        return tokens_in_use(self._cluster, selector=self._reader.selector(labels.TOKEN))
