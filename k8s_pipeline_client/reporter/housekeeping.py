"""Periodic chores: activate accepted tokens, and remove what nothing uses."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from k8s_pipeline_client.deploying.acceptance import promote_tokens
from k8s_pipeline_client.deploying.housekeeping import OLDER_THAN, collect_unused
from k8s_pipeline_client.errors import InputError, OpenMetadataError, PipelineError
from k8s_pipeline_client.reporter.destination import Destinations
from k8s_pipeline_client.reporter.single import Pass

_LOG = logging.getLogger(__name__)

_EVERY = timedelta(minutes=10)


def keep_house(within: Pass, before: datetime | None) -> None:
    """Do the chores; what fails is a warning, and tried again.

    Args:
        within: The pass.
        before: When the last one was; None if that is not known, and then nothing is removed.
    """
    try:
        for token in promote_tokens(within.cluster, partial(_accepted, within.destinations)):
            if token.is_promoted:
                _LOG.info("the new token of %s is active (Secret %s)", token.bot, token.secret)
        if before is not None and _turn(before) != _turn(within.now):
            for name in collect_unused(within.cluster, older_than=OLDER_THAN):
                _LOG.info("removed %s: unused", name)
    except PipelineError as error:
        within.notes.warn(str(error))


def _accepted(destinations: Destinations, address: str, token: str) -> bool | None:
    """Ask OpenMetadata whether it accepts a token; None where it does not say."""
    try:
        return destinations.asked_with(address, token).accepts_token()
    except (OpenMetadataError, InputError):
        return None


def _turn(at: datetime) -> int:
    return int(at.timestamp() // _EVERY.total_seconds())
