"""Deploys pipelines: what is live is observed, what is to be done follows from it as data, and is then carried out."""
