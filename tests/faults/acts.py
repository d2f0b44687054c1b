"""What befalls runs."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.puts import REPORTER, Put
from tests.faults.row import Row
from tests.faults.stage import REPORTERS_BOT

Act = Callable[[Row], None]

_HOLD = "k8s-pipeline.test/hold"
_SOME_PASSES = 15.0


def kill_while_queued(row: Row) -> None:
    """Have it killed by command before it has started."""
    row.shows("Unschedulable")
    row.client.kill_pipeline(row.entity, wait=False)


def kill_while_running(row: Row) -> None:
    """Have it killed by command while it works."""
    row.starts()
    row.client.kill_pipeline(row.entity, wait=False)


def delete_pod(row: Row) -> None:
    """Delete its pod."""
    row.starts()
    row.delete("pod", row.pod()["metadata"]["name"])


def delete_job(row: Row) -> None:
    """Delete its Job, once a reporter has seen it."""
    row.starts()
    annotation = f"k8s-pipeline/open-run.{row.run_ids[0]}"
    maps = row.stage.space
    row.until(
        lambda: any(annotation in (item["metadata"].get("annotations") or {}) for item in maps.list("configmaps")),
        "the run is remembered",
    )
    row.delete("job", row.job()["metadata"]["name"], "--cascade=background")
    row.shows("Job gone")
    row.mark()


def evict(row: Row) -> None:
    """Have the API evict its pod."""
    row.starts()
    row.evict()


def suspend_and_count(row: Row) -> None:
    """Suspend its Job while it works, and have its Pod object stay until the Job controller has seen how it ended."""
    row.starts()
    pod, finalizers = row.pod()["metadata"], "/metadata/finalizers"
    row.patch("pod", pod["name"], [{"op": "add", "path": f"{finalizers}/-", "value": _HOLD}], how="json")
    try:
        row.patch("job", row.job()["metadata"]["name"], {"spec": {"suspend": True}})
        row.shows("Job Failed")
    finally:
        row.patch("pod", pod["name"], [{"op": "replace", "path": finalizers, "value": []}], how="json")


def suspend_and_resume(row: Row) -> None:
    """Suspend its Job while it works, for some passes, and have it go on."""
    row.starts()
    job = row.job()["metadata"]["name"]
    row.patch("job", job, {"spec": {"suspend": True}})
    row.shows("Job Suspended")
    row.shows("no pod")
    began = row.watch.now()
    row.until(lambda: row.watch.seconds_since(began) > _SOME_PASSES, "passes are made meanwhile")
    row.patch("job", job, {"spec": {"suspend": False}})


def suspend_schedule(row: Row) -> None:
    """Suspend its CronJob while the run that this has started works."""
    row.starts()
    cronjob = row.job()["metadata"]["ownerReferences"][0]["name"]
    row.patch("cronjob", cronjob, {"spec": {"suspend": True}})


def without_its_secret(row: Row) -> None:
    """Delete its Secret; then start it as a person does with kubectl."""
    space = row.stage.space
    cronjob = next(
        item for item in space.list("cronjobs") if item["metadata"]["annotations"]["k8s-pipeline/fqn"] == row.fqn
    )
    name = cronjob["metadata"]["name"]
    space.kubectl("delete", "secret", name)
    space.kubectl("create", "job", f"{name}-x", f"--from=cronjob/{name}")


def by_its_schedule(row: Row) -> None:
    """Leave it to its schedule; the time is measured from when it is due."""
    row.mark()


def heal_after_refusals(count: int) -> Act:
    """Return what waits until so many reports of the reporter were refused, and ends the fault."""

    def act(row: Row) -> None:
        row.until(lambda: len(_refused(row)) >= count, f"{count} reports are refused")
        row.stage.server.faults.clear()
        row.mark()

    return act


def refuse_token(row: Row) -> None:
    """Have OpenMetadata accept the reporter's token only after it was refused for some passes."""
    stage = row.stage
    stage.server.api.access.accept({"bot": REPORTERS_BOT, "accepted": []})
    row.run()

    def refusals() -> bool:
        found = [entry for entry in stage.server.journal.since() if entry.status == 401]
        return len(found) >= 3

    row.until(refusals, "the token is refused")
    stage.server.api.access.accept({"bot": REPORTERS_BOT, "accepted": [stage.bearer]})
    row.mark()


def while_openmetadata_is_down(row: Row) -> None:
    """Have OpenMetadata be away from before the run's end until some passes later."""
    row.starts()
    row.stage.server.refuse()
    try:
        row.shows("Job Failed")
        ended = row.watch.ended[row.fqn]
        row.until(lambda: row.watch.seconds_since(ended) > 25, "passes are made meanwhile")
    finally:
        row.stage.server.listen()
    row.mark()


def poison(row: Row) -> None:
    """Have two writers make a first row of the run at one instant, so that the row is broken."""
    identity = row.run()
    rows = row.stage.server.api.statuses.rows
    first, second = ({"runId": identity, "timestamp": at, "pipelineState": "running"} for at in (1, 2))
    rows.put(row.fqn, first, lambda: rows.put(row.fqn, second, lambda: None))


def _refused(row: Row) -> list[Put]:
    return [put for put in row.received() if put.by == REPORTER and not put.is_accepted]
