"""Tells OpenMetadata how runs ended.

``payload`` (what is written) and ``decide`` (whether anything is) are pure: no I/O, no waiting, no clock.
"""
