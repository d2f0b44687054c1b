"""The certificate of the service, which may be renewed while it runs."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.service.filestate import state_of

_LOG = logging.getLogger(__name__)
LOOK_SECONDS = 10.0


class Certificate:
    """A certificate chain and its private key, in PEM files."""

    def __init__(self, certificate: Path, key: Path | None) -> None:
        """Take the files; the key is in the first one if None."""
        self._certificate, self._key = certificate, key
        self._seen = self._state()

    def load(self) -> ssl.SSLContext:
        """Return a context with the two as they now are.

        Raises:
            OSError: One cannot be read; `ssl.SSLError` if it is no PEM file, or the key is another certificate's.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Without a terminal nobody could type a passphrase, and OpenSSL would wait for it.
        context.load_cert_chain(self._certificate, self._key, password=lambda: "")
        return context

    def check(self) -> None:
        """Check that it can be used.

        Raises:
            SettingsError: It cannot.
        """
        try:
            self.load()
        except OSError as error:
            raise SettingsError(
                f"the certificate {self._certificate} cannot be used: {_why(error)}",
                hint="a PEM file with the chain, and one with its private key, which has no passphrase",
            ) from None

    async def follow(self, served: ssl.SSLContext) -> None:
        """Have new connections use the certificate as it is in the files, forever.

        Certificate and key are seldom written in one moment, and one alone would do harm: OpenSSL drops the key of a
        context that is given another certificate. So what is served is never written to. Each connection is handed over
        to the last context that was loaded as a whole.

        Args:
            served: The context of the server.
        """
        current = served

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = current

        served.sni_callback = choose  # called for each connection, also for one that names no server
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = self._state()
            if now == self._seen:
                continue
            try:
                current = await asyncio.to_thread(self.load)
            except OSError as error:  # only half of it is there yet, or it is broken: the earlier one goes on
                _LOG.warning("the certificate could not be reloaded, and the earlier one stays: %s", _why(error))
            else:
                self._seen = now
                _LOG.info("the certificate was reloaded")

    def _state(self) -> tuple[object, ...]:
        return state_of(path for path in (self._certificate, self._key) if path is not None)


def _why(error: OSError) -> str:
    if not isinstance(error, ssl.SSLError):
        return error.strerror or type(error).__name__
    # OpenSSL's own words are codes of its source.
    if error.reason == "KEY_VALUES_MISMATCH":
        return "its key is the key of another certificate"
    return "it or its key is not a PEM file that OpenSSL can read"
