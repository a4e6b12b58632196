"""The version of this package; the wire sends it as ``tasker-python/<version>``."""

__version__ = "0.1.0"
