"""TLS as kubectl does it: CA certificates, and a client certificate whose key is never written to disk."""

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
    """An invalid certificate or key; ``str()`` says why, without its content."""


def client_context(*, ca_certificates: str, insecure: bool, identity: str) -> ssl.SSLContext:
    """Return the TLS context for an API server.

    Args:
        ca_certificates: PEM; the system's if empty.
        insecure: Do not verify the server's certificate.
        identity: The client certificate with its intermediates, and its key, PEM; may be empty.

    Raises:
        UnusablePemError: One of them is invalid.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    # Go trusts every given certificate, self-signed or not.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca_certificates:
        _trust(context, ca_certificates)
    else:
        context.load_default_certs()
    if identity:
        load_identity(context, identity)
    return context


def load_identity(context: ssl.SSLContext, identity: str) -> None:
    """Load a client certificate into a context, which can only read it from a file.

    Raises:
        UnusablePemError: It is invalid, or the key does not match.
    """
    try:
        # OpenSSL reports what is not text.
        with _as_file(identity.encode("utf-8", "replace")) as path:
            context.load_cert_chain(path, password=_no_password)
    except (ssl.SSLError, UnusablePemError) as error:
        raise UnusablePemError(_reason(error)) from error


def _trust(context: ssl.SSLContext, ca_certificates: str) -> None:
    # Only the blocks: comments around them may be in any encoding.
    blocks = "\n".join(_CERTIFICATE.findall(ca_certificates))
    if not blocks:
        raise UnusablePemError("it contains no certificate")
    try:
        context.load_verify_locations(cadata=blocks)
    except ssl.SSLError as error:
        raise UnusablePemError("it contains an invalid certificate") from error


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Make bytes available as a file path during the block."""
    descriptor = _in_memory()
    if descriptor is None:
        # Without in-memory files (macOS, Windows, no /proc) it is a file that only this user can read, in a private
        # folder, removed when the key has been read: after about a millisecond.
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
    """Return the descriptor of an in-memory file; None if the system has none."""
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
    # Without this OpenSSL prompts on the terminal.
    raise UnusablePemError("the key is encrypted, which kubeconfigs do not support")


def _reason(error: ssl.SSLError | UnusablePemError) -> str:
    if isinstance(error, UnusablePemError):
        return str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key does not match the certificate"
    return "certificate or key are not valid PEM"
