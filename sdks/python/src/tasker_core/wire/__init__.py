"""The wire protocol: names, strict JSON, reading ``step.execute`` and writing what a worker sends."""
