import Testing

/// Everything together: real RabbitMQ, real processes, a real SQLite file. One test at a time: each has a machine's
/// worth of processes.
@Suite(.serialized, .enabled(if: BrokerNode.isAvailable, "needs RabbitMQ: run scripts/install-dependencies broker"))
struct EndToEnd {}
