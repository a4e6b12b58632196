"""What `protocol/check` is made of. It needs jsonschema and PyYAML, and nothing of the project's own code."""
