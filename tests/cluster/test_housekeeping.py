"""What a reporter does beside reporting, on a real cluster: tokens that wait, and what nothing uses any more."""

from __future__ import annotations

import time

from k8s_pipeline_client.deploying.acceptance import promote_tokens
from k8s_pipeline_client.deploying.housekeeping import collect_unused
from k8s_pipeline_client.render.token import next_token_of, token_of
from tests.cluster.support.definitions import service
from tests.cluster.support.program import Program
from tests.cluster.support.tokens import FIRST, TOKENS, bot_token, entity_with
from tests.cluster.test_library import made


def test_a_new_token_waits_under_a_key_that_no_pod_reads_until_it_is_accepted(program: Program) -> None:
    program.deploy(entity_with(FIRST), service())
    new = bot_token(issued=int(time.time()))

    done = program("rotate-token", "--token-file", "-", "--no-wait", "-o", "json", given=new).json

    (secret,) = program.space.list("secrets", TOKENS)
    assert done["action"] == "waiting"
    assert (token_of(secret), next_token_of(secret)) == (FIRST, new)
    with made(program) as client:
        cluster = client.pipelines._cluster
        assert [found.is_promoted for found in promote_tokens(cluster, lambda server, token: False)] == [False]
        assert [found.is_promoted for found in promote_tokens(cluster, lambda server, token: True)] == [True]
    (secret,) = program.space.list("secrets", TOKENS)
    assert (token_of(secret), next_token_of(secret)) == (new, "")


def test_what_nothing_uses_is_noted_and_then_removed_unless_somebody_comes_to_use_it(program: Program) -> None:
    entity = entity_with(FIRST)
    program.deploy(entity, service())
    launchers = "app.kubernetes.io/component=launcher"
    with made(program) as client:
        cluster = client.pipelines._cluster
        assert collect_unused(cluster, older_than=0) == []
        program("delete", "nightly")
        assert collect_unused(cluster, older_than=0) == []
        (noted,) = program.space.list("configmaps", launchers)
        assert noted["metadata"]["annotations"]["k8s-pipeline/unused-since"]

        program.deploy(entity, service())
        (used,) = program.space.list("configmaps", launchers)
        assert "k8s-pipeline/unused-since" not in used["metadata"].get("annotations", {})
        assert collect_unused(cluster, older_than=0) == []

        program("delete", "nightly")
        collect_unused(cluster, older_than=0)
        assert collect_unused(cluster, older_than=0) == [f"ConfigMap/{used['metadata']['name']}"]
        assert program.space.list("configmaps", launchers) == []
