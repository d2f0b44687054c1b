"""`make faults`: bad ends of runs on a real cluster, and what the reporter makes of them at OpenMetadata."""
