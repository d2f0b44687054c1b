"""Deploys pipelines: reads the live objects, computes the steps as data, and executes them."""
