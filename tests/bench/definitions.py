"""Any number of pipelines of real shapes: the samples, under other names."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from k8s_pipeline_client import Pipeline, recognise, resolve
from tests.data import SAMPLES, sample

_SHAPES = (
    "01_postgres_metadata_daily",
    "02_snowflake_usage_hourly_tz",
    "03_redshift_usage_no_stage_file",
    "04_snowflake_lineage_weekly",
    "07_postgres_autoclassification",
    "12_kafka_metadata_cron_dow_names",
    "15_mlflow_metadata",
)


def entity(number: int) -> dict[str, Any]:
    """Return the IngestionPipeline entity of a number, always the same one."""
    found = sample(f"pipelines/{_SHAPES[number % len(_SHAPES)]}.json")
    name = f"bench-{number:05d}"
    # Enabled, for that takes one write more; but it must not run while we measure.
    return found | {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        "name": name,
        "displayName": name,
        "fullyQualifiedName": f"{found['service']['fullyQualifiedName']}.{name}",
        "enabled": True,
        "airflowConfig": found["airflowConfig"] | {"scheduleInterval": _half_a_year_away()},
    }


def pipelines(numbers: Sequence[int]) -> list[Pipeline]:
    """Return the pipelines of these numbers, resolved as `deploy` does."""
    services = [sample(f"services/{path.name}") for path in sorted((SAMPLES / "services").iterdir())]
    documents = [*services, *map(entity, numbers)]
    return resolve([item for document in documents for item in recognise(document, "bench")])


def _half_a_year_away() -> str:
    return f"0 3 1 {(datetime.now(UTC).month + 5) % 12 + 1} *"
