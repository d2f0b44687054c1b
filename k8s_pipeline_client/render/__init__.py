"""Renders manifests from a pipeline and the settings. Pure and deterministic."""

from k8s_pipeline_client.render.plan import OneShotPlan, Plan, plan, plan_one_shot, planned, render

__all__ = ["OneShotPlan", "Plan", "plan", "plan_one_shot", "planned", "render"]
