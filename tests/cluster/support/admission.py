"""ValidatingAdmissionPolicies: rules of a cluster, written in CEL, for one namespace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from tests.cluster.support.space import Space, until

_API = "admissionregistration.k8s.io/v1"
_PROBE = "probe"


@contextmanager
def policy(space: Space, *resources: str, expression: str, message: str) -> Iterator[str]:
    """Have what does not fulfil a CEL expression refused, on creation and on update; yield the policy's name.

    Args:
        space: Where.
        resources: Of which resources, by their plurals.
        expression: What must hold of ``object`` (and ``oldObject``, ``request``).
        message: What whoever is refused is told.
    """
    name = f"policy-of-{space.namespace}"
    rule = {"apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"]}
    listed = ", ".join(repr(resource) for resource in resources)
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {**rule, "apiGroups": ["", "batch"], "resources": [*resources]},
                {**rule, "apiGroups": [""], "resources": ["configmaps"], "resourceNames": [_PROBE]},
            ]
        },
        "validations": [
            {
                # That the probe is refused shows that the policy is in force.
                "expression": f"object.metadata.name != '{_PROBE}' && "
                f"(!(request.resource.resource in [{listed}]) || ({expression}))",
                "message": message,
            },
        ],
    }
    binding = {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.namespace}}},
    }
    items = [
        {"apiVersion": _API, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": spec},
        {"apiVersion": _API, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name}, "spec": binding},
    ]
    try:
        space.access.run("apply", "-f", "-", given=yaml.safe_dump_all(items))
        until(lambda: _is_refused(space, message), "the policy is in force")
        yield name
    finally:
        space.access.run("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", name)


def _is_refused(space: Space, message: str) -> bool:
    try:
        space.kubectl("create", "configmap", _PROBE, "--dry-run=server")
    except RuntimeError as error:
        return message in str(error)
    return False
