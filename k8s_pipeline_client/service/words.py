"""What to do about an error, for the person at OpenMetadata's pages, where our response is shown. Pure.

The library says what is wrong and knows neither commands nor pages; the command line has commands (`cli/hints.py`),
this knows what somebody can click, and whom they can ask.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from k8s_pipeline_client.errors import PipelineError

_ADMIN = "tell the administrator of the pipeline service"
_AGAIN = "try again in a minute; if it persists, " + _ADMIN
_OF_A_TERMINAL = re.compile(r"kubectl|k8s-pipeline\s[a-z]|(?<![\w-])-{1,2}[a-z]")
_CSRF = re.compile(r"csrf token", re.IGNORECASE)


def worded(error: PipelineError) -> str:
    """Return an error in one line, for users of OpenMetadata."""
    text = error.worded(hint_of(error))
    # In a 400 OpenMetadata's server looks for these two words, and asks again for what it has. They may be in a name.
    return _CSRF.sub("CSRF-token", text)


def hint_of(error: PipelineError) -> str:
    """Return what a user of OpenMetadata can do about an error, in its pages or through an administrator."""
    hint = WORDS.get(error.code, error.hint)
    try:
        hint = hint.format_map(error.facts) if error.code in WORDS else hint
    except KeyError:  # an error that others raise with our code, and without its facts
        hint = error.hint
    return _ADMIN + ", whose log says more" if _OF_A_TERMINAL.search(hint) else hint


WORDS: Mapping[str, str] = MappingProxyType(
    {
        "AccessDenied": f"{_ADMIN}: its account in namespace {{namespace}} lacks this permission",
        "AmbiguousName": "rename one of them: OpenMetadata's server tells pipelines of one name apart by nothing else",
        "Anonymous": f"{_ADMIN}: its account is not accepted by the cluster",
        "ApiServerOverloaded": _AGAIN,
        "ApiServerUnreachable": f"the cluster cannot be reached at the moment: {_AGAIN}",
        "ApiServerUntrusted": _ADMIN,
        "BodyTooLarge": "what belongs to one pipeline has to fit one Secret of Kubernetes, of 1 MiB",
        "BodyTooSlow": _AGAIN,
        "CatchupUnsupported": "switch catch-up off in the pipeline's schedule; a run that is missing can be started by "
        "hand, with Run",
        "Conflict": "the pipeline is being changed by somebody else: try again",
        "CopiedId": "an id stands for one pipeline: delete the other one, or create this one again",
        "EarlierNameActive": "it was renamed while it runs: wait until the run has ended, or kill it, and deploy again",
        "EarlierNameChanged": "it was renamed, and a run has just begun: deploy again in a minute",
        "FieldConflict": f"{_ADMIN}: somebody has changed the object by hand",
        "ForeignObject": _ADMIN,
        "InvalidRunId": "OpenMetadata's server gives each run a UUID: check that no gateway changes what it sends",
        "LoginFailed": f"{_ADMIN}: it cannot log in to the cluster",
        "ManagedElsewhere": "change it where it was deployed from, or delete it there and deploy it again",
        "NamespaceMissing": f"{_ADMIN}: namespace {{namespace}} has to be created",
        "NoRuns": "start one with Run",
        "NotOpenMetadata": f"{_ADMIN}: the address of OpenMetadata (metadataApiEndpoint) is another one",
        "QuotaExceeded": "a quota of namespace {namespace} is used up: wait until other runs have ended, or raise it",
        "RunActive": "wait until it has ended, or kill it",
        "RunIdTaken": "run it once more",
        "ServerTokenMissing": "the pipeline's bot has no token: make one in Settings, Bots, ingestion-bot, and deploy "
        "again",
        "ServerUnreachable": "nothing was changed. The pipeline service has to reach OpenMetadata's API: try again in "
        f"a minute; if it persists, {_ADMIN} (setting metadataApiEndpoint)",
        "ServerUntrusted": f"nothing was changed; {_ADMIN}: settings verifySSL and sslConfig.certificatePath",
        "StillThere": "it is still in progress: check again in a minute",
        "Terminating": f"it may be gone in a minute: deploy again then; if it persists, {_ADMIN}",
        "TimeLimit": f"the cluster is slow to respond: {_AGAIN}",
        "TokenExpired": "make a new one in Settings, Bots, and deploy again",
        "TokenRejected": "after a new token was made it takes OpenMetadata about two minutes to accept it: deploy "
        "again then; if that does not help, make a new one in Settings, Bots",
        "Unauthorized": f"{_ADMIN}: its account is not accepted by the cluster",
        "UnknownField": f"{_ADMIN}: the Kubernetes version is too old for a setting",
        "UnknownName": "deploy it first: on the page of its service, Deploy in the menu of the pipeline",
        "WaitTimeout": _AGAIN,
        "WebhookFailed": _AGAIN,
    }
)
"""By code: a template of the facts."""
