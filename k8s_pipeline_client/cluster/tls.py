"""TLS as kubectl does it: whom to trust, and the certificate to show, whose key never lies on a disk."""

from __future__ import annotations

import os
import re
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CERTIFICATE = re.compile(
    r"-----BEGIN (?:TRUSTED )?CERTIFICATE-----.*?-----END (?:TRUSTED )?CERTIFICATE-----", re.DOTALL
)


class UnusablePemError(ValueError):
    """A certificate or a key that cannot be used; ``str()`` says why, and shows nothing of it."""


def client_context(*, authorities: str, insecure: bool, identity: str) -> ssl.SSLContext:
    """Return how to speak TLS with an API server.

    Args:
        authorities: The certificates that are trusted, PEM; the system's if empty.
        insecure: Trust anybody.
        identity: The client's certificate, those that lead to its authority, and its key, PEM; may be empty.

    Raises:
        UnusablePemError: One of them is not usable.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    # Go trusts every certificate that is given, whether or not it is its own issuer.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authorities:
        _trust(context, authorities)
    else:
        context.load_default_certs()
    if identity:
        load_identity(context, identity)
    return context


def load_identity(context: ssl.SSLContext, identity: str) -> None:
    """Have a context show a certificate; it can only read it, with its key, from a file.

    Raises:
        UnusablePemError: It is none, or its key is not its key.
    """
    try:
        # What is no text is no PEM either, and OpenSSL says so.
        with _as_file(identity.encode("utf-8", "replace")) as path:
            context.load_cert_chain(path, password=_no_password)
    except (ssl.SSLError, UnusablePemError) as error:
        raise UnusablePemError(_reason(error)) from error


def _trust(context: ssl.SSLContext, authorities: str) -> None:
    # Only the blocks: what is written around them may be in any encoding.
    blocks = "\n".join(_CERTIFICATE.findall(authorities))
    if not blocks:
        raise UnusablePemError("it holds no certificate")
    try:
        context.load_verify_locations(cadata=blocks)
    except ssl.SSLError as error:
        raise UnusablePemError("it holds a certificate that is broken") from error


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Give bytes a path for as long as the block lasts."""
    descriptor = _in_memory()
    if descriptor is None:
        # Where there are no files in memory (macOS, Windows, no /proc) it is one that only we may read, in a folder
        # that only we may enter, gone again when the key has been read: a matter of a millisecond.
        with tempfile.TemporaryDirectory(prefix="k8s-pipeline-") as folder:
            path = Path(folder) / "identity.pem"
            path.touch(mode=0o600)
            path.write_bytes(content)
            yield str(path)
        return
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _in_memory() -> int | None:
    """Return the descriptor of a file that has no place in any folder, or None where there are none."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        descriptor = os.memfd_create("identity")
    except OSError:
        return None
    if os.path.exists(f"/proc/self/fd/{descriptor}"):
        return descriptor
    os.close(descriptor)
    return None


def _no_password() -> str:
    # Without this OpenSSL asks at the terminal.
    raise UnusablePemError("the key is encrypted, and kubeconfigs have no place for its password")


def _reason(error: ssl.SSLError | UnusablePemError) -> str:
    if isinstance(error, UnusablePemError):
        return str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key belongs to another certificate"
    return "certificate and key cannot be read as PEM"
