"""The labels and annotations of a pipeline's objects.

The ``app.kubernetes.io`` ones are those that OpenMetadata documents for its own Kubernetes client, so that
people's ``kubectl -l …`` keep working. Selection by this program uses only the ``k8s-pipeline/`` ones.
"""

from __future__ import annotations

PREFIX = "k8s-pipeline/"

# Labels of this program, on every object that it writes and on every run and pod.
PIPELINE = PREFIX + "pipeline"
"""Value: the resource name ``om-<slug>-<hash>``, the one key of a pipeline in a namespace."""
INSTANCE = PREFIX + "instance"
"""Value: the OpenMetadata instance (clusterName), made fit for a label."""
PIPELINE_ID = PREFIX + "pipeline-id"
"""On the CronJob. Value: the id in OpenMetadata, made fit for a label: finds a pipeline that was renamed."""
FQN_HASH = PREFIX + "fqn-hash"
"""On the CronJob, and the Job of a one-shot run. Value: `naming.lookup_hash` of the fully qualified name."""
NAME_HASH = PREFIX + "name-hash"
"""On the same. Value: `naming.lookup_hash` of the name."""
DISPLAY_NAME_HASH = PREFIX + "display-name-hash"
"""On the same. Value: `naming.lookup_hash` of the display name."""
SERVICE_AND_TYPE_HASH = PREFIX + "service-and-type-hash"
"""On the same. Value: `naming.lookup_hash` of ``service/type``."""
LOOKUP_KEY = PREFIX + "lookup-key"
"""On Secrets and ConfigMaps: what a deploy looks for, so that one list has all that it needs. Value: the object's name;
on a pipeline's ConfigMap what stands for its id (`naming.id_key`), where it has one: that finds earlier names."""
TOKEN = PREFIX + "token"
"""On the Secret with a bot's token, and on the CronJobs and Jobs that use it. Value: the Secret's name."""
ONE_SHOT = PREFIX + "one-shot"
"""On the Job and Secret of a run that has no CronJob. Value: ``true``."""
REPORTED = PREFIX + "reported"
"""On a Job that the reporter is done with. Value: `FINAL`, or `NOWHERE`; one selector leaves out all of these."""
FINAL = "final"
"""OpenMetadata was read to have the run's end."""
NOWHERE = "nowhere"
"""It has ended, and there is nothing in OpenMetadata to report it to: its document has no ingestionPipelineFQN."""
OPEN_RUNS = PREFIX + "open-runs"
"""On ConfigMaps that name open runs: the pipeline's own, and the reporter's. Value: ``true``."""
SCHEDULES = PREFIX + "schedules"
"""On the reporter's ConfigMaps that say since when it has known each schedule. Value: ``true``."""
RUN_ID_GIVEN = PREFIX + "run-id-given"
"""On the Job of a run whose caller has given the id, and so knows of it. Value: ``true``."""
DELETED = PREFIX + "deleted"
"""On a CronJob that is kept though OpenMetadata has deleted the pipeline: it may be restored. Value: ``true``."""

# Labels that OpenMetadata documents.
APP_NAME = "app.kubernetes.io/name"
APP_COMPONENT = "app.kubernetes.io/component"
APP_MANAGED_BY = "app.kubernetes.io/managed-by"
APP_PIPELINE = "app.kubernetes.io/pipeline"
APP_PIPELINE_TYPE = "app.kubernetes.io/pipeline-type"
APP_APPLICATION = "app.kubernetes.io/app-name"
"""On the Job, Secret and pods of an App entity's run. Value: the application's name, made fit for a label."""
APP_RUN_ID = "app.kubernetes.io/run-id"
"""On the Job and pods of a run that was asked for; a scheduled run's id is its Job's UID."""

# Read by Kueue, on Jobs.
QUEUE_NAME = "kueue.x-k8s.io/queue-name"

# Annotations.
FQN = PREFIX + "fqn"
ID = PREFIX + "id"
NAME = PREFIX + "name"
DISPLAY_NAME = PREFIX + "display-name"
SERVICE = PREFIX + "service"
SERVICE_TYPE = PREFIX + "service-type"
PIPELINE_TYPE = PREFIX + "pipeline-type"
ON_DEMAND = PREFIX + "on-demand"
"""On the CronJob of a pipeline without a schedule. Value: ``true``."""
UNREPORTED = PREFIX + "unreported"
"""On the CronJob and the Jobs of what reports to no pipeline in OpenMetadata. Value: ``true``."""
MANAGED_BY_SOURCE = PREFIX + "managed-by-source"
"""On the CronJob: which `Source` it was deployed from, and is not silently replaced by another."""
DELETED_AT = PREFIX + "deleted-at"
"""Goes with `DELETED`, RFC 3339, UTC: when it was found to be deleted."""
SUSPENDED_BEFORE = PREFIX + "suspended-before"
"""Goes with `DELETED`: whether the schedule was switched off already. Value: ``true`` or ``false``."""
UPDATED_AT = PREFIX + "updated-at"
"""On what was deployed by the OpenMetadata server: the entity's `updatedAt`, in ms; see `deploying.stale`."""
CONTENT_HASH = PREFIX + "content-sha256"
"""On the ConfigMap of such a pipeline: of all that the entity decides."""
DOCUMENT_HASH = PREFIX + "document-sha256"
UNUSED_SINCE = PREFIX + "unused-since"
"""On a ConfigMap that pipelines share, and that none uses: RFC 3339, UTC. Whoever uses it takes the note away."""
BOT = PREFIX + "bot"
"""On the Secret with a bot's token: the bot's name."""
TOKEN_ISSUED_AT = PREFIX + "token-issued-at"
"""RFC 3339, UTC; goes with `BOT`, as does `TOKEN_EXPIRES_AT`."""
TOKEN_EXPIRES_AT = PREFIX + "token-expires-at"
SERVER = PREFIX + "server"
"""Goes with `BOT`: the address of the OpenMetadata whose token it is, as the runs have it."""
CLIENT_VERSION = PREFIX + "version"
KILLED_BY = PREFIX + "killed-by"
"""On a killed Job: who killed it."""
KILLED_AT = PREFIX + "killed-at"
"""RFC 3339, UTC."""
KILLED_BECAUSE = PREFIX + "killed-because"
"""With ``killed-by``, if this program killed a run for a cause: `Cause.as_dict()` as JSON.

A run that does not start is killed after its start timeout, and the evidence disappears with its pod.
"""
NET_SECONDS = PREFIX + "net-seconds"
"""On a killed Job: its original deadline, for a rerun."""
SUCCEEDED_AT = PREFIX + "succeeded-at"
"""On a Job whose container main succeeded, but whose pod was terminated because a sidecar kept it running.

RFC 3339, UTC. The Job itself is Failed.
"""
BACKOFF_LIMIT = PREFIX + "backoff-limit"
"""With ``succeeded-at``: the Job's original backoffLimit, for a rerun."""
LOG_TAIL = PREFIX + "log-tail"
"""On a killed Job: the last lines of the log, with the document's secrets redacted."""
AWAITS_SECRET = PREFIX + "awaits-secret"
"""On a Job that this program has created suspended, until the Secret with its document is there. Value: ``true``."""
REQUEST = PREFIX + "request"
"""On a Job: the id of the creating call. Identifies our own Job after a retried request."""
NOTES = PREFIX + "notes"
"""Settings that the deploy changed, with the reasons, one per line."""
STARTING_DEADLINE = PREFIX + "starting-deadline"
"""On a CronJob with a temporarily narrowed ``startingDeadlineSeconds``: `Narrowed` as JSON."""
OPEN_RUN = PREFIX + "open-run."
"""How annotations of ConfigMaps begin that name a run whose end is not reported yet; its id follows.

On the ConfigMap, not on the CronJob: any write to a CronJob wakes its controller, which may make up for a missed run.
Value: JSON, with which the run is found again when its Job is gone.
"""

PEAK_MEMORY = PREFIX + "peak-memory-bytes"
"""On a finished Job: the peak memory of its attempts, as measured by the launcher."""
DURATION = PREFIX + "duration-seconds"
"""On a finished Job: the duration of its last attempt, as measured by the launcher."""

OF_A_RUN = (
    KILLED_BY,
    KILLED_AT,
    KILLED_BECAUSE,
    NET_SECONDS,
    SUCCEEDED_AT,
    BACKOFF_LIMIT,
    LOG_TAIL,
    AWAITS_SECRET,
    REQUEST,
    PEAK_MEMORY,
    DURATION,
)
"""Annotations of one run, which must not be copied to a rerun."""

# Written by Kubernetes.
CRONJOB_SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
JOB_NAME = "batch.kubernetes.io/job-name"
