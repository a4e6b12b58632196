"""The worker: takes steps from RabbitMQ (or standard input) and runs handlers."""
