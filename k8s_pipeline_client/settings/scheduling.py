"""Where runs may be placed: tolerations, affinity and topology spread, as in Kubernetes.

Not everything that Kubernetes has: what is rare (``matchLabelKeys``, ``matchFields``) goes into `podTemplate`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from k8s_pipeline_client.settings.fields import WHOLE_NUMBER, DnsLabel, LabelKey, Labels, LabelValue, Model

Weight = Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER]
Int32 = Annotated[int, Field(ge=1, le=2**31 - 1), WHOLE_NUMBER]


class Toleration(Model):
    """A Kubernetes toleration."""

    key: LabelKey | None = None
    operator: Literal["Equal", "Exists"] | None = None
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: Annotated[int, Field(ge=-(2**63), le=2**63 - 1), WHOLE_NUMBER] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Toleration:
        if self.key is None and self.operator != "Exists":
            raise ValueError("without a key, operator must be Exists")
        if self.operator == "Exists" and self.value:
            raise ValueError("operator Exists takes no value")
        if self.toleration_seconds is not None and self.effect != "NoExecute":
            raise ValueError("tolerationSeconds goes with effect NoExecute")
        return self


class LabelRequirement(Model):
    """One of ``matchExpressions``."""

    key: LabelKey
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[LabelValue, ...] = ()

    @model_validator(mode="after")
    def _values_fit(self) -> LabelRequirement:
        if self.operator in ("In", "NotIn") and not self.values:
            raise ValueError(f"operator {self.operator} needs values")
        if self.operator in ("Exists", "DoesNotExist") and self.values:
            raise ValueError(f"operator {self.operator} takes no values")
        return self


class LabelSelector(Model):
    """Which pods are counted."""

    match_labels: Labels = Field(default_factory=dict)
    match_expressions: tuple[LabelRequirement, ...] = ()


class NodeRequirement(Model):
    """One of ``matchExpressions`` of a node."""

    key: LabelKey
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: tuple[LabelValue, ...] = ()

    @model_validator(mode="after")
    def _values_fit(self) -> NodeRequirement:
        if self.operator in ("Gt", "Lt"):
            if len(self.values) != 1 or not self.values[0].isdecimal():
                raise ValueError(f"operator {self.operator} needs one value, a number")
        elif self.operator in ("In", "NotIn") and not self.values:
            raise ValueError(f"operator {self.operator} needs values")
        elif self.operator in ("Exists", "DoesNotExist") and self.values:
            raise ValueError(f"operator {self.operator} takes no values")
        return self


class NodeSelectorTerm(Model):
    """Requirements of which all must be met."""

    match_expressions: tuple[NodeRequirement, ...] = Field(min_length=1)


class NodeSelector(Model):
    """Terms of which one must be met."""

    node_selector_terms: tuple[NodeSelectorTerm, ...] = Field(min_length=1)


class PreferredNode(Model):
    """A term that counts where there is a choice."""

    weight: Weight
    preference: NodeSelectorTerm


class NodeAffinity(Model):
    """Which nodes."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    preferred_during_scheduling_ignored_during_execution: tuple[PreferredNode, ...] = ()


class PodAffinityTerm(Model):
    """Near or far from which pods, and what near is."""

    topology_key: LabelKey
    label_selector: LabelSelector | None = None
    namespaces: tuple[DnsLabel, ...] = ()
    namespace_selector: LabelSelector | None = None


class WeightedPodAffinityTerm(Model):
    """A term that counts where there is a choice."""

    weight: Weight
    pod_affinity_term: PodAffinityTerm


class PodAffinity(Model):
    """Near which pods, or far from which."""

    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = ()
    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = ()


class Affinity(Model):
    """A Kubernetes affinity."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class TopologySpreadConstraint(Model):
    """How evenly runs are spread over zones or nodes."""

    max_skew: Int32
    topology_key: LabelKey
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    label_selector: LabelSelector | None = None
    min_domains: Int32 | None = None
    node_affinity_policy: Literal["Honor", "Ignore"] | None = None
    node_taints_policy: Literal["Honor", "Ignore"] | None = None

    @model_validator(mode="after")
    def _min_domains_fit(self) -> TopologySpreadConstraint:
        if self.min_domains is not None and self.when_unsatisfiable != "DoNotSchedule":
            raise ValueError("minDomains goes with whenUnsatisfiable DoNotSchedule")
        return self
