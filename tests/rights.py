"""Writes what follows from the declared rights: the Role, and the tables of the page about them (`make rights`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent
from types import MappingProxyType
from typing import Any

from k8s_pipeline_client.cluster.access import (
    DOCUMENTED,
    NEEDED,
    Operation,
    Resource,
    Right,
    Rights,
    Verb,
    needed_by,
    rules,
)
from k8s_pipeline_client.cluster.port import Extra
from k8s_pipeline_client.doctor.gather import READ

ROOT = Path(__file__).parents[1]
ROLE = ROOT / "rbac/role.yaml"
REPORTER_ROLE = ROOT / "manifests/reporter/role.yaml"
CHART = ROOT / "manifests/chart/files"
DOCTOR = ROOT / "rbac/doctor.yaml"
EVERYWHERE = ROOT / "rbac/all-namespaces.yaml"
PAGE = ROOT / "docs/reference/rights.md"
GRANTED: Rights = DOCUMENTED | needed_by(Operation)

PURPOSES: Mapping[str, tuple[Operation, ...]] = MappingProxyType(
    {
        "reader": (
            Operation.LIST,
            Operation.LIST_FROM_SERVER,
            Operation.STATUS,
            Operation.EVENTS,
            Operation.RUNS,
            Operation.LOGS,
        ),
        "deployer": (Operation.DEPLOY, Operation.DIFF),
        "on-call": (
            Operation.LIST,
            Operation.STATUS,
            Operation.EVENTS,
            Operation.RUNS,
            Operation.LOGS,
            Operation.DIAGNOSE,
            Operation.RUN,
            Operation.WAIT,
            Operation.RETRY,
            Operation.KILL,
            Operation.ENABLE,
            Operation.DISABLE,
        ),
    }
)
"""Smaller Roles that the page shows: by name, what they are for."""

_HEAD = """\
# The verbs that OpenMetadata documents for its Kubernetes client without the operator; no `watch`, no
# `deletecollection`, nothing cluster-wide. Mind that `create` on Jobs is enough to read every Secret of the
# namespace (a Job can mount it), so give the pipelines a namespace of their own. Which command uses what, and
# smaller Roles: docs/reference/rights.md. Written by `make rights`.
"""


_WRITTEN = "# Written by `make rights`.\n"
_REPORTER_HEAD = """\
# What `k8s-pipeline reconcile` uses, and nothing else. Written by `make rights`.
"""


def role() -> str:
    """Return the Role of rbac/."""
    return _HEAD + _role("k8s-pipeline", GRANTED)


def reporter_role() -> str:
    """Return the Role of the reporter that runs by itself."""
    return _REPORTER_HEAD + _role("k8s-pipeline-reporter", needed_by([Operation.RECONCILE]), component="reporter")


def chart_rules() -> dict[Path, str]:
    """Return the rules of the Roles that the chart makes, by the files that it has them from."""
    granted = {"service": GRANTED, "reporter": needed_by([Operation.RECONCILE])}
    return {CHART / f"rules-{name}.yaml": f"{_WRITTEN}{_rules(rights)}" for name, rights in granted.items()}


_DOCTOR_HEAD = """\
# Optional: what `doctor` can look at besides what role.yaml grants; it only reads, and without it these checks are
# `unknown`. Not part of the kustomization: kubectl apply -n openmetadata-pipelines -f rbac/doctor.yaml
# The second part is cluster-wide, for nodes are: leave it out where you may not apply it. Written by `make rights`.
"""
_NAMESPACE = "openmetadata-pipelines"


def doctor() -> str:
    """Return the Roles of rbac/ that only `doctor` uses."""
    parts = [_doctor_role(namespaced) for namespaced in (True, False)]
    return _DOCTOR_HEAD + "---\n".join(parts)


_EVERYWHERE_HEAD = """\
# Optional: what `list -A`, `status -A` and `runs -A` need, which look at all namespaces; it only lists, and no Secrets
# (`tokens -A` would need them, and `list -A` to tell until when tokens are valid). Not part of the kustomization:
# kubectl apply -f rbac/all-namespaces.yaml, and bind it to whoever may see the pipelines of all namespaces. Written by
# `make rights`.
"""


def everywhere() -> str:
    """Return the ClusterRole of rbac/ for -A."""
    rights = needed_by([Operation.LIST])
    lines = [*_head("ClusterRole", "k8s-pipeline-all-namespaces"), "rules:"]
    return _EVERYWHERE_HEAD + "\n".join(lines) + "\n" + indent(_rules(rights), "  ")


def _doctor_role(namespaced: bool) -> str:
    kind = "Role" if namespaced else "ClusterRole"
    rules = [
        rule
        for resource, verbs in READ.items()
        if resource.namespaced is namespaced
        for rule in _doctor_rule(resource, verbs)
    ]
    head = _head(kind, "k8s-pipeline-doctor")
    reference = ["roleRef:", "  apiGroup: rbac.authorization.k8s.io", f"  kind: {kind}", "  name: k8s-pipeline-doctor"]
    subject = ["subjects:", "  - kind: ServiceAccount", "    name: k8s-pipeline", f"    namespace: {_NAMESPACE}"]
    binding = [*_head(f"{kind}Binding", "k8s-pipeline-doctor"), *reference, *subject]
    return "\n".join([*head, "rules:", *rules, "---", *binding]) + "\n"


def _doctor_rule(resource: Extra, verbs: tuple[str, ...]) -> list[str]:
    group = resource.group or '""'
    return [f"  - apiGroups: [{group}]", f"    resources: [{resource.plural}]", f"    verbs: {_flow(list(verbs))}"]


def _head(kind: str, name: str) -> list[str]:
    return [
        "apiVersion: rbac.authorization.k8s.io/v1",
        f"kind: {kind}",
        "metadata:",
        f"  name: {name}",
        "  labels:",
        "    app.kubernetes.io/name: k8s-pipeline",
    ]


def page(text: str) -> str:
    """Return a page with what stands between its marks written anew; each mark says what is to stand there."""
    parts = {"operations": _table(), "unused": _unused()} | {
        name: f"```yaml\n{_role(f'k8s-pipeline-{name}', needed_by(operations))}```"
        for name, operations in PURPOSES.items()
    }
    for name, part in parts.items():
        begin, end = f"<!-- {name}: written by make rights -->", f"<!-- end of {name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"{PAGE.name} has no place for {name}: put {begin} and {end} there")
        text = pattern.sub(f"{begin}\n{part}\n{end}".replace("\\", "\\\\"), text)
    return text


def _role(name: str, rights: Rights, component: str = "") -> str:
    named = [f"    app.kubernetes.io/component: {component}"] if component else []
    lines = [*_head("Role", name), *named, "rules:"]
    return "\n".join(lines) + "\n" + indent(_rules(rights), "  ")


def _rules(rights: Rights) -> str:
    lines = []
    for rule in rules(rights):
        group = rule["apiGroups"][0] or '""'
        lines += [f"- apiGroups: [{group}]", f"  resources: {_flow(rule['resources'])}"]
        lines.append(f"  verbs: {_flow(rule['verbs'])}")
    return "\n".join(lines) + "\n"


def _flow(values: list[Any]) -> str:
    return f"[{', '.join(values)}]"


def _table() -> str:
    rows = [("", *(f"`{resource}`" for resource in Resource)), ("---",) * (len(Resource) + 1)]
    for operation in Operation:
        cells = (_verbs(NEEDED[operation], resource) for resource in Resource)
        rows.append((f"`{operation}`", *cells))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _unused() -> str:
    left = GRANTED - needed_by(Operation)
    return "\n".join(f"- `{resource}`: {verbs}" for resource in Resource if (verbs := _verbs(left, resource)))


def _verbs(rights: Rights, resource: Resource) -> str:
    return ", ".join(verb for verb in Verb if Right(verb, resource) in rights)


if __name__ == "__main__":
    ROLE.write_text(role(), encoding="utf-8")
    REPORTER_ROLE.write_text(reporter_role(), encoding="utf-8")
    for path, text in chart_rules().items():
        path.write_text(text, encoding="utf-8")
    DOCTOR.write_text(doctor(), encoding="utf-8")
    EVERYWHERE.write_text(everywhere(), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
