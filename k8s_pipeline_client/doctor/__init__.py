"""Checks what pipelines need, before they fail because it is missing.

`gather`, `ask` and `probe` collect facts; `judge` turns them into findings, and is pure.
"""

from k8s_pipeline_client.doctor.ask import Service as Service
from k8s_pipeline_client.doctor.examine import examine as examine
from k8s_pipeline_client.doctor.finding import Examination as Examination
from k8s_pipeline_client.doctor.finding import Finding as Finding
from k8s_pipeline_client.doctor.finding import Level as Level
