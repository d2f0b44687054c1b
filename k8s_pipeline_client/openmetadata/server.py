"""The URL of a server, its token and how to verify its certificate. Pure."""

from __future__ import annotations

import re
import ssl
from urllib.parse import urlsplit

from k8s_pipeline_client.errors import InputError


def api_address(text: str) -> str:
    """Return the URL of a server's API without a trailing slash; ``/api`` is added if there is no path.

    Raises:
        InputError: It is not a valid URL.
    """
    hint = "use one such as https://openmetadata.example.com/api"
    try:
        parts = urlsplit(text.strip())
        host, user, _ = parts.hostname, parts.username, parts.port
    except ValueError:
        # The message quotes the URL, which may contain a password.
        raise InputError("the URL of the OpenMetadata server is invalid", hint=hint) from None
    if user is not None:
        raise InputError("the URL of the OpenMetadata server contains credentials", hint=f"remove them; {hint}")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise InputError(f"{text.strip()!r} is not a valid URL of an OpenMetadata server", hint=hint)
    path = re.sub(r"/v1$", "", parts.path.rstrip("/"))
    return f"{parts.scheme}://{parts.netloc}{path or '/api'}"


def checked_token(text: str) -> str:
    """Return a token without surrounding white space.

    Raises:
        InputError: It is invalid; the message does not quote it.
    """
    token = text.strip()
    if not token:
        raise InputError(
            "the token for the OpenMetadata server is empty", code="ServerTokenMissing", hint="give the JWT of a bot"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            "the token for the OpenMetadata server is invalid: it contains white space", hint="give the JWT only"
        )
    return token


def trust(verify_ssl: str, certificates: str) -> ssl.SSLContext | bool:
    """Return how to verify the server's certificate, as httpx takes it.

    Args:
        verify_ssl: The setting ``verifySSL``. ``no-ssl`` is OpenMetadata's default: an https URL is then verified with
            the system's CA certificates.
        certificates: Those of ``sslConfig.certificatePath``, PEM; empty for the system's.
    """
    if verify_ssl == "ignore":
        return False
    if verify_ssl == "validate" and certificates:
        return ssl.create_default_context(cadata=certificates)
    return True
