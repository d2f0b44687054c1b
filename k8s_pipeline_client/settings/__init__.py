"""How runs are made: one frozen object, every value checked, the documented names and defaults.

Names and meaning are those of ``pipelineServiceClientConfiguration.parameters`` of the OpenMetadata server; where
the server's code, its configuration file and its Helm chart differ, the Helm documentation's default is ours.
"""

from k8s_pipeline_client.settings.fields import (
    OWN_ENVIRONMENT,
    OWN_MOUNT_PATH,
    OWN_VOLUME,
    is_own_label,
    is_own_path,
)
from k8s_pipeline_client.settings.load import Loaded, load_settings
from k8s_pipeline_client.settings.models import (
    DO_NOT_DISRUPT,
    MIN_STARTING_DEADLINE_SECONDS,
    REPORTER_OUTAGE_SECONDS,
    Resources,
    Settings,
)
from k8s_pipeline_client.settings.overrides import Match, Override

__all__ = [
    "DO_NOT_DISRUPT",
    "MIN_STARTING_DEADLINE_SECONDS",
    "OWN_ENVIRONMENT",
    "OWN_MOUNT_PATH",
    "OWN_VOLUME",
    "REPORTER_OUTAGE_SECONDS",
    "Loaded",
    "Match",
    "Override",
    "Resources",
    "Settings",
    "is_own_label",
    "is_own_path",
    "load_settings",
]
