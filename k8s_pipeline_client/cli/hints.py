"""What to type about an error: the library says what is wrong and knows no commands; this knows the commands.

What has no line here has a hint of the library's that fits as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from k8s_pipeline_client.errors import PipelineError

_OTHER_ADDRESS = "use the URL of the API, such as https://openmetadata.example.com/api, with --server"


def worded(error: PipelineError) -> str:
    """Return an error in one line, for whoever types our commands."""
    return error.worded(hint_of(error))


def hint_of(error: PipelineError) -> str:
    """Return what can be done about an error, with a command or an option where there is one."""
    hint = HINTS.get(error.code)
    if hint is None:
        return error.hint
    if callable(hint):
        return hint(error)
    try:
        return hint.format_map(error.facts)
    except KeyError:  # an error that others raise with our code, and without its facts
        return error.hint


def _known(error: PipelineError) -> str:
    return f"{error.hint} (k8s-pipeline list)" if error.facts.get("more") else error.hint


def _contexts(error: PipelineError) -> str:
    known = error.facts.get("contexts")
    listed = f"its contexts are {', '.join(known)}" if isinstance(known, tuple) and known else "it has no contexts"
    return f"use one with --context; {listed}"


HINTS: Mapping[str, str | Callable[[PipelineError], str]] = MappingProxyType(
    {
        "ResponseTooLarge": "check the URL (--server, metadataApiEndpoint), and proxies in between",
        "CatchupUnsupported": "set it to false; what is missing can be run by hand: k8s-pipeline run NAME",
        "CopiedOrRenamed": "if it is a copy, remove the id or give it another one; if it was renamed, deploy with "
        "--rename, which deletes the other one and its run history (diff shows them)",
        "EarlierNameActive": "wait for it, kill it, or deploy with --force",
        "FieldConflict": "have that manager release the field, or take it over with --force",
        "InvalidPath": "write --set source.sourceConfig.config.includeTags=false",
        "InvalidRunId": "omit --run-id to get a new one",
        "InvalidServerAddress": "check it (--server, metadataApiEndpoint), and HTTP_PROXY, HTTPS_PROXY and ALL_PROXY "
        "if they are set",
        "KubeconfigMissing": "give one with --kubeconfig",
        "ManagedElsewhere": "delete it there, or take it over with --force",
        "NamespaceMissing": "create the namespace (kubectl create namespace {namespace}) or use another with "
        "--namespace",
        "NoClusterConfigured": "give one with --kubeconfig, or set KUBECONFIG",
        "NoCurrentContext": _contexts,
        "NoRuns": "start one: k8s-pipeline run {title!r}",
        "NotAService": "--service takes service entities; give everything else with -f",
        "NotInPod": "leave it out, or name a --kubeconfig",
        "NotOpenMetadata": _OTHER_ADDRESS,
        "RunActive": "wait for it, kill it, or start another one with --allow-overlap",
        "RunIdTaken": "omit --run-id, or use a new one",
        "RunNotEnded": "k8s-pipeline logs -f follows its log, k8s-pipeline kill ends it (Job {job})",
        "RunWithoutPipeline": "run it again from its file: k8s-pipeline run -f FILE",
        "RunsOnce": "start it with k8s-pipeline run -f FILE",
        "ServerTokenMissing": "see --server-token-file",
        "ServerUnreachable": "check the URL (--server, metadataApiEndpoint) and your network",
        "ServiceWithoutConnection": "read it from OpenMetadata with a bot's token, or leave --service out: the run "
        "then asks OpenMetadata",
        "ServiceWithoutPipelines": "see k8s-pipeline list --from-server",
        "StillThere": "the deletion continues; see kubectl get pods, or delete again with a longer --timeout",
        "TokenOfAnotherBot": "give a token of that bot, or --force to have the pipelines log in as another one",
        "TokenOfOtherBots": "use a token of their bot; or choose a Secret with --secret, and --force to log in "
        "as another bot",
        "TokenRejected": "create a new one in OpenMetadata (Settings, Bots, ingestion-bot), and give it with "
        "--server-token-file",
        "TokenSecretAmbiguous": "choose one with --secret, or the OpenMetadata instance with the setting instance",
        "TokenSecretNotFound": "choose one with --secret, or the OpenMetadata instance with the setting instance",
        "TokenWithoutBot": "copy it completely from OpenMetadata: Settings, Bots; or write it as it is with --force",
        "UnknownName": _known,
        "UnknownRun": "see k8s-pipeline runs",
    }
)
"""By code: a text in which facts stand in braces, or what makes one of the error."""
