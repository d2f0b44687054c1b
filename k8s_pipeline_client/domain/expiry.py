"""Bots' tokens that have expired, or soon will."""

from __future__ import annotations

from datetime import datetime, timedelta

from k8s_pipeline_client.domain.connection import claims_of

SOON = timedelta(days=7)


def expires_soon(expires_at: datetime | None, now: datetime) -> bool:
    """Return whether a token has expired, or soon will."""
    return expires_at is not None and expires_at - now <= SOON


def expiry_warning(token: str, now: datetime) -> str:
    """Return what should be known of the expiry of a token; empty if it is far away, or never.

    Args:
        token: A bot's token; what is none says nothing.
        now: Aware.
    """
    claims = claims_of(token)
    if claims.expires_at is None or not expires_soon(claims.expires_at, now):
        return ""
    whose = f"the token of {claims.bot!r}" if claims.bot else "a bot's token"
    day = f"{claims.expires_at:%Y-%m-%d}"
    if claims.expires_at <= now:
        return f"{whose} expired on {day}, and OpenMetadata refuses it: create a new one (Settings, Bots)"
    days = (claims.expires_at - now).days
    when = f"in {days} days" if days > 1 else "within two days"
    return f"{whose} expires on {day}, {when}: create a new one (Settings, Bots), and rotate the token"
