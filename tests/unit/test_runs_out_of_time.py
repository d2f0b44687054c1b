"""The time that a run may take to start is over between its Job and its Secret."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.errors import WaitTimeoutError
from tests.fakes import Request
from tests.unit.scene import client, cluster, deploy, pipeline


@pytest.mark.parametrize("goes_on", [False, True], ids=["for this request", "for all that follow"])
def test_a_run_of_which_the_secret_was_not_written_in_time_is_removed_or_said_to_be_left(goes_on: bool) -> None:
    fake = cluster()
    deploy(fake, pipeline())
    late: list[Request] = []

    def be_late(request: Request) -> None:
        if (request.verb in ("create", "patch") and request.kind == Kind.SECRET) or (late and goes_on):
            late.append(request)
            raise WaitTimeoutError("the time is over", code="TimeLimit")

    end = fake.before(be_late)
    with pytest.raises(WaitTimeoutError) as caught:
        client(fake).run(pipeline().fqn, source_config_override={"includeViews": False})
    end()
    left = [job["metadata"]["name"] for job in fake.list(Kind.JOB)]
    assert bool(left) is goes_on
    assert caught.value.outcome
    assert all(name in caught.value.outcome for name in left)
