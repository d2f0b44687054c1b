"""Every route, with what its own description allows and with what it does not: nothing is a fault of ours."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.schemas import BaseSchema

from k8s_pipeline_client.service.roots import OPERATIONS, ROOTS
from tests.service.stage import PASSWORD, USERNAME, staged

LOGIN = (USERNAME, PASSWORD)
KNOWN = {200, 400, 401, 404, 405, 409, 413}
GETS = ("health", "health-auth", "csrf-token", "ip", "status", "last_dag_logs")


@pytest.fixture(scope="module")
def schema() -> Iterator[BaseSchema]:
    """What a service says of itself."""
    with staged(docs=True) as stage:
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{stage.port}/openapi.json", auth=LOGIN)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_request_is_a_fault(
    schema: BaseSchema, operation: str, mode: GenerationMode, caplog: pytest.LogCaptureFixture
) -> None:
    method = "GET" if operation in GETS else "DELETE" if operation == "delete" else "POST"
    described = schema[f"{ROOTS[0]}/{operation}"][method]
    if mode is GenerationMode.NEGATIVE and operation in GETS[:4]:
        pytest.skip("there is nothing to be wrong in it")

    @given(case=described.as_strategy(generation_mode=mode))
    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case[Any]) -> None:
        response = case.call(auth=LOGIN)
        assert response.status_code in KNOWN, f"{response.status_code}: {response.text}"
        assert isinstance(response.json(), dict | list)
        assert "Traceback" not in response.text

    ask()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_every_operation_is_described_below_every_root(schema: BaseSchema) -> None:
    paths = schema.raw_schema["paths"]
    assert set(paths) == {f"{root}/{operation}" for root in ROOTS for operation in OPERATIONS}
    assert all(set(answers["responses"]) - {"200"} <= {str(code) for code in (*KNOWN, 408, 503)}
               for methods in paths.values() for answers in methods.values())  # fmt: skip
