"""The conformance worker of the Python SDK: ``python -m tasker_core.worker conformance.handlers``."""
