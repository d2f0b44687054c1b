"""What to type about an error: the library says what is wrong and knows no commands; this knows the commands.

What has no line here has a hint of the library's that fits as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from k8s_pipeline_client.cli.suggest import Place, command
from k8s_pipeline_client.errors import PipelineError

_OTHER_ADDRESS = "use the URL of the API, such as https://openmetadata.example.com/api, with --server"


def worded(error: PipelineError, place: Place) -> str:
    """Return an error in one line, for whoever types our commands, at this place."""
    return error.worded(hint_of(error, place))


def hint_of(error: PipelineError, place: Place) -> str:
    """Return what can be done about an error, with a command or an option where there is one."""
    hint = HINTS.get(error.code)
    if hint is None:
        return error.hint
    try:
        return hint.format_map(error.facts) if isinstance(hint, str) else hint(error, place)
    except KeyError:  # an error that others raise with our code, and without its facts
        return error.hint


def _known(error: PipelineError, place: Place) -> str:
    is_listed_in_part = error.facts.get("more") or error.facts.get("close")
    return f"{error.hint}; all of them: {command('list', place=place)}" if is_listed_in_part else error.hint


def _service_without(error: PipelineError, place: Place) -> str:
    listed = f"see {command('list', '--from-server', place=place)}"
    return f"{error.hint} else {listed}" if error.facts.get("close") else listed


def _no_runs(error: PipelineError, place: Place) -> str:
    return f"start one: {command('run', str(error.facts['resource']), place=place)}"


def _not_ended(error: PipelineError, place: Place) -> str:
    job = str(error.facts["job"])
    follow, kill = (command(*words, place=place) for words in (("logs", job, "-f"), ("kill", job)))
    return f"follow its log: {follow}; or kill it: {kill}"


def _again(error: PipelineError, place: Place) -> str:
    return f"run it again: {command('retry', str(error.facts['job']), place=place)}"


def _denied(error: PipelineError, place: Place) -> str:
    missing = f"what else is missing: {command('doctor', place=place)}"
    return f"{error.hint}; {missing}" if error.hint else missing


def _contexts(error: PipelineError, place: Place) -> str:
    known = error.facts.get("contexts")
    listed = f"its contexts are {', '.join(known)}" if isinstance(known, tuple) and known else "it has no contexts"
    return f"use one with --context; {listed}"


HINTS: Mapping[str, str | Callable[[PipelineError, Place], str]] = MappingProxyType(
    {
        "AccessDenied": _denied,
        "ResponseTooLarge": "check the URL (--server, metadataApiEndpoint), and proxies in between",
        "AnnotationsMissing": "deploy with --force to write them again",
        "CatchupUnsupported": "set it to false, and start a run by hand (run) for what is missing",
        "ClusterWideAccessDenied": "use one namespace with -n; or bind this account to a ClusterRole with this "
        "permission, such as that of rbac/all-namespaces.yaml",
        "CopiedOrRenamed": "if it is a copy, remove the id or give it another one; if it was renamed, deploy with "
        "--rename, which deletes the other one and its run history (diff shows them)",
        "EarlierNameActive": "wait for it, kill it, or deploy with --force",
        "FieldConflict": "stop that manager from setting the field, or take it over with --force",
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
        "NoRuns": _no_runs,
        "NotAService": "--service takes service entities; give everything else with -f",
        "NotInPod": "leave it out, or name a --kubeconfig",
        "NotOpenMetadata": _OTHER_ADDRESS,
        "RunActive": "wait for it, kill it, or start another one with --allow-overlap",
        "RunIdTaken": "omit --run-id, or use a new one",
        "RunNotEnded": _not_ended,
        "RunWithoutPipeline": _again,
        "RunsOnce": "start it with run instead of deploy, and the same files",
        "ServerTokenMissing": "see --server-token-file",
        "ServerUnreachable": "check the URL (--server, metadataApiEndpoint) and your network",
        "ServiceWithoutConnection": "read it from OpenMetadata with a bot's token, or leave --service out: the run "
        "then asks OpenMetadata",
        "ServiceWithoutPipelines": _service_without,
        "StillThere": "the deletion continues; see kubectl get pods, or delete again with a longer --timeout",
        "TokenOfAnotherBot": "give a token of that bot, or use --force to make the pipelines log in as another one",
        "TokenOfOtherBots": "use a token of their bot; or choose a Secret with --secret, and --force to log in "
        "as another bot",
        "TokenOlder": "give the new one with --token-file, or --force to go back to this one",
        "TokenRejected": "create a new one in OpenMetadata (Settings, Bots, ingestion-bot), and give it with "
        "--server-token-file",
        "TokenSecretAmbiguous": "choose one with --secret, or the OpenMetadata instance with the setting instance",
        "TokenSecretNotFound": "choose one with --secret, or the OpenMetadata instance with the setting instance",
        "TokenWithoutBot": "copy it completely from OpenMetadata: Settings, Bots; or write it as it is with --force",
        "UnknownName": _known,
        "UnknownRun": lambda error, place: f"see {command('runs', place=place)}",
    }
)
"""By code: a text in which facts stand in braces, or what makes one of the error."""
