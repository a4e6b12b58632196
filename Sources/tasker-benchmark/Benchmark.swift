import ArgumentParser

/// Measures Tasker against the floor of its own AMQP layer (see benchmarks/README.md). Started by `make bench`.
@main
struct Benchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasker-benchmark", abstract: "Measures steps per second and latency against the AMQP floor.",
        subcommands: [Declare.self, Echo.self, Measure.self])
}
