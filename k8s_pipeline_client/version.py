"""This program's version; apart from the package's own names, which lead to all that there is."""

__version__ = "0.1.0"
