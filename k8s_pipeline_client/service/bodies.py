"""Reads the body of a request, up to a limit."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request

from k8s_pipeline_client.errors import InputError

_SECONDS = 10.0
_MOST_DRAINED = 256 * 2**20


async def read_body(request: Request, most: int) -> bytes:
    """Return a body.

    Raises:
        InputError: It is longer, or is not sent in time.
    """
    parts: list[bytes] = []
    size = 0
    stream = request.stream()
    try:
        async with asyncio.timeout(_SECONDS):
            async for part in stream:
                size += len(part)
                if size > most:
                    # Whoever is still sending does not listen: the response would be lost with the connection.
                    parts.clear()
                    if size > _MOST_DRAINED:
                        break
                else:
                    parts.append(part)
    except TimeoutError:
        if size <= most:
            raise InputError(
                f"the body was not sent within {_SECONDS:.0f} s", code="BodyTooSlow", hint="check the network"
            ) from None
    finally:
        with suppress(ClientDisconnect):
            await stream.aclose()
    if size > most:
        raise InputError(
            f"the body is longer than {most:,} bytes", code="BodyTooLarge", hint="leave out what is not needed"
        )
    return b"".join(parts)
