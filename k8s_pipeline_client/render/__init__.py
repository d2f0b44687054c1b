"""From a pipeline and the settings to manifests. Pure: the same input gives the same bytes."""

from k8s_pipeline_client.render.plan import OneShotPlan, Plan, plan, plan_one_shot, planned, render

__all__ = ["OneShotPlan", "Plan", "plan", "plan_one_shot", "planned", "render"]
