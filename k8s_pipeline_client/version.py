"""The version; in a module of its own, since the package's ``__init__`` imports everything else."""

__version__ = "0.1.0"
