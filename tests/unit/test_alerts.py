"""The alerts ask for numbers that there are."""

from __future__ import annotations

import re
from urllib.request import urlopen

import yaml

from k8s_pipeline_client.reporter import metrics as reporting
from k8s_pipeline_client.service.metrics import Metrics
from tests.manifests import MANIFESTS

GROUPS = yaml.safe_load((MANIFESTS / "chart/files/alerts.yaml").read_text())


def exposed(text: str) -> set[str]:
    """Return the names of the numbers in what Prometheus is shown."""
    types = re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)
    ends = {"histogram": ("_bucket", "_sum", "_count")}
    return {f"{name}{end}" for name, kind in types for end in ends.get(kind, ("",))}


def test_the_manifest_and_the_chart_have_the_same_rules() -> None:
    manifest = yaml.safe_load((MANIFESTS / "monitoring/prometheusrule.yaml").read_text())

    assert manifest["spec"]["groups"] == GROUPS


def test_every_number_is_exposed() -> None:
    reporter = reporting.Metrics(0)
    try:
        with urlopen(f"http://127.0.0.1:{reporter.port}/metrics") as response:
            there = exposed(response.read().decode()) | exposed(Metrics().text().decode())
    finally:
        reporter.close()
    asked = {
        name for group in GROUPS for rule in group["rules"] for name in re.findall(r"\bk8s_pipeline_\w+", rule["expr"])
    }

    assert asked
    assert asked <= there


def test_every_alert_says_what_it_is_about_and_where() -> None:
    for group in GROUPS:
        for rule in group["rules"]:
            assert "$labels.namespace" in rule["annotations"]["summary"], rule["alert"]
            assert rule["labels"]["severity"] in {"warning", "critical"}
            assert rule["for"]
