"""The reference runner of the conformance scenarios. It needs pika, and jsonschema to judge what a worker writes."""
